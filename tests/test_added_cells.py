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


SUMS = '''
def _step_of_sums(rule, weights, s_BG, c_BH):
    """Each gate's sum normalised on its own."""
    sums, sizes = s_BG.chunk(4, dim=-1), norm_blocks(rule, s_BG.shape[-1])
    vectors = (blocks(vector, sizes) for vector in (weights.gain_sum, weights.bias_sum))
    a = tuple(normalise(rule, *part) for part in zip(sums, *vectors, strict=True))
    i, f, o = (torch.sigmoid(a[at]) for at in (0, 1, 3))
    g = torch.tanh(a[2])
    c = f * c_BH + i * g
    return StepValues((o * torch.tanh(c), c), (i, f, g, o), a, sums, a)


class LSTM(Recurrent):'''


SUMS_CHECK = """
import torch
from grucli.nn import LSTM
torch.manual_seed(0)
module = LSTM(3, 5, layer_norm="sum").double()
x, w = torch.randn(4, 2, 3, dtype=torch.float64), module.state_dict()
gains, biases = (w[f"{kind}_sum_l0"].normal_().chunk(4) for kind in ("gain", "bias"))
h = c = torch.zeros(2, 5, dtype=torch.float64)
for row in x:
    sums = (row @ w["weight_ih_l0"].T + h @ w["weight_hh_l0"].T).chunk(4, dim=-1)
    normed = [(s - s.mean(1, True)) / (s.var(1, False, keepdim=True) + 1e-5).sqrt() for s in sums]
    i, f, g, o = (g * s + b for g, s, b in zip(gains, normed, biases))
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    h = o.sigmoid() * c.tanh()
torch.testing.assert_close(module(x)[0][-1], h)
"""


def test_a_layer_normalisation_is_added(copy):
    """Each gate's sum of an LSTM, as equation 4 of Ba et al. 2016 has it of a plain network."""
    none = '        LayerNorm("none"),\n'
    row = '        LayerNorm("sum", groups=tuple((gate,) for gate in _GATES), of_sum=True),\n'
    copy.change("cells/lstm.py", none, none + row)
    equations, sums = "nn/cells/lstm.py", "    a_BG = x_BG + q_BG\n"
    turn = "    if rule.norm.of_sum:\n        return _step_of_sums(rule, weights, a_BG, state[1])\n"
    copy.change(equations, sums, sums + turn)
    copy.change(equations, "class LSTM(Recurrent):", SUMS)
    copy.change(equations, "import normalise", "import blocks, normalise")
    copy.change(equations, "LayerWeights, StepValues", "LayerWeights, StepValues, norm_blocks")
    copy.check_page("a layer norm", "lstm")
    train = f"{TRAIN} --set model.cell=lstm --set model.layer_norm=sum --set model.eps=1e-4"
    explain = "explain run/best.pt --at 100"
    _, shown, explained = copy.verbs(train, f"{INSPECT} --json", explain, then=SUMS_CHECK)
    assert {"g_i", "g_f", "g_g", "g_o"} <= symbols_of(shown)
    divided = [item["layer_norm_standard_deviation"] for item in json.loads(shown)["matrices"][:8]]
    assert all(0.01 <= size < 10 for size in divided)
    assert "(sum_f - mean_f) / std_f * g_f + b_f" in explained
    assert "they agree" in explained


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
