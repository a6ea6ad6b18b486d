"""What matrices are called in torch, in Keras, in short and in words."""

from typing import Literal, get_args

from grucli.cells.address import PARTS, MatrixAddress
from grucli.cells.foreign import KerasForm

Naming = Literal["symbols", "torch", "keras", "words"]
"""Ways to name a matrix: W_hz, weight_hh_l0[64:128], recurrent_kernel[:, 0:64].T, or in words."""

NAMINGS: tuple[str, ...] = get_args(Naming)

_IN_KERAS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def shown_name(naming: str, matrix: MatrixAddress, hidden: int) -> str:
    """The name of a matrix with ``hidden`` rows as people of a framework know it.

    Those of ``torch`` and ``keras`` are expressions that give the matrix itself, where the
    framework has it: Keras knows no gains, and of an LSTM and an RNN the sum of both biases alone.
    What it has not keeps its symbol. The layer is in torch's names only. ``matrix`` may be all
    gates together.
    """
    if naming == "words":
        return ", ".join(filter(None, (matrix.gate, PARTS[matrix.kind].plain)))
    if naming == "torch":
        return matrix.parameter + _span(tuple(matrix.spec.blocks(matrix.kind)), matrix.gate, hidden)
    form = matrix.spec.keras
    if naming == "keras" and form and matrix.kind in _IN_KERAS:
        return _keras_name(matrix, form, _span(tuple(form.letters), matrix.gate, hidden))
    return matrix.symbol


def _span(gates: tuple[str, ...], gate: str, hidden: int) -> str:
    """``[64:128]``, nothing where there is one gate or none is named."""
    if len(gates) < 2 or not gate:
        return ""
    start = gates.index(gate) * hidden
    return f"[{start}:{start + hidden}]"


def _keras_name(matrix: MatrixAddress, form: KerasForm, span: str) -> str:
    if matrix.kind.startswith("weight"):
        name = "kernel" if matrix.kind == "weight_ih" else "recurrent_kernel"
        return f"{name}{span.replace('[', '[:, ')}.T"
    row = 0 if matrix.kind == "bias_ih" else 1
    if form.bias_rows:
        return f"bias{span.replace('[', f'[{row}, ')}"
    return f"bias{span} ({('input', 'hidden')[row]} part)"
