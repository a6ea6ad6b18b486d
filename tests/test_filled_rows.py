"""What was filled is said where a checkpoint is used; nothing is forecast from it alone."""

import json

import numpy as np
import pytest

from grucli import evaluate, predict, train
from grucli.errors import DataError
from grucli.runs.explaining import explain
from grucli.runs.tracing import trace
from tests.conftest import grucli

CONTEXT = 14


@pytest.fixture
def linear(folder):
    """A run that fills gaps by lines."""
    train(folder / "wave.yaml", ["train.epochs=1", "data.missing=linear"], run_dir=folder / "run")
    return folder


def with_gap(folder, rows):
    """A table like wave.csv whose last rows have no level; its path."""
    lines = (folder / "wave.csv").read_text().splitlines()
    emptied = [line.split(",")[0] + "," for line in lines[len(lines) - rows :]]
    path = folder / "gap.csv"
    path.write_text("\n".join([*lines[: len(lines) - rows], *emptied]) + "\n")
    return path


@pytest.mark.parametrize("verb", ["predict", "eval"])
def test_what_was_filled_is_said_with_the_newest_measured_time(linear, verb):
    table = with_gap(linear, 5)
    done = grucli(verb, linear / "run" / "best.pt", table, "--json")
    said = ["5 missing values filled (linear)"]
    said += ["'level': newest measured value at 2024-06-03, 5 rows before the last"]
    assert done.returncode == 0
    assert json.loads(done.stdout)["notes"] == said
    assert [line for line in done.stderr.splitlines() if line.startswith("note: ")] == [
        f"note: {sentence}" for sentence in said
    ]


@pytest.mark.parametrize("verb", ["predict", "eval"])
def test_quiet_leaves_the_notes_to_the_document(linear, verb):
    done = grucli(verb, linear / "run" / "best.pt", with_gap(linear, 5), "--json", "--quiet")
    assert done.stderr == ""
    assert len(json.loads(done.stdout)["notes"]) == 2


def test_a_whole_table_has_no_notes(linear):
    assert predict(linear / "run" / "best.pt").notes == ()
    assert evaluate(linear / "run" / "best.pt").notes == ()


def test_a_context_without_a_measured_value_is_not_forecast_from(linear):
    done = grucli("predict", linear / "run" / "best.pt", with_gap(linear, 30))
    assert done.returncode == 3
    assert done.stdout == ""
    assert (
        "column 'level': no measured value in the newest context (14 rows, 2024-05-26 to "
        "2024-06-08), the newest is at 2024-05-09; expected at least one; bring newer rows"
    ) in done.stderr


@pytest.mark.parametrize(("gap", "is_refused"), [(CONTEXT - 1, False), (CONTEXT, True)])
def test_one_measured_value_in_the_context_is_enough(linear, gap, is_refused):
    table = str(with_gap(linear, gap))
    if is_refused:
        with pytest.raises(DataError, match="no measured value in the newest context"):
            predict(linear / "run" / "best.pt", table)
    else:
        assert len(predict(linear / "run" / "best.pt", table).timestamps) == 3


@pytest.mark.parametrize("look", [trace, lambda *files: explain(*files, at="2024-06-08")])
def test_a_context_without_a_measured_value_is_not_looked_into(linear, look):
    with pytest.raises(DataError, match=r"'level': no measured value in the newest context"):
        look(linear / "run" / "best.pt", str(with_gap(linear, CONTEXT)))
    look(linear / "run" / "best.pt", str(with_gap(linear, CONTEXT - 1)))


def test_of_many_series_those_without_a_measured_context_are_left_out(folder):
    lines = ["day,store,level"]
    for store in ("a", "b"):
        for step in range(120):
            level = "" if store == "b" and step >= 100 else f"{np.sin(step / 3) + step % 5:.3f}"
            lines.append(f"{np.datetime64('2024-01-01') + step},{store},{level}")
    (folder / "wave.csv").write_text("\n".join(lines) + "\n")
    settings = ["train.epochs=1", "data.series=store", "data.missing=forward"]
    finished = train(folder / "wave.yaml", settings, run_dir=folder / "run")
    forecast = predict(finished.best_path)
    assert set(forecast.ids["store"]) == {"a"}
    assert forecast.notes[-1] == (
        "1 of 2 series have a column without a measured value in the newest context and were left "
        "out"
    )
    assert "b: 'level': newest measured value at 2024-04-09, 20 rows before the last" in (
        forecast.notes
    )
