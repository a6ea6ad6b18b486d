"""What docs/architecture.md says about where to add what: done, in a copy of the package."""

import json
import os
import random
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


TRAIN = "train wave.yaml --run-dir run --quiet"
INSPECT = "inspect-weights run/best.pt"


class Copy:
    """A copy of the package, and which of its files were changed."""

    def __init__(self, folder):
        self.folder = folder
        self.touched = set()
        shutil.copytree(PACKAGE, folder / "copy" / "grucli")

    def write(self, file, text):
        """Write a new file."""
        path = self.folder / "copy" / "grucli" / file
        assert not path.exists()
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.touched.add(file)

    def change(self, file, old, new):
        """Replace a text that stands there once."""
        path = self.folder / "copy" / "grucli" / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, (file, old)
        path.write_text(text.replace(old, new), encoding="utf-8")
        self.touched.add(file)

    def run(self, code, stream=0):
        """What a program that has the copy for its grucli prints, or says on standard error."""
        ran = subprocess.run(
            [sys.executable, "-c", FIRST + code],
            cwd=self.folder,
            env={**os.environ, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return (ran.stdout, ran.stderr)[stream]

    def verbs(self, *lines, then=""):
        """What each of some commands of the copy prints, in one process; then runs more code."""
        commands = [line.split() for line in lines]
        return self.run(f"""
from grucli.cli.app import run
for command in {commands}:
    assert run(command) == 0, command
    print("\\0", flush=True)
{then}""").split("\0\n")[:-1]

    def check_page(self, what, name=""):
        """The changed files are those that the page names for this, and not too many.

        What lies in a folder of its own is one thing.
        """
        (row,) = re.findall(rf"^\| {re.escape(what)} \|(.*)\|(.*)\|$", PAGE.read_text(), re.M)
        named = re.findall(r"`([\w/]+(?:\.py|NAME/))", " ".join(row))
        said = {file.replace("NAME", name) for file in named}
        own = {file for file in self.touched if f"{file.rpartition('/')[0]}/" in said}
        assert self.touched - own <= said
        assert len(self.touched - own) <= MOST_FILES


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
    _, scores, screen = copy.verbs(TRAIN, "eval run/best.pt --json", "eval run/best.pt --verbose")
    model = json.loads(scores)["model"]
    assert 0 < abs(model["bias"]) <= model["mae"]
    assert "mean error" in screen
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
        "def condition_number(",
        'def nuclear_norm(s: Vector) -> float:\n    """Nuclear norm: the sum of all s.\n\n'
        '    Formula: sum s_i\n    """\n    return float(s.sum())\n\n\ndef condition_number(',
    )
    copy.change(
        "weights/statistics/measures.py",
        '    _of_directions("condition_number",',
        '    _of_directions("nuclear_norm", singular.nuclear_norm),\n'
        '    _of_directions("condition_number",',
    )
    _, shown, screen = copy.verbs(TRAIN, f"{INSPECT} --json", f"{INSPECT} --all")
    (found,) = [item for item in json.loads(shown)["matrices"] if item["symbol"] == "W_hz"]
    at_least = found["spectral_norm"] * found["stable_rank"] ** 0.5
    assert at_least <= found["nuclear_norm"] <= found["spectral_norm"] * 6
    assert "nuclear" in screen
    copy.check_page("a matrix statistic")


def test_a_loss_and_an_optimiser_are_added(copy):
    copy.change(
        "tasks/losses.py",
        "LOSSES: dict",
        'def log_cosh(forecast, target, reduction="mean"):\n'
        '    """ln cosh(f - y)."""\n'
        "    error = forecast - target\n"
        "    each = functional.softplus(2 * error) - error - 0.6931471805599453\n"
        '    return each.mean() if reduction == "mean" else each\n\n\nLOSSES: dict',
    )
    copy.change("tasks/losses.py", '    "mse": f', '    "log_cosh": log_cosh,\n    "mse": f')
    copy.change("recipe/train.py", 'Literal["mse", "mae"', 'Literal["log_cosh", "mse", "mae"')
    copy.check_page("a loss")
    copy.touched.clear()
    copy.change(
        "training/optimizers.py",
        "OPTIMIZERS: dict",
        'class Lion(Optimizer):\n    """Chen et al. 2023, arXiv 2302.06675."""\n\n'
        '    memories = ("mean",)\n\n    def step(self):\n'
        '        gradient, mean = self.parameters.gradient, self._memory["mean"]\n'
        "        direction = torch.lerp(gradient, mean, 0.9).sign_()\n"
        "        self.parameters.values.sub_(direction, alpha=self.lr)\n"
        "        mean.lerp_(gradient, 0.01)\n\n\nOPTIMIZERS: dict",
    )
    copy.change(
        "training/optimizers.py", '    "adam": Adam,', '    "adam": Adam,\n    "lion": Lion,'
    )
    copy.change("recipe/train.py", '"adam", "adamw"', '"adam", "lion", "adamw"')
    copy.check_page("an optimiser")
    train = f"{TRAIN} --set train.loss=log_cosh --set train.optimizer=lion"
    traced = "trace run/best.pt --json"
    _, history, shown = copy.verbs(train, f"{INSPECT} --history", traced)
    assert json.loads(shown)["loss"] == "log_cosh"
    assert "log_cosh 0." in history
    assert "lion changed the matrices" in history


LIMIT = '''
"""A number that most series stay below, as a task."""

from functools import partial

import torch

from grucli.tasks.regress.task import RegressTask
from grucli.tasks.sequences.objective import SequenceObjective


class LimitTask(RegressTask):
    """The quantile of task.level of the number of each series."""

    kind = "limit"
    best_by = ("mae", 1)

    def objective(self, model, data):
        """The pinball loss."""
        task = data.recipe.task
        train, valid = data.samples("train"), data.samples("valid")
        return SequenceObjective(model, partial(pinball, task.level), task.noise, train, valid)


def pinball(level, said, truth):
    """Koenker & Bassett 1978."""
    error = truth - said
    return torch.maximum(level * error, (level - 1) * error).mean(), error.numel()
'''
LIMIT_RECIPE = """class LimitRecipe(RegressRecipe):
    kind: Literal["limit"] = Field(description="What to do with the series.")
    level: float = Field(default=0.9, gt=0, lt=1, description="The share of series below it.")


"""
LIMITED = """
name: loads
data: {path: loads.csv, time: step, series: id, past: [x], split: {valid: 40, test: 100}}
task: {kind: limit, label: load}
model: {hidden: 4}
train: {epochs: 40, batch_size: 32, lr: 1e-2}
"""


def test_a_task_is_added(copy):
    copy.write("tasks/limit/__init__.py", '"""Limit: a number that most series stay below."""\n')
    copy.write("tasks/limit/task.py", LIMIT)
    copy.change("tasks/__init__.py", "RegressTask(), ", "RegressTask(), LimitTask(), ")
    beside = "from grucli.tasks.label.task import LabelTask\n"
    own = "from grucli.tasks.limit.task import LimitTask\n"
    copy.change("tasks/__init__.py", beside, beside + own)
    copy.change("recipe/tasks.py", "class LabelRecipe", LIMIT_RECIPE + "class LabelRecipe")
    copy.change("recipe/tasks.py", '    "label": L', '    "limit": LimitRecipe,\n    "label": L')
    union = '    | Annotated[LabelRecipe, Tag("label")],\n'
    copy.change("recipe/tasks.py", union, '    | Annotated[LimitRecipe, Tag("limit")]\n' + union)
    copy.check_page("a task", "limit")
    draw = random.Random(0)
    loads = [draw.gauss(0, 1) for _ in range(400)]
    rows = [
        f"s{place},{step},{draw.gauss(0, 1):.3f},{load:.3f}"
        for place, load in enumerate(loads)
        for step in range(4)
    ]
    (copy.folder / "loads.csv").write_text("\n".join(["id,step,x,load", *rows]) + "\n")
    (copy.folder / "wave.yaml").write_text(LIMITED)
    verbs = ("eval run/best.pt", f"{INSPECT} --json", "trace run/best.pt", "predict run/best.pt")
    _, scores, _, _, told = copy.verbs(TRAIN, *verbs)
    assert "ridge" in scores
    limits = [float(line.split(",")[1]) for line in told.splitlines()[1:]]
    below = sum(load < limit for load, limit in zip(loads, limits, strict=True)) / len(loads)
    assert 0.84 < below < 0.96
    refused = "check wave.yaml --set model.decoder=recursive --set task.level=2"
    said = copy.run(f"from grucli.cli.app import run\nassert run({refused.split()}) == 2", 1)
    assert "task.level" in said


def test_everything_that_the_page_names_is_there():
    rows = re.findall(r"^\| (?:a|an) .*\|$", PAGE.read_text(), re.M)
    names = {name for row in rows for name in re.findall(r"`([\w/]+(?:\.py|/))", row)}
    assert len(names) > 25
    assert [name for name in names if not list(PACKAGE.glob(name.replace("NAME", "*")))] == []


MGU = """
from grucli.cells.activations import LOGISTIC, TANH
from grucli.cells.spec import CellSpec, Gate, LayerNorm, NextState

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
"""
MGU_EQUATIONS = """
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


class MinimalGatedUnit(Recurrent):
    equations = Equations(cells.CELLS["mgu"], step)
"""
MGU_CHECK = """
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

MINGRU = """
import math

from grucli.cells.activations import LOGISTIC, Activation
from grucli.cells.side import INPUT
from grucli.cells.spec import CellSpec, Gate, LayerNorm, NextState

LINEAR = Activation("linear", "id", -math.inf, math.inf, ("", ""), float)
MINGRU = CellSpec(
    name="mingru",
    gates=(
        Gate("update", "z", LOGISTIC, "How much of the new comes in."),
        Gate("candidate", "n", LINEAR, "What the unit would become."),
    ),
    state=("h",),
    state_names=("state",),
    next_state=NextState("new state h'", "A part z is new.", (("h'", "(1 - z) * h + z * n"),)),
    layer_norms=(LayerNorm("none"), LayerNorm("split", groups=(("update", "candidate"),))),
    sides=(INPUT,),
    convention="minGRU gates: z update, which lets the new in, n candidate.",
)
"""
MINGRU_EQUATIONS = """
import torch

from grucli import cells
from grucli.nn.rules import Equations, StepValues
from grucli.nn.stack import Recurrent


def step(rule, weights, x_BG, q_B0, state):
    a_z, n = x_BG.chunk(2, dim=-1)
    z = torch.sigmoid(a_z)
    return StepValues((torch.lerp(state[0], n, z),), (z, n), (a_z, n))


class MinGRU(Recurrent):
    equations = Equations(cells.CELLS["mingru"], step)
"""
# The paper's parallel form in its own words: with a = 1 - z and b = z * n all states at once are
# A * (h_0 + cumsum(b / A)), A the running product of a.
MINGRU_CHECK = """
import torch
from grucli.errors import RecipeError
from grucli.nn import MODULES, initialise
torch.manual_seed(0)
module = MODULES["mingru"](3, 5).double()
assert sum(p.numel() for p in module.parameters()) == 2 * 5 * (3 + 1)
x, h = torch.randn(7, 2, 3, dtype=torch.float64), torch.randn(1, 2, 5, dtype=torch.float64)
z, n = (x @ module.weight_ih_l0.T + module.bias_ih_l0).chunk(2, dim=-1)
z = torch.sigmoid(z)
A = torch.cumprod(1 - z, dim=0)
torch.testing.assert_close(module(x, h)[0], A * (h + torch.cumsum(z * n / A, dim=0)))
torch.testing.assert_close(module.step(x[0], h)[0], module(x, h)[0][0])
try:
    initialise(module, hidden_hidden="orthogonal")
except RecipeError as error:
    assert "no weight_hh" in str(error)
else:
    raise AssertionError("drew a matrix that is not there")
"""


def add_cell(copy, name, spec, equations):
    """Do what the page says of a cell."""
    copy.write(f"cells/{name}.py", spec)
    copy.write(f"nn/cells/{name}.py", equations)
    beside = "from grucli.cells.lstm import LSTM\n"
    own = f"from grucli.cells.{name} import {name.upper()}\n"
    copy.change("cells/__init__.py", beside, beside + own)
    copy.change("cells/__init__.py", "in (GRU, RNN, LSTM)", f"in (GRU, RNN, LSTM, {name.upper()})")
    copy.check_page("a cell", name)


def symbols_of(shown):
    """The matrices of a JSON report, by symbol."""
    return {item["symbol"] for item in json.loads(shown)["matrices"]}


def test_a_cell_is_added(copy):
    """The minimal gated unit of Zhou et al. 2016, arXiv 1603.09420, reset behind the product."""
    add_cell(copy, "mgu", MGU, MGU_EQUATIONS)
    train = f"{TRAIN} --set model.cell=mgu --set model.layer_norm=split"
    explain = "explain run/best.pt --at 100"
    _, shown, explained = copy.verbs(train, f"{INSPECT} --json", explain, then=MGU_CHECK)
    assert symbols_of(shown) >= {"W_xf", "W_hf", "W_xn", "W_hn", "g_hf"}
    assert "(1 - f) * h + f * n" in explained


def test_a_cell_without_hidden_to_hidden_matrices_is_added(copy):
    """minGRU of Feng et al. 2024, arXiv 2410.01201, section 3.1."""
    add_cell(copy, "mingru", MINGRU, MINGRU_EQUATIONS)
    plain = f"{TRAIN} --set model.cell=mingru --set model.layers=2 --set model.bidirectional=true"
    verbs = [
        f"{INSPECT} --json",
        f"{INSPECT} --history",
        "explain run/best.pt --at 100 --layer 1r",
        "trace run/best.pt",
        "report run/best.pt",
        "predict run/best.pt",
    ]
    normed = f"{plain} --overwrite --set model.layer_norm=split"
    found = copy.verbs(plain, *verbs, normed, *verbs, then=MINGRU_CHECK)
    for gains, (_, shown, history, explained, traced, *_) in (
        (set(), found[:7]),
        ({"g_xz", "g_xn"}, found[7:]),
    ):
        assert symbols_of(shown) == {"W_xz", "W_xn", "b_xz", "b_xn", *gains}
        assert "W_x uniform" in history
        assert "W_h" not in history
        assert "(1 - z) * h + z * n" in explained
        assert "= id(a_n) = " in explained
        assert "W_hz" not in explained
        columns = traced.splitlines()[0].split(",")
        assert columns[4:] == ["z", "n", "h", "xW_z", "xW_n", "a_z", "a_n"]
