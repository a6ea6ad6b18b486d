"""``grucli trace`` from the outside: its file, its filters, its screen, its errors."""

import csv
import dataclasses
import importlib.util
import io
import json
import os
import pty
import subprocess
import sys

import numpy as np
import pytest
import torch
from rich.console import Console

import grucli as library
from grucli.cli.app import run
from grucli.cli.views.trace import render_trace
from grucli.errors import DataError, UsageError
from grucli.runs.opened import open_table
from grucli.runs.trace_file import write_trace_csv
from grucli.runs.tracing import record_rows, trace
from tests.conftest import RECIPE, grucli, write_wave


@pytest.fixture(scope="module")
def best(trained):
    return trained / "run" / "best.pt"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Trains small models of other kinds, each once; give settings, get a checkpoint."""
    place, made = tmp_path_factory.mktemp("kinds"), {}
    write_wave(place / "wave.csv")
    text = (place / "wave.csv").read_text().splitlines()
    twins = [text[0] + ",twin", *(f"{line},{i % 7 * 1.5}" for i, line in enumerate(text[1:]))]
    (place / "wave.csv").write_text("\n".join(twins) + "\n")
    (place / "wave.yaml").write_text(RECIPE)

    def make(*settings):
        if settings not in made:
            run_dir = place / f"run{len(made)}"
            library.train(place / "wave.yaml", ["train.epochs=1", *settings], run_dir=run_dir)
            made[settings] = run_dir / "best.pt"
        return made[settings]

    return make


@pytest.fixture
def command(capsys):
    """Run the command line in this process, which starts faster than one of its own."""

    def run_here(*arguments):
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, code, captured.out, captured.err)

    return run_here


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_every_value_is_written_by_time_layer_and_unit(best):
    done = grucli("trace", best)
    assert done.returncode == 0, done.stderr
    rows = rows_of(done.stdout)
    assert len(rows) == 14 * 2 * 8
    assert list(rows[0]) == (
        [
            "time",
            "layer",
            "direction",
            "unit",
            "r",
            "z",
            "n",
            "h",
            "xW_r",
            "xW_z",
            "xW_n",
            "hU_r",
            "hU_z",
            "hU_n",
            "a_r",
            "a_z",
            "a_n",
        ]
    )
    assert [rows[0]["time"], rows[-1]["time"]] == ["2024-05-26", "2024-06-08"]
    keys = [(row["time"], row["layer"], int(row["unit"])) for row in rows]
    assert keys == sorted(keys)
    for row in rows:
        assert 0 < float(row["r"]) < 1
        assert 0 < float(row["z"]) < 1
        assert -1 < float(row["n"]) < 1


def test_the_written_states_are_the_models_own_last_ones(command, best):
    rows = rows_of(command("trace", best).stdout)
    written = [float(row["h"]) for row in rows[-16:]]
    opened = open_table(best, None)
    (inputs,) = [record.inputs for record in record_rows(opened, 146, 160) if record.layer == 0]
    _, final = opened.model.recurrent(inputs.transpose(0, 1))
    np.testing.assert_allclose(written, final.detach().flatten(), rtol=0, atol=1e-6)


def test_each_row_follows_from_the_one_before(command, best):
    states = {}
    for row in rows_of(command("trace", best).stdout):
        place = row["layer"], row["unit"]
        h, z, n = (float(row[name]) for name in "hzn")
        assert h == pytest.approx(z * states.get(place, 0.0) + (1 - z) * n, abs=1e-6)
        states[place] = h


def test_a_csv_reads_back_to_the_same_float32(best):
    traced = trace(best)
    text = io.StringIO()
    write_trace_csv(traced, text)
    numbers = [[float(row[name]) for name in traced.names] for row in rows_of(text.getvalue())]
    read = np.array(numbers, np.float32).reshape(14, 2, 8, -1)
    for index, values in enumerate(traced.layers.values()):
        assert (read[:, index] == values[:, 0]).all()


def test_a_file_holds_what_a_pipe_gets(command, best, tmp_path):
    done = command("trace", best, "-o", tmp_path / "gates.csv")
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "gates.csv").read_text() == command("trace", best, "-o", "-").stdout


def test_filters_pick_rows_and_columns_of_the_whole(command, best):
    whole = rows_of(command("trace", best).stdout)
    options = [
        "--layer",
        "1",
        "--unit",
        "3",
        "--unit",
        "5",
        "--gate",
        "z",
        "--step",
        "-1",
        "--step",
        "0",
    ]
    some = rows_of(command("trace", best, *options).stdout)
    assert list(some[0]) == ["time", "layer", "direction", "unit", "z", "h", "xW_z", "hU_z", "a_z"]
    expected = [
        {name: row[name] for name in some[0]}
        for row in whole
        if row["layer"] == "1"
        and row["unit"] in "35"
        and row["time"] in ("2024-05-26", "2024-06-08")
    ]
    assert some == expected


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--unit", "8"], "0 to 7"),
        (["--layer", "2"], "expected one of 0, 1"),
        (["--layer", "0r"], "0r"),
        (["--gate", "forget"], "expected one of r, z, n"),
        (["--step", "14"], "0 to 13"),
        (["--rows", "20"], "task.normalise last"),
        (["--rows", "5"], "14 rows"),
        (["-o", "gates.xlsx"], "expected .csv or .parquet"),
    ],
)
def test_what_does_not_exist_is_a_usage_error(command, best, options, says):
    done = command("trace", best, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_all_wrong_choices_are_named_at_once(best):
    with pytest.raises(UsageError) as error:
        trace(best, units=[9], gates=["q"], steps=[99])
    assert len(error.value.problems) == 3


def test_parquet_needs_pyarrow_and_says_so(command, best, tmp_path):
    done = command("trace", best, "-o", tmp_path / "gates.parquet")
    if importlib.util.find_spec("pyarrow") is None:
        assert done.returncode == 2
        assert "pyarrow" in done.stderr
    else:
        import pandas as pd

        frame = pd.read_parquet(tmp_path / "gates.parquet")
        assert len(frame) == 14 * 2 * 8


def test_a_file_that_is_no_checkpoint_is_refused(command, trained):
    done = command("trace", trained / "wave.csv")
    assert done.returncode == 4
    assert done.stderr.startswith("error: ")


def test_a_table_that_is_too_short_is_refused(best, trained):
    lines = (trained / "wave.csv").read_text().splitlines()
    done = grucli("trace", best, "-", stdin="\n".join([lines[0], *lines[-13:]]) + "\n")
    assert done.returncode == 3
    assert "14" in done.stderr


def test_one_context_is_enough_and_then_there_is_no_gradient(best, trained):
    lines = (trained / "wave.csv").read_text().splitlines()
    short = "\n".join([lines[0], *lines[-14:]]) + "\n"
    done = grucli("trace", best, "-", "--json", stdin=short)
    report = json.loads(done.stdout, parse_constant=pytest.fail)
    assert report["windows"] == 0
    assert report["layers"][0]["gradient_by_lag"] is None
    whole = grucli("trace", best, "-", stdin="\n".join(lines) + "\n")
    assert grucli("trace", best, "-", stdin=short).stdout == whole.stdout


def test_json_is_one_strict_document_of_statistics(command, best):
    report = json.loads(command("trace", best, "--json").stdout, parse_constant=pytest.fail)
    assert (report["kind"], report["rows"]) == ("TraceReport", 14)
    for layer in report["layers"]:
        assert [gate["gate"] for gate in layer["gates"]] == ["reset", "update", "candidate"]
        assert len(layer["gradient_by_lag"]) == 14
        assert len(layer["time_constant_steps"]) == 8
        assert layer["largest_lyapunov_exponent"] < 0
    assert report["difference"] < 1e-5


def test_more_rows_than_a_context_can_be_read_when_windows_are_not_normalised(runs):
    checkpoint = runs("task.normalise=none")
    traced = trace(checkpoint, rows=100)
    assert (len(traced.times), traced.report.rows) == (100, 100)
    with pytest.raises(DataError, match="160 rows; expected at least the 161"):
        trace(checkpoint, rows=161)


KINDS = [
    ("model.cell=lstm", "model.layer_norm=none"),
    ("model.cell=lstm", "model.layer_norm=ba2016"),
    ("model.cell=lstm", "model.layer_norm=split_state", "model.eps=0.001"),
    ("model.layer_norm=sum", "model.norm_bias=true"),
    ("model.cell=rnn",),
    ("model.cell=rnn", "model.activation=relu"),
    ("model.layer_norm=sum_joint", "model.bidirectional=true"),
    ("model.decoder=recursive", "train.tbptt_steps=5"),
    ("data.target=[level, twin]", "model.channels=independent"),
    ("data.past=[twin]", "data.missing=mask", "train.loss=huber"),
]


@pytest.mark.parametrize("settings", KINDS, ids=" ".join)
def test_every_kind_of_model_can_be_traced(runs, settings):
    traced = trace(runs(*settings))
    text = io.StringIO()
    write_trace_csv(traced, text)
    rows = rows_of(text.getvalue())
    both = 2 if "model.bidirectional=true" in settings else 1
    samples = 2 if "model.channels=independent" in settings else 1
    assert len(rows) == 14 * 2 * both * samples * 8
    assert len({tuple(row.items()) for row in rows}) == len(rows)
    assert {row.get("column") for row in rows} == ({"level", "twin"} if samples == 2 else {None})
    assert all(np.isfinite(float(row["h"])) for row in rows)
    for layer in traced.report.layers:
        assert layer.gradient_by_lag[0] > 0 or layer.layer == 0
        assert layer.largest_lyapunov_exponent is not None


def test_segments_are_traced_a_segment_at_a_step(runs):
    traced = trace(runs("model.decoder=segment", "model.segment=4", "model.skip=linear"))
    assert traced.times == ("2024-05-27", "2024-05-31", "2024-06-04", "2024-06-08")
    assert (traced.report.rows, traced.report.rows_per_step) == (14, 4)
    for layer in traced.report.layers:
        assert len(layer.gradient_by_lag) == 4
        assert layer.gradient_by_lag[0] > 0
    console = Console(width=80, file=io.StringIO())
    console.print(render_trace(traced.report, 80))
    assert ", 4 rows a step" in " ".join(console.file.getvalue().split())


def test_a_relu_has_zeros_and_no_right_end(runs):
    report = trace(runs("model.cell=rnn", "model.activation=relu")).report
    (gate,) = report.layers[0].gates
    assert (gate.activation, gate.right_saturated_share, gate.always_right_saturated) == (
        "relu",
        0.0,
        (),
    )
    assert 0 < gate.left_saturated_share < 1
    console = Console(width=80, file=io.StringIO())
    console.print(render_trace(report, 80))
    assert "of a relu left sat. is the share of zeros" in " ".join(console.file.getvalue().split())


def on_a_terminal(*arguments, columns=80):
    """Run the command line with a terminal of this width as its standard output."""
    leader, follower = pty.openpty()
    env = os.environ | {"COLUMNS": str(columns), "TERM": "dumb", "NO_COLOR": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "grucli", *map(str, arguments)], stdout=follower, env=env
    )
    os.close(follower)
    chunks = []
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:  # Linux says so that the other end is closed
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(leader)
    assert process.wait(timeout=60) == 0
    return b"".join(chunks).decode().replace("\r\n", "\n")


def test_one_unit_alone_gets_its_page_on_a_terminal(best):
    page = on_a_terminal("trace", best, "--unit", "5")
    assert page.startswith("unit 5 of 8 · layer 1")
    assert "is read by" in page


def test_a_terminal_gets_a_summary_instead_of_the_flood(best):
    shown = on_a_terminal("trace", best, "--no-color")
    for words in (
        "r reset",
        "z update",
        "Time constant",
        "Gradient of the loss",
        "Lyapunov",
        "sat.",
    ):
        assert words in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert len(shown.splitlines()) < 60


@pytest.mark.parametrize(
    ("exponent", "halves", "words"),
    [
        (
            -0.019987,
            (-0.0123, -0.0277),
            "Largest Lyapunov exponent -0.020 a step over the last 78 steps (-0.012 and -0.028 in "
            "its halves): a small difference in the state shrinks to 1/e in 50 steps.",
        ),
        (0.0007891, (0.0007, 0.0009), "grows e-fold in 1,300 steps."),
        (-0.02, (0.0034, -0.0434), "too few steps to say whether small differences grow"),
        (-0.02, (), "-0.020 a step over the last 78 steps: a small difference"),
    ],
)
def test_an_exponent_is_told_with_the_digits_that_its_steps_support(best, exponent, halves, words):
    report = trace(best).report
    layer = dataclasses.replace(
        report.layers[0],
        largest_lyapunov_exponent=exponent,
        lyapunov_steps=78,
        lyapunov_halves=halves,
    )
    console = Console(width=80, file=io.StringIO())
    console.print(render_trace(dataclasses.replace(report, layers=(layer,)), 80))
    assert words in " ".join(console.file.getvalue().split())


def test_a_terminal_gets_the_flood_when_it_asks(best):
    shown = on_a_terminal("trace", best, "-o", "-", "--unit", "0")
    assert shown.startswith("time,layer,direction,unit,")


def test_a_trace_is_the_same_whatever_ran_before(best):
    first = trace(best)
    torch.rand(3)
    assert trace(best).report == first.report
