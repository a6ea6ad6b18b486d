"""What docs/architecture.md says about where to add what: done, in a copy of the package."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import grucli

PACKAGE = Path(grucli.__file__).parent
PAGE = Path(__file__).parents[1] / "docs" / "architecture.md"
MOST_FILES = 3

RECIPE = """
name: wave
data: {path: wave.csv, time: step, target: value}
task: {kind: forecast, context: 8, horizon: 2}
model: {hidden: 6}
train: {epochs: 2, batch_size: 32}
"""

# An editable installation finds the package by itself, before any path: that finder is taken away.
FIRST = """
import sys
sys.meta_path[:] = [f for f in sys.meta_path if type(f).__module__ != "_editable_skbc_grucli"]
sys.path.insert(0, "copy")
import grucli
assert "/copy/grucli/" in grucli.__file__, grucli.__file__
"""


class Copy:
    """A copy of the package, and which of its files were changed."""

    def __init__(self, folder):
        self.folder = folder
        self.touched = set()
        shutil.copytree(
            PACKAGE, folder / "copy" / "grucli", ignore=shutil.ignore_patterns("__pycache__")
        )

    def write(self, file, text):
        """Write a new file."""
        path = self.folder / "copy" / "grucli" / file
        assert not path.exists()
        path.write_text(text, encoding="utf-8")
        self.touched.add(file)

    def change(self, file, old, new):
        """Replace a text that stands there once."""
        path = self.folder / "copy" / "grucli" / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, (file, old)
        path.write_text(text.replace(old, new), encoding="utf-8")
        self.touched.add(file)

    def run(self, code):
        """What a program that has the copy for its grucli prints."""
        ran = subprocess.run(
            [sys.executable, "-c", FIRST + code],
            cwd=self.folder,
            env={**os.environ, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def verb(self, *arguments):
        """What a command of the copy prints."""
        return self.run(f"from grucli.cli.app import run\nsys.exit(run({list(arguments)}))")

    def check_page(self, what):
        """The changed files are those that the page names for this, and not too many."""
        (row,) = re.findall(rf"^\| {re.escape(what)} \|(.*)\|(.*)\|$", PAGE.read_text(), re.M)
        said = {name.replace("NAME", "mgu") for name in re.findall(r"`([^`]+\.py)", " ".join(row))}
        assert self.touched <= said
        assert len(self.touched) <= MOST_FILES


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("additions")
    rows = "".join(f"{step},{(step * 37 % 24) / 7}\n" for step in range(160))
    (folder / "wave.csv").write_text("step,value\n" + rows)
    (folder / "wave.yaml").write_text(RECIPE)
    return folder


@pytest.fixture
def copy(pristine, tmp_path):
    for name in ("wave.csv", "wave.yaml"):
        shutil.copy(pristine / name, tmp_path / name)
    return Copy(tmp_path)


def test_a_metric_is_added(copy):
    copy.change(
        "results/scores.py",
        "    scaled_mse: float = row(",
        '    bias: float = row(Metric("mean error"))\n    scaled_mse: float = row(',
    )
    copy.change(
        "tasks/forecast/sums.py",
        "        parts = {\n",
        '        parts = {\n            "error": error,\n',
    )
    copy.change("tasks/forecast/sums.py", '    *("own_squared",', '    *("error", "own_squared",')
    copy.change(
        "tasks/forecast/metrics.py",
        "METRICS: dict",
        'def bias(errors: Errors) -> float:\n    """Mean of f - y."""\n'
        '    return errors.total("error") / errors.count\n\n\nMETRICS: dict',
    )
    copy.change("tasks/forecast/metrics.py", "in (mse, rmse, mae,", "in (mse, bias, rmse, mae,")
    copy.verb("train", "wave.yaml", "--run-dir", "run", "--quiet")
    scores = json.loads(copy.verb("eval", "run/best.pt", "--json"))
    model = scores["model"]
    assert 0 < abs(model["bias"]) <= model["mae"]
    assert "mean error" in copy.verb("eval", "run/best.pt", "--verbose")
    copy.check_page("a metric")


def test_a_statistic_is_added(copy):
    copy.change(
        "results/matrices.py",
        "    rotation_steps: float | None = _map(",
        '    nuclear_norm: float | None = _map("nuclear", "sum of all", place=25, rank=1)\n'
        "    rotation_steps: float | None = _map(",
    )
    copy.change(
        "weights/statistics/singular.py",
        "def condition(",
        'def nuclear_norm(s: Vector) -> float:\n    """Nuclear norm: the sum of all s.\n\n'
        '    Formula: sum s_i\n    """\n    return float(s.sum())\n\n\ndef condition(',
    )
    copy.change(
        "weights/statistics/measures.py",
        '    _of_directions("condition",',
        '    _of_directions("nuclear_norm", singular.nuclear_norm),\n'
        '    _of_directions("condition",',
    )
    copy.verb("train", "wave.yaml", "--run-dir", "run", "--quiet")
    matrices = json.loads(copy.verb("inspect-weights", "run/best.pt", "--json"))["matrices"]
    (found,) = [item for item in matrices if item["symbol"] == "W_hz"]
    at_least = found["spectral_norm"] * found["stable_rank"] ** 0.5
    assert at_least <= found["nuclear_norm"] <= found["spectral_norm"] * 6
    assert "nuclear" in copy.verb("inspect-weights", "run/best.pt", "--all")
    copy.check_page("a matrix statistic")


