"""The gated recurrent unit (equations: ``grucli.nn.cells.gru``)."""

from grucli.cells.activations import LOGISTIC, TANH
from grucli.cells.foreign import KerasForm, OnnxForm
from grucli.cells.spec import (
    CellSpec,
    Gate,
    LayerNorm,
    NextState,
)

_GATES = ("reset", "update", "candidate")

GRU = CellSpec(
    name="gru",
    gates=(
        Gate(
            name="reset",
            letter="r",
            activation=LOGISTIC,
            note="How much of the old state the candidate sees: 0 none, 1 all of it.",
        ),
        Gate(
            name="update",
            letter="z",
            activation=LOGISTIC,
            note="How much of the old state is kept: 0 nothing, 1 everything.",
            other_letters=("u",),
        ),
        Gate(
            name="candidate",
            letter="n",
            activation=TANH,
            note="What the unit would become if it kept nothing.",
            reset_by="r",
            other_letters=("c",),
        ),
    ),
    state=("h",),
    state_names=("state",),
    next_state=NextState(
        title="new state h'",
        note="The part z of the old state stays, the rest is the candidate.",
        lines=(("h'", "z * h + (1 - z) * n"),),
    ),
    layer_norms=(
        LayerNorm("none"),
        LayerNorm("split", groups=(_GATES,)),
        LayerNorm("ba2016", groups=(_GATES[:2], _GATES[2:])),
        LayerNorm("sum", groups=tuple((gate,) for gate in _GATES), of_sum=True),
        LayerNorm(
            name="sum_joint",
            groups=(_GATES,),
            of_sum=True,
            eps=1e-3,
            first_biases={"update": 1.0},
            resets_sum=True,
        ),
    ),
    keras=KerasForm(
        letters={"update": "z", "reset": "r", "candidate": "h"},
        bias_rows=True,
        note="Of a GRU with reset_after=True, bias[0] is the input's.",
    ),
    onnx=OnnxForm(
        operator="GRU",
        order=("update", "reset", "candidate"),
        activations=("sigmoid", "tanh"),
        before_reset="its reset gate acts on the state before the product, "
        "n = tanh(W_xn x + b_xn + W_hn (r * h) + b_hn). That is another cell than the one named "
        "here, torch's, where r acts behind it: W_hn is shown as it is and does not mean the same.",
    ),
    convention="GRU gates: r reset, z update (in some texts u), n candidate (in some h or c). The "
    "update gate z keeps the old state here, as in torch and Keras: h' = z*h + (1-z)*n. Texts with "
    "h' = (1-z)*h + z*n let z take the new in: theirs is 1-z here.",
    keeps="update",
    foreign_gates={
        **dict.fromkeys(
            ("i", "input"), "a gru has no input gate: 1 - z lets the new in; say update (z)"
        ),
        **dict.fromkeys(
            ("f", "forget"), "a gru has no forget gate: z keeps the old state; say update (z)"
        ),
        **dict.fromkeys(("o", "output"), "a gru has no output gate: its state is its output"),
        **dict.fromkeys(("g", "cell"), "what an lstm calls cell gate is n here; say candidate (n)"),
    },
    chrono={"update": 1.0},
)
