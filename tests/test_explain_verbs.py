"""``grucli explain`` from the outside: which step it takes, what it draws, its errors."""

import csv
import io
import json
import os
import re
from dataclasses import replace

import pytest
from rich.console import Console

from grucli.cli.views.explain import render_explanation
from grucli.runs.explaining import explain
from grucli.runs.tracing import trace
from tests import test_trace_verbs
from tests.conftest import grucli

best, command, runs = (getattr(test_trace_verbs, name) for name in ("best", "command", "runs"))


def drawn(explanation, width=80, encoding="utf-8"):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    Console(width=width, file=stream, legacy_windows=False).print(
        render_explanation(explanation, width)
    )
    stream.seek(0)
    return stream.read()


def values_of(explanation):
    return {line.symbol: line.value for step in explanation.board for line in step.equations}


@pytest.mark.parametrize("layer", ["0", "1"])
def test_a_step_has_the_numbers_that_trace_writes(command, best, layer):
    told = explain(best, at="2024-06-03", layer=layer, unit=5)
    done = command("trace", best, "--layer", layer, "--unit", "5")
    (row,) = [r for r in csv.DictReader(io.StringIO(done.stdout)) if r["time"] == "2024-06-03"]
    found = values_of(told)
    for name in ("r", "z", "n", "xW_r", "hU_n", "a_z", "a_n"):
        assert found[name] == pytest.approx(float(row[name]), abs=2e-6)
    assert told.value == pytest.approx(float(row["h"]), abs=2e-6)
    assert (told.step, told.steps, told.last) == (9, 14, "2024-06-08")


@pytest.mark.parametrize(
    ("at", "step", "rows"),
    [
        ("2024-06-08", 4, ["2024-06-05", "2024-06-06", "2024-06-07", "2024-06-08"]),
        ("2024-06-01", 3, ["2024-06-01", "2024-06-02", "2024-06-03", "2024-06-04"]),
        ("2024-05-26", 1, ["2024-05-26", "2024-05-27"]),
    ],
)
def test_a_segment_is_explained_with_all_the_rows_that_it_reads(runs, at, step, rows):
    checkpoint = runs("model.decoder=segment", "model.segment=4")
    told = explain(checkpoint, at=at, unit=5)
    assert (told.step, told.steps, told.rows_per_step) == (step, 4, 4)
    assert [value.column for value in told.inputs] == [f"level {day}" for day in rows]
    newest = explain(checkpoint, at="2024-06-08").inputs[-1]
    for value in told.inputs:
        assert value.normalised == pytest.approx(value.scaled - newest.scaled, abs=1e-5)
    product = next(
        line for step in told.board for line in step.equations if line.symbol.startswith("xW")
    )
    assert {term.name for term in product.terms} == {f"segment{unit}" for unit in range(8)}
    assert told.value == pytest.approx(told.own_value, abs=1e-5)


def test_a_time_before_the_newest_context_is_the_last_step_of_its_own(best):
    told = explain(best, at="2024-03-10")
    assert (told.step, told.last) == (14, "2024-03-10")


def test_a_time_without_enough_history_is_a_step_of_the_first_context(best):
    told = explain(best, at="2024-01-03")
    assert (told.step, told.last) == (3, "2024-01-14")


def test_without_a_unit_the_one_that_changed_most_is_shown(best):
    told = explain(best, at="2024-06-03")
    others = [explain(best, at="2024-06-03", unit=unit) for unit in range(told.units)]
    assert abs(told.change) == pytest.approx(max(abs(other.change) for other in others))


KINDS = [
    ("model.layer_norm=none",),
    ("model.layer_norm=ba2016",),
    ("model.layer_norm=sum",),
    ("model.layer_norm=sum_joint", "model.bidirectional=true"),
    ("model.cell=rnn",),
    ("model.cell=rnn", "model.activation=relu"),
    ("model.cell=lstm", "model.layer_norm=none"),
    ("model.cell=lstm", "model.layer_norm=ba2016"),
    ("model.cell=lstm", "model.layer_norm=split_state", "model.eps=0.001"),
    ("model.layer_norm=sum", "model.norm_bias=true"),
    ("data.target=[level, twin]", "model.channels=independent"),
    ("data.past=[twin]", "data.missing=mask"),
]