def test_a_cell_is_added(copy):
    """The minimal gated unit of Zhou et al. 2016, arXiv 1603.09420, reset behind the product."""
    copy.write(
        "cells/mgu.py",
        """
from grucli.cells.spec import LOGISTIC, TANH, CellSpec, Gate, LayerNorm, NextState

MGU = CellSpec(
    name="mgu",
    gates=(
        Gate("forget", "f", LOGISTIC, "How much of the old state is forgotten."),
        Gate("candidate", "n", TANH, "What the unit would become.", reset_by="f"),
    ),
    state=("h",),
    state_names=("state",),
    next_state=NextState("new state h'", "A part f is new.", (("h'", "(1 - f) * h + f * n"),)),
    layer_norms=(LayerNorm("none"), LayerNorm("split", groups=(("forget", "candidate"),))),
    convention="MGU gates: f forget, n candidate.",
)
""",
    )
    copy.write(
        "nn/cells/mgu.py",
        """
import torch

from grucli import cells
from grucli.nn.rules import Equations, StepValues
from grucli.nn.stack import Recurrent


def step(rule, weights, x_BG, q_BG, state):
    x_f, x_n = x_BG.chunk(2, dim=-1)
    q_f, q_n = q_BG.chunk(2, dim=-1)
    a_f = x_f + q_f
    f = torch.sigmoid(a_f)
    a_n = x_n + f * q_n
    n = torch.tanh(a_n)
    return StepValues((state[0] + f * (n - state[0]),), (f, n), (a_f, a_n))


class MGU(Recurrent):
    equations = Equations(cells.CELLS["mgu"], step)
""",
    )
    copy.change(
        "cells/__init__.py",
        "from grucli.cells.lstm import LSTM\n",
        "from grucli.cells.lstm import LSTM\nfrom grucli.cells.mgu import MGU\n",
    )
    copy.change("cells/__init__.py", "in (GRU, RNN, LSTM)", "in (GRU, RNN, LSTM, MGU)")
    for norm in ("none", "split"):
        settings = ["--set", "model.cell=mgu", "--set", f"model.layer_norm={norm}"]
        copy.verb("train", "wave.yaml", "--run-dir", norm, "--quiet", *settings)
        matrices = json.loads(copy.verb("inspect-weights", f"{norm}/best.pt", "--json"))["matrices"]
        symbols = {item["symbol"] for item in matrices}
        assert symbols >= {"W_xf", "W_hf", "W_xn", "W_hn"}
        assert ("g_hf" in symbols) == (norm == "split")
        assert len(copy.verb("predict", f"{norm}/best.pt").splitlines()) == 3
        assert '"gate": "forget"' in copy.verb("trace", f"{norm}/best.pt", "--json")
    assert "(1 - f) * h + f * n" in copy.verb("explain", "none/best.pt", "--at", "100")
    copy.run(
        """
import torch
from grucli.nn import MODULES
torch.manual_seed(0)
module = MODULES["mgu"](3, 5).double()
x = torch.randn(4, 2, 3, dtype=torch.float64)
h, w = torch.zeros(2, 5, dtype=torch.float64), module.state_dict()
for row in x:
    a = row @ w["weight_ih_l0"].T + w["bias_ih_l0"]
    b = h @ w["weight_hh_l0"].T + w["bias_hh_l0"]
    f = torch.sigmoid(a[:, :5] + b[:, :5])
    h = (1 - f) * h + f * torch.tanh(a[:, 5:] + f * b[:, 5:])
torch.testing.assert_close(module(x)[0][-1], h)
"""
    )
    copy.check_page("a cell")
