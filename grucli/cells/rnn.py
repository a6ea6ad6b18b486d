"""The plain recurrent network of Elman (equations: ``grucli.nn.cells.rnn``)."""

from grucli.cells.activations import RELU, TANH
from grucli.cells.foreign import KerasForm, OnnxForm
from grucli.cells.spec import CellSpec, Gate, LayerNorm

_GATES = ("state",)

RNN = CellSpec(
    name="rnn",
    gates=(
        Gate(
            name="state",
            letter="h",
            activation=TANH,
            note="The new state is all there is: no gate keeps anything.",
        ),
    ),
    state=("h",),
    state_names=("state",),
    next_state=None,
    layer_norms=(
        LayerNorm("none"),
        LayerNorm("split", groups=(_GATES,)),
        LayerNorm("ba2016", groups=(_GATES,)),
        LayerNorm("sum", groups=(_GATES,), of_sum=True),
        LayerNorm("sum_joint", groups=(_GATES,), of_sum=True, eps=1e-3),
    ),
    keras=KerasForm(letters={"state": "h"}),
    onnx=OnnxForm(operator="RNN", order=_GATES, activations=("tanh",)),
    convention="RNN: h state. The state is h' = f(W_xh x + b_xh + W_hh h + b_hh); f is tanh, or "
    "relu where model.activation (torch: nonlinearity) says so.",
    activations=(TANH, RELU),
)
