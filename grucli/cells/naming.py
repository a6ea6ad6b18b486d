"""What matrices are called in torch, in Keras, in short and in words."""

from typing import Literal, get_args

from grucli.cells.address import GATES, KERAS, PARTS, SYMBOLS, split_address

Naming = Literal["symbols", "torch", "keras", "words"]
"""Ways to name a matrix: W_hz, weight_hh_l0[64:128], recurrent_kernel[:, 0:64].T, or in words."""

NAMINGS: tuple[str, ...] = get_args(Naming)

PLAIN: dict[str, str] = {
    "weight_ih": "input to hidden",
    "weight_hh": "hidden to hidden",
    "bias_ih": "input bias",
    "bias_hh": "hidden bias",
    "gain_ih": "input gain",
    "gain_hh": "hidden gain",
    "bias_sum": "bias",
    "gain_sum": "gain",
}
"""Stacked parameter -> what it is, in words."""


def shown_name(naming: str, address: str, hidden: int) -> str:
    """The name of a matrix with ``hidden`` rows as people of a framework know it.

    Those of ``torch`` and ``keras`` are expressions that give the matrix itself, where the
    framework has it: Keras knows no gains, and of an LSTM and an RNN the sum of both biases alone.
    The layer is in torch's names only. ``address`` may be that of all gates together.
    """
    found = split_address(address)
    kind, cell = found.kind, found.cell
    if naming == "words":
        return ", ".join(filter(None, (found.gate, PLAIN[kind])))
    if naming == "torch":
        return found.parameter + _span(GATES.get(cell, ()), found.gate, hidden)
    if naming == "keras" and kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        return _keras_name(kind, cell, _span(tuple(KERAS.get(cell, ())), found.gate, hidden))
    letters = SYMBOLS[cell] if cell else ()
    return PARTS[kind] + (letters[GATES[cell].index(found.gate)] if letters else "")


def _span(gates: tuple[str, ...], gate: str, hidden: int) -> str:
    """``[64:128]``, nothing where there is one gate or none is named."""
    if len(gates) < 2:
        return ""
    start = gates.index(gate) * hidden
    return f"[{start}:{start + hidden}]"


def _keras_name(kind: str, cell: str, span: str) -> str:
    if kind.startswith("weight"):
        name = "kernel" if kind == "weight_ih" else "recurrent_kernel"
        return f"{name}{span.replace('[', '[:, ')}.T"
    row = 0 if kind == "bias_ih" else 1
    if cell == "gru":
        return f"bias{span.replace('[', f'[{row}, ')}"
    return f"bias{span} ({('input', 'hidden')[row]} part)"
