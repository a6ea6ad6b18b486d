"""Rows that are not what was forecast of them: scores, p-values, and rows without either."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from grucli import Predictor, train
from grucli.checkpoint import load_checkpoint, save_checkpoint
from grucli.errors import UsageError
from grucli.runs.opened import open_checkpoint, with_table
from tests.conftest import has_digits_of_float32, verb

CONTEXT = 14


@pytest.fixture(scope="module")
def predictor(trained):
    """A model of a weekly wave of height 1 whose noise is .1."""
    return Predictor(trained / "run")


def rows_of(trained):
    return (trained / "wave.csv").read_text().splitlines()


def changed(trained, change):
    """The table with the levels put through a function of (row, level)."""
    header, *rows = rows_of(trained)
    cells = [row.split(",") for row in rows]
    levels = [change(place, float(level)) for place, (_, level) in enumerate(cells)]
    lines = [f"{day},{level}" for (day, _), level in zip(cells, levels, strict=True)]
    return "\n".join([header, *lines]).encode() + b"\n"


def by_hand(trained):
    """Expected values and errors in scaled units, a window at a time."""
    opened = with_table(open_checkpoint(trained / "run"))
    values, model, scaler = opened.panel.values, opened.model.eval(), opened.learned.scaler
    scaled = torch.from_numpy(scaler.scale(values)).float()
    said = []
    for row in range(CONTEXT, len(values)):
        with torch.no_grad():
            said.append(float(model(scaled[None, row - CONTEXT : row])[0, 0, 0]))
    return np.array(said), scaled[CONTEXT:, 0].double().numpy() - said, scaler


def test_scores_are_errors_one_step_ahead_over_the_usual_error_of_validation(trained, predictor):
    said, errors, scaler = by_hand(trained)
    found = predictor.anomalies()
    expected = np.array(found.expected["level"][CONTEXT:], float)
    np.testing.assert_allclose(expected, scaler.unscale(said[:, None])[:, 0], rtol=1e-5)
    # the validation span holds rows 96 to 127; the windows of three steps begin at 96 to 125
    valid = np.sort(np.abs(errors[96 - CONTEXT : 126 - CONTEXT]))
    usual = valid[int(np.ceil(31 * 0.685)) - 1]
    scores = np.array(found.scores["level"][CONTEXT:], float)
    np.testing.assert_allclose(scores, errors / usual, rtol=1e-3, atol=1e-4)
    chances = np.array(found.p_values["level"][CONTEXT:], float)
    as_large = np.array([(valid >= abs(error) * (1 - 1e-6)).sum() for error in errors])
    np.testing.assert_allclose(chances, (as_large + 1) / 31, atol=0.036)
    assert (chances >= (as_large + 1) / 31 - 1e-9).all()


def test_a_row_without_a_context_before_it_has_no_score(predictor):
    found = predictor.anomalies()
    assert found.scores["level"][:CONTEXT] == (None,) * CONTEXT
    assert found.p_values["level"][:CONTEXT] == found.expected["level"][:CONTEXT]
    assert None not in found.scores["level"][CONTEXT:]
    assert len(found.timestamps) == len(found.values["level"]) == 160


def test_a_spike_is_the_oddest_row_and_has_the_least_p_value(trained, predictor):
    table = changed(trained, lambda row, level: level - 4 * (row == 140))
    found = predictor.anomalies(table)
    scores = np.array(found.scores["level"][CONTEXT:], float)
    assert np.argmin(scores) == 140 - CONTEXT
    assert scores.min() < -10
    assert found.p_values["level"][140] == pytest.approx(0.035)
    assert found.scores["level"][139] == pytest.approx(predictor.anomalies().scores["level"][139])


def test_a_level_that_shifts_is_odd_where_it_shifts_and_soon_usual_again(trained, predictor):
    table = changed(trained, lambda row, level: level + 6 * (row >= 130))
    scores = np.array(predictor.anomalies(table).scores["level"], float)
    assert np.nanargmax(np.abs(scores)) == 130
    assert np.abs(scores[146:]).mean() < np.abs(scores[130]) / 8


def test_empty_and_absent_rows_have_an_expected_value_and_no_score(trained, tmp_path):
    settings = ["data.missing=linear", "train.epochs=1"]
    run = train(trained / "wave.yaml", settings, run_dir=tmp_path / "run").best_path
    header, *rows = rows_of(trained)
    rows[50] = rows[50].partition(",")[0] + ","
    del rows[60]
    found = Predictor(run).anomalies("\n".join([header, *rows]).encode() + b"\n")
    assert len(found.timestamps) == 160
    for row in (50, 60):
        assert (found.values["level"][row], found.scores["level"][row]) == (None, None)
        assert found.p_values["level"][row] is None
        assert found.expected["level"][row] is not None
    assert None not in found.scores["level"][61:]


# --- the verb --------------------------------------------------------------------------------
def test_every_row_is_written_beside_what_was_expected(trained, capsys):
    done = verb(capsys, "predict", trained / "run", "--anomaly")
    header, *rows = csv.reader(io.StringIO(done.out))
    assert header == ["day", "level", "level-expected", "level-score", "level-p-value"]
    assert [",".join(row[:2]) for row in rows] == [
        f"{day},{float(level)!r}" for day, level in (row.split(",") for row in rows_of(trained)[1:])
    ]
    assert rows[0][2:] == ["", "", ""]
    assert all(has_digits_of_float32(text) for row in rows for text in row[2:4] if text)
    assert (
        "of 146 scored rows with the least p-value that the validation span can tell, 0.035"
        in done.err
    )
    told = json.loads(verb(capsys, "predict", trained / "run", "--anomaly", "--json").out)
    assert (told["kind"], told["scores"]["level"][0]) == ("Anomalies", None)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--horizon", "3"], "--anomaly: looks at the rows of DATA and at none beyond them"),
        (["--level", "80"], "leave out --horizon, --level"),
        (["--stream"], "--stream: goes from standard input"),
        (["--shard", "1/2", "-o", "out/"], "without --plot, --anomaly and"),
    ],
)
def test_what_looks_beyond_the_table_is_refused(trained, capsys, options, what):
    done = verb(capsys, "predict", trained / "run", "--anomaly", *options)
    assert (done.code, what in done.err) == (2, True)


def test_a_checkpoint_without_errors_of_the_first_step_says_so(trained, tmp_path):
    saved = load_checkpoint(trained / "run/best.pt")
    older = {"errors": saved.calibration["errors"]}
    save_checkpoint(replace(saved, calibration=older), tmp_path / "best.pt")
    with pytest.raises(UsageError, match="--anomaly: the checkpoint keeps no errors of the first"):
        Predictor(tmp_path / "best.pt").anomalies()
