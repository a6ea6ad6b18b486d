"""Long short-term memory (equations: ``grucli.nn.cells.lstm``)."""

from grucli.cells.spec import (
    LOGISTIC,
    TANH,
    CellSpec,
    Gate,
    KerasForm,
    LayerNorm,
    NextState,
    OnnxForm,
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
        Gate(name="cell", letter="g", activation=TANH, note="What would go into the cell."),
        Gate(
            name="output",
            letter="o",
            activation=LOGISTIC,
            note="How much of the cell is shown outside.",
        ),
    ),
    state=("h", "c"),
    next_state=NextState(
        title="new states c' and h'",
        note="What is kept, what comes in, what shows.",
        lines=(("c'", "f * c + i * g"), ("h'", "o * tanh(c')")),
    ),
    layer_norms=(LayerNorm("none"),),
    keras=KerasForm(letters={"input": "i", "forget": "f", "cell": "c", "output": "o"}),
    onnx=OnnxForm(
        operator="LSTM",
        order=("input", "output", "forget", "cell"),
        activations=("sigmoid", "tanh", "tanh"),
    ),
    convention="LSTM gates: i input, f forget, g cell (in some texts c), o output. The forget gate "
    "f keeps the old cell state: c' = f*c + i*g.",
    keeps="forget",
    chrono={"forget": 1.0, "input": -1.0},
)
