"""Cells added to a copy of the package by docs/architecture.md alone."""

import json

import pytest

from tests.package_copy import (
    INSPECT,
    TRAIN,
    Copy,
)


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


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