@pytest.mark.parametrize("settings", KINDS, ids=" ".join)
@pytest.mark.parametrize("width", [60, 80, 120])
def test_every_variant_is_drawn_within_the_width_and_agrees_with_the_model(
    runs,
    settings,
    width,
):
    told = explain(runs(*settings), at="2024-06-03")
    assert told.value == pytest.approx(told.own_value, abs=1e-5)
    shown = drawn(told, width)
    assert max(map(len, shown.splitlines())) <= width
    assert "agree" in " ".join(shown.split())
    for step in told.board:
        for line in step.equations:
            assert re.search(rf"^  {re.escape(line.symbol)} +=", shown, re.MULTILINE)


def test_a_result_that_differs_from_the_model_is_called_so(best):
    told = explain(best, at="2024-06-03")
    assert "DIFFER" in drawn(replace(told, own_value=told.value + 0.01))


def test_a_screen_without_unicode_gets_ascii(best):
    drawn(explain(best, at="2024-06-03"), encoding="ascii").encode("ascii")


def test_inputs_are_shown_as_in_the_table_scaled_and_in_their_window(best, trained):
    told = explain(best, at="2024-06-03")
    (value,) = told.inputs
    lines = (trained / "wave.csv").read_text().splitlines()
    (cell,) = [line.split(",")[1] for line in lines if line.startswith("2024-06-03")]
    (newest,) = explain(best, at="2024-06-08").inputs
    assert value.original == float(cell)
    assert value.normalised == pytest.approx(value.scaled - newest.scaled, abs=1e-6)


def test_flags_and_past_columns_are_named(runs):
    told = explain(runs("data.past=[twin]", "data.missing=mask"), at="2024-06-03")
    names = [value.column for value in told.inputs]
    assert names == ["level", "twin", "level measured", "twin measured"]
    assert [value.normalised for value in told.inputs[2:]] == [1.0, 1.0]
    assert {term.name for term in told.board[1].equations[0].terms} == set(names)


def test_a_column_of_its_own_is_picked_by_name(runs):
    checkpoint = runs("data.target=[level, twin]", "model.channels=independent")
    told = explain(checkpoint, at="2024-06-03", column="twin", unit=1)
    traced = trace(checkpoint, units=[1], layers=["0"])
    step = traced.times.index("2024-06-03")
    written = traced.layers[0, "forward"][step, 1, 0, traced.names.index("h")]
    assert told.value == pytest.approx(float(written), abs=1e-6)
    assert told.sample == "twin"


def test_an_unfilled_gap_does_not_look_ahead(runs, tmp_path):
    checkpoint = runs("data.missing=linear")
    lines = (checkpoint.parent.parent / "wave.csv").read_text().splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("2024-03-10"))
    lines[place] = "2024-03-10,,0"
    told = []
    for after in ("0.0", "50.0"):
        lines[place + 1] = f"2024-03-11,{after},0"
        (tmp_path / "gap.csv").write_text("\n".join(lines) + "\n")
        told.append(explain(checkpoint, str(tmp_path / "gap.csv"), at="2024-03-10", unit=0))
    assert told[0].value == told[1].value


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--at", "2024-06-09"], 3, "nearest: 2024-06-08;"),
        (["--at", "2023-01-01"], 3, "nearest: 2024-01-01;"),
        (["--at", "2024-06-03 12:00"], 3, "nearest: 2024-06-03 and 2024-06-04;"),
        (["--at", "yesterday"], 3, "expected YYYY-MM-DD"),
        (["--at", "17"], 3, "expected YYYY-MM-DD"),
        (["--at", "2024-06-03", "--unit", "8"], 2, "0 to 7"),
        (["--at", "2024-06-03", "--layer", "5"], 2, "expected one of 0, 1"),
        (["--at", "2024-06-03", "--column", "x"], 2, "all go together"),
        ([], 2, "--at"),
    ],
)
def test_mistakes_have_their_code_and_say_what_there_is(command, best, arguments, code, says):
    done = command("explain", best, *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert done.stderr.startswith("error: ")


def test_a_file_that_is_no_checkpoint_is_refused(command, trained):
    assert command("explain", trained / "wave.csv", "--at", "2024-06-03").returncode == 4


def test_json_holds_every_equation(command, best):
    done = command("explain", best, "--at", "2024-06-03", "--json")
    told = json.loads(done.stdout, parse_constant=pytest.fail)
    assert told["kind"] == "Explanation"
    assert told["board"][-1]["equations"][-1]["formula"] == "z * h + (1 - z) * n"


def test_eighty_columns_are_kept_by_the_command_too(best):
    done = grucli("explain", best, "--at", "2024-06-03", env=os.environ | {"COLUMNS": "80"})
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
