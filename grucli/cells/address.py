"""Names and order of the gates, and the address of every matrix: written here and nowhere else.

A stacked parameter such as ``weight_hh_l0`` of a GRU holds one block of H rows for each gate, in
the order of ``GATES``. The order and the parameter names are those of torch.nn.GRU, LSTM and RNN,
so that their state dictionaries load unchanged.

The update gate z keeps the old state: h' = z * h + (1 - z) * n. torch, Keras and Cho et al. 2014
write it so. Chung et al. 2014, Ba et al. 2016, DreamerV2 and others swap z with
1 - z: their update gate brings the new in. To carry weights over from such a model, change the sign
of its update gate's matrices and bias (gain and bias below a layer normalisation), for
s(-a) = 1 - s(a).

Keras stacks its GRU as z, r, h where torch has r, z, n, its LSTM as i, f, c, o where torch has
i, f, g, o, and stores each matrix transposed: ``kernel`` [C, gates * H] is weight_ih,
``recurrent_kernel`` weight_hh. The two rows of its GRU's ``bias`` are bias_ih and bias_hh; its LSTM
has their sum. With reset_after=False r acts on the state before the product: that is no variant
here.

ONNX stacks the rows of W and R as z, r, n, those of its LSTM as i, o, f, c; B holds bias_ih and
bias_hh one behind the other. With linear_before_reset=0, its default, r acts on the state before
the product as above.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

GATES: dict[str, tuple[str, ...]] = {
    "gru": ("reset", "update", "candidate"),
    "lstm": ("input", "forget", "cell", "output"),
    "rnn": ("state",),
}
"""Gates by cell, in the order in which torch stacks their rows."""

SYMBOLS: dict[str, tuple[str, ...]] = {
    "gru": ("r", "z", "n"),
    "lstm": ("i", "f", "g", "o"),
    "rnn": ("h",),
}
"""The letter of each gate, in the same order."""

KERAS: dict[str, dict[str, str]] = {
    "gru": {"update": "z", "reset": "r", "candidate": "h"},
    "lstm": {"input": "i", "forget": "f", "cell": "c", "output": "o"},
    "rnn": {"state": "h"},
}
"""Keras's letters by gate, in the order in which it stacks their columns."""

ONNX_ORDER: dict[str, tuple[str, ...]] = {
    "gru": ("update", "reset", "candidate"),
    "lstm": ("input", "output", "forget", "cell"),
    "rnn": ("state",),
}
"""Gates by cell, in the order in which ONNX stacks their rows."""

KEEPING_GATES: dict[str, str] = {"gru": "update", "lstm": "forget"}
"""The gate whose bias sets how long the state is kept, by cell."""

PARTS: dict[str, str] = {
    "weight_ih": "W_x",
    "weight_hh": "W_h",
    "bias_ih": "b_x",
    "bias_hh": "b_h",
    "gain_ih": "g_x",
    "gain_hh": "g_h",
    "bias_sum": "b_",
    "gain_sum": "g_",
}
"""Stacked parameter -> prefix of its matrices' names; the letter of the gate follows."""

WORDS: dict[str, str] = {
    "weight_ih": "ih",
    "weight_hh": "hh",
    "bias_ih": "bias_ih",
    "bias_hh": "bias_hh",
    "gain_ih": "gain_ih",
    "gain_hh": "gain_hh",
    "bias_sum": "bias",
    "gain_sum": "gain",
}
"""Stacked parameter -> last word of the long name, as in ``0.update.hh``."""

CONVENTIONS: dict[str, str] = {
    "gru": "GRU gates: r reset, z update (in some texts u), n candidate (in some h or c). The "
    "update gate z keeps the old state here, as in torch and Keras: h' = z*h + (1-z)*n. Texts with "
    "h' = (1-z)*h + z*n let z take the new in: theirs is 1-z here.",
    "lstm": "LSTM gates: i input, f forget, g cell (in some texts c), o output. The forget gate f "
    "keeps the old cell state: c' = f*c + i*g.",
    "rnn": "RNN: h state. The state is h' = tanh(W_xh x + b_xh + W_hh h + b_hh).",
}
"""Letters of the gates, here and in other texts, and what the keeping gate means, by cell."""

_CELLS = {gate: cell for cell, gates in GATES.items() for gate in gates}
_KINDS = {word: kind for kind, word in WORDS.items()}

_PARAMETER = re.compile(
    r"^(?P<prefix>(?:.*\.)?)(?P<kind>"
    + "|".join(PARTS)
    + r")_l(?P<layer>\d+)(?P<reverse>_reverse)?$"
)


