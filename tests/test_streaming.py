"""Row by row: the same numbers as whole sequences, at once, and strict about what arrives."""

import csv
import io
import subprocess
import sys

import numpy as np
import pytest
import torch

from grucli import train
from grucli.data import parse_table
from grucli.nn import Forecaster
from grucli.runs.streaming import Stream
from tests.conftest import RECIPE, grucli, write_wave

VARIANTS = [
    {"cell": "gru", "layer_norm": "split"},
    {"cell": "gru", "layer_norm": "sum", "decoder": "recursive"},
    {"cell": "rnn"},
    {"cell": "lstm", "layers": 2},
    {"cell": "gru", "target_size": 3, "channels": "independent"},
    {"cell": "gru", "past_size": 2, "flag_size": 3},
]


@pytest.mark.parametrize("settings", VARIANTS)
def test_steps_equal_forward_over_all_rows_so_far(settings):
    torch.manual_seed(0)
    model = Forecaster(hidden=9, horizon=4, **settings).double().eval()
    rows = torch.randn(2, 12, model.input_size, dtype=torch.float64)
    state = None
    for step in range(12):
        forecast, state = model.step(rows[:, step], state)
        assert torch.allclose(forecast, model(rows[:, : step + 1]), atol=1e-12)


def test_window_normalisation_cannot_go_step_by_step():
    with pytest.raises(ValueError, match="needs whole windows"):
        Forecaster(normalise="last").step(torch.zeros(1, 1))


@pytest.fixture(scope="module")
def streaming(tmp_path_factory):
    """A run whose model carries its state on."""
    place = tmp_path_factory.mktemp("streaming")
    write_wave(place / "wave.csv")
    recipe = RECIPE.replace("normalise: last", "normalise: none")
    (place / "wave.yaml").write_text(
        recipe.replace("target: level", "target: level\n  missing: mask")
    )
    train(place / "wave.yaml", ["train.epochs=1"], run_dir=place / "run")
    return place


def test_every_row_is_answered_before_the_next_one_comes(streaming):
    lines = (streaming / "wave.csv").read_text().splitlines(keepends=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "grucli", "predict", streaming / "run" / "best.pt", "--stream"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    process.stdin.write(lines[0])
    process.stdin.flush()
    assert process.stdout.readline() == "day,level+1,level+2,level+3\n"
    for line in lines[1:6]:
        process.stdin.write(line)
        process.stdin.flush()
        assert process.stdout.readline().startswith(line.split(",")[0] + ",")
    _, _ = process.communicate()
    assert process.returncode == 0


def test_the_answers_are_those_of_the_whole_sequence(streaming):
    table = (streaming / "wave.csv").read_text()
    done = grucli("predict", streaming / "run" / "best.pt", "--stream", stdin=table)
    rows = list(csv.reader(io.StringIO(done.stdout)))[1:]
    assert len(rows) == 160
    stream = Stream(streaming / "run" / "best.pt")
    levels = parse_table(table.encode(), source="wave", time="day", columns=["level"]).values
    inputs = np.concatenate([stream.scaler.scale(levels), np.ones_like(levels)], axis=1)
    with torch.inference_mode():
        whole = stream.model(torch.from_numpy(inputs[None].astype(np.float32)))
    expected = stream.scaler.unscale(whole[0].double()).flatten()
    assert [float(cell) for cell in rows[-1][1:]] == pytest.approx(expected.tolist(), rel=1e-6)


FAULTS = [
    ("2024-01-01,10\n2024-01-03,11\n", "expected 2024-01-02"),
    ("2024-01-01,10\n2024-01-02,ten\n", "'ten' is not a number"),
    ("2024-01-01,\n", "value missing"),
    ("2024-01-01,10,3\n", "3 cells; expected 2"),
]


@pytest.mark.parametrize(("rows", "says"), FAULTS)
def test_a_wrong_row_ends_the_stream_with_its_line(streaming, rows, says):
    done = grucli("predict", streaming / "run" / "best.pt", "--stream", stdin="day,level\n" + rows)
    assert done.returncode == 3
    assert done.stderr.startswith("error: -:")
    assert says in done.stderr


def test_a_model_that_needs_whole_windows_is_refused(trained):
    done = grucli("predict", trained / "run" / "best.pt", "--stream", stdin="day,level\n")
    assert done.returncode == 2
    assert "task.normalise: none" in done.stderr
