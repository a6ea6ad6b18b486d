"""Long short-term memory (equations: ``grucli.nn.cells.lstm``)."""

from grucli.cells.activations import LOGISTIC, TANH
from grucli.cells.foreign import KerasForm, OnnxForm
from grucli.cells.spec import (
    CellSpec,
    Gate,
    LayerNorm,
    NextState,
)

_GATES = ("input", "forget", "cell", "output")


def _next_state(*lines: tuple[str, str]) -> NextState:
    return NextState("new states c' and h'", "What is kept, what comes in, what shows.", lines)


_SHOWN = _next_state(
    ("c'", "f * c + i * g"),
    ("mean_c", "mean of c'"),
    ("std_c", "sqrt(var + eps) of c'"),
    ("a_c", "(c' - mean_c) / std_c * g_c + b_c"),
    ("h'", "o * tanh(a_c)"),
)
_CARRIED = _next_state(
    ("sum_c", "f * c + i * g"),
    ("mean_c", "mean of sum_c"),
    ("std_c", "sqrt(var + eps) of sum_c"),
    ("c'", "(sum_c - mean_c) / std_c * g_c + b_c"),
    ("h'", "o * tanh(c')"),
)

LSTM = CellSpec(
    name="lstm",
    gates=(
        Gate(
            name="input",
            letter="i",
            activation=LOGISTIC,
            note="How much of the cell's new content goes in.",
        ),
        Gate(
            name="forget",
            letter="f",
            activation=LOGISTIC,
            note="How much of the old cell state is kept: 0 nothing, 1 everything.",
        ),
        Gate(
            name="cell",
            letter="g",
            activation=TANH,
            note="What would go into the cell.",
            other_letters=("c", "j"),
        ),
        Gate(
            name="output",
            letter="o",
            activation=LOGISTIC,
            note="How much of the cell is shown outside.",
        ),
    ),
    state=("h", "c"),
    state_names=("state", "cell_state"),
    next_state=_next_state(("c'", "f * c + i * g"), ("h'", "o * tanh(c')")),
    layer_norms=(
        LayerNorm("none"),
        LayerNorm("split", groups=(_GATES,), state="c", next_state=_SHOWN),
        LayerNorm("ba2016", groups=(_GATES,), state="c", next_state=_SHOWN),
        LayerNorm("split_state", groups=(_GATES,), state="c", carries=True, next_state=_CARRIED),
    ),
    keras=KerasForm(letters={"input": "i", "forget": "f", "cell": "c", "output": "o"}),
    onnx=OnnxForm(
        operator="LSTM",
        order=("input", "output", "forget", "cell"),
        activations=("sigmoid", "tanh", "tanh"),
    ),
    convention="LSTM gates: i input, f forget, g cell (in some texts c), o output. The forget gate "
    "f keeps the old cell state: c' = f*c + i*g.",
    keeps="forget",
    foreign_gates={
        **dict.fromkeys(
            ("z", "u", "update"),
            "an lstm has no update gate: f keeps, i lets in; say forget (f) or input (i)",
        ),
        **dict.fromkeys(("r", "reset"), "an lstm has no reset gate"),
        **dict.fromkeys(
            ("n", "h", "candidate"),
            "what a gru calls candidate is the cell gate here; say cell (g)",
        ),
    },
    chrono={"forget": 1.0, "input": -1.0},
)