@dataclass(frozen=True)
class MatrixName:
    """One gate's share of a stacked parameter.

    ``symbol`` is the name on screen (W_hz), ``long`` the address on the command line
    (0.update.hh; 0r.update.hh for the reverse direction of a bidirectional layer).
    """

    cell: str
    layer: int
    reverse: bool
    gate: str
    kind: str
    rows: slice
    parameter: str

    @property
    def symbol(self) -> str:
        """The short name: ``W_hz``, ``b_xr``, ``g_hn``."""
        letter = SYMBOLS[self.cell][GATES[self.cell].index(self.gate)]
        return PARTS[self.kind] + letter

    @property
    def long(self) -> str:
        """The full address: layer, gate and part, joined with dots."""
        return f"{self.layer}{'r' if self.reverse else ''}.{self.gate}.{WORDS[self.kind]}"

    @property
    def direction(self) -> str:
        """Either ``forward`` or ``reverse``."""
        return "reverse" if self.reverse else "forward"

    @property
    def facts(self) -> dict[str, Any]:
        """What names a matrix in a report, by the names of ``results.NamedMatrix``."""
        return {
            "symbol": self.symbol,
            "name": self.long,
            "layer": self.layer,
            "direction": self.direction,
            "gate": self.gate,
            "part": WORDS[self.kind],
        }


def parse_parameter(name: str) -> tuple[str, str, int, bool] | None:
    """Split ``a.weight_hh_l1_reverse`` into (prefix, kind, layer, reverse); None if no match."""
    match = _PARAMETER.match(name)
    if match is None:
        return None
    return match["prefix"], match["kind"], int(match["layer"]), match["reverse"] is not None


def matrices_of(cell: str, parameter: str, rows: int) -> Iterator[MatrixName]:
    """Name each gate's block of a stacked parameter with ``rows`` rows in all.

    Yields nothing for a parameter that belongs to no recurrent layer. Raises ValueError when the
    rows cannot be divided among the gates of the cell.
    """
    parsed = parse_parameter(parameter)
    if parsed is None:
        return
    _, kind, layer, reverse = parsed
    gates = GATES[cell]
    if rows % len(gates):
        raise ValueError(f"{parameter}: {rows} rows do not divide among {len(gates)} gates")
    hidden = rows // len(gates)
    for index, gate in enumerate(gates):
        block = slice(index * hidden, (index + 1) * hidden)
        yield MatrixName(cell, layer, reverse, gate, kind, block, parameter)


class Address(NamedTuple):
    """The parts of ``coder.0r.update.hh``; of ``0.ih``, all gates together, ``gate`` is empty."""

    prefix: str
    place: str
    gate: str
    part: str

    @property
    def kind(self) -> str:
        """The stacked parameter without its layer, such as weight_hh."""
        return _KINDS[self.part]

    @property
    def cell(self) -> str:
        """The cell that the gate belongs to, empty for all gates together."""
        return _CELLS.get(self.gate, "")

    @property
    def parameter(self) -> str:
        """The stacked parameter that the matrix is part of, by torch's name."""
        reverse = "_reverse" if self.place.endswith("r") else ""
        return f"{self.kind}_l{self.place.rstrip('r')}{reverse}"


def split_address(address: str) -> Address:
    """Take the long name of a matrix apart, with or without the prefix of its stack."""
    *before, last, part = address.split(".")
    gate = last if last in _CELLS else ""
    place = before.pop() if gate else last
    return Address("".join(f"{word}." for word in before), place, gate, part)


def cells_of(gates: Iterable[str]) -> list[str]:
    """The cells that gates belong to, in the order of ``GATES``."""
    found = {_CELLS.get(gate) for gate in gates}
    return [cell for cell in GATES if cell in found]


def column_names(
    part: str, layer: int, count: int, *, inputs: Sequence[str] = ()
) -> tuple[str, ...]:
    """What the columns of a matrix read: inputs by name, units of the state or the layer below.

    ``part`` is the last word of its address; a bias or a gain has one column, named after it.
    """
    if part not in ("ih", "hh"):
        return (part.partition("_")[0],)
    if part == "ih" and layer == 0 and len(inputs) == count:
        return tuple(inputs)
    source = "state" if part == "hh" else "below" if layer > 0 else "input"
    return tuple(f"{source} {column}" for column in range(count))


def normalised_together(cell: str, layer_norm: str) -> list[tuple[str, ...]]:
    """Gates that share one mean and one variance, in the order of ``GATES``; [] without any.

    split and ba2016 normalise each side of them so, sum and sum_joint the sum of both sides.
    """
    gates = GATES[cell]
    if layer_norm == "none":
        return []
    if layer_norm == "sum":
        return [(gate,) for gate in gates]
    if layer_norm == "ba2016" and len(gates) == 3:
        return [gates[:2], gates[2:]]
    return [gates]
