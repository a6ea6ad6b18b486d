"""The address of every matrix of a cell, and what it is called: written here and nowhere else.

A stacked parameter such as ``weight_hh_l0`` of a GRU holds one block of H rows for each gate, in
the order of the cell's gates. The order and the parameter names are those of torch.nn.GRU, LSTM and
RNN, so that their state dictionaries load unchanged.

The update gate z keeps the old state: h' = z * h + (1 - z) * n. torch, Keras, Cho et al. 2014 and
the code of Ba et al. 2016 write it so. Chung et al. 2014, the text of Ba et al. 2016, DreamerV2 and
others swap z with 1 - z: their update gate brings the new in. What becomes of their weights stands
below the table of published cells.

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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from grucli.cells import CELLS, CellSpec


@dataclass(frozen=True)
class Part:
    """A kind of stacked parameter: prefix of its symbols, last word of addresses, plain words."""

    prefix: str
    word: str
    plain: str


PARTS: dict[str, Part] = {
    "weight_ih": Part("W_x", "ih", "input to hidden"),
    "weight_hh": Part("W_h", "hh", "hidden to hidden"),
    "bias_ih": Part("b_x", "bias_ih", "input bias"),
    "bias_hh": Part("b_h", "bias_hh", "hidden bias"),
    "gain_ih": Part("g_x", "gain_ih", "input gain"),
    "gain_hh": Part("g_h", "gain_hh", "hidden gain"),
    "bias_sum": Part("b_", "bias", "bias"),
    "gain_sum": Part("g_", "gain", "gain"),
    "norm_bias_ih": Part("d_x", "norm_bias_ih", "input bias inside the normalisation"),
    "norm_bias_hh": Part("d_h", "norm_bias_hh", "hidden bias inside the normalisation"),
    "gain_state": Part("g_", "gain", "gain of the state"),
    "bias_state": Part("b_", "bias", "bias of the state"),
}
"""Every kind of stacked parameter, in the order in which reports have them."""

_PLACE = re.compile(r"(?P<layer>\d+)(?P<reverse>r?)")
_PARAMETER = re.compile(
    r"^(?P<prefix>(?:.*\.)?)(?P<kind>"
    + "|".join(PARTS)
    + r")_l(?P<layer>\d+)(?P<reverse>_reverse)?$"
)


class Place(NamedTuple):
    """A layer of a stack, in one direction."""

    layer: int
    reverse: bool = False

    @property
    def name(self) -> str:
        """As on the command line: ``0``, ``0r`` for the reverse direction."""
        return f"{self.layer}{'r' * self.reverse}"

    @property
    def direction(self) -> str:
        """Either ``forward`` or ``reverse``."""
        return "reverse" if self.reverse else "forward"

    @property
    def suffix(self) -> str:
        """What torch ends the names of its parameters with."""
        return f"_l{self.layer}{'_reverse' * self.reverse}"


def places(layers: int, directions: int) -> Iterator[Place]:
    """Every place of a stack, lowest first, forward before reverse."""
    for layer in range(layers):
        for direction in range(directions):
            yield Place(layer, direction == 1)


@dataclass(frozen=True)
class MatrixAddress:
    """One gate's share of a stacked parameter; all gates together where ``gate`` is empty.

    ``cell`` is the cell that the gate belongs to: gates of several cells may share a name. The
    vectors of a normalised part of the state have its word, such as cell_state, for a gate.
    ``prefix`` is what stands before the names of the stack, with its dot.
    """

    cell: str
    place: Place
    gate: str
    kind: str
    prefix: str = ""

    @property
    def spec(self) -> CellSpec:
        """The cell."""
        return CELLS[self.cell]

    @property
    def at(self) -> int:
        """Which block of its parameter it is. Raises ValueError for all gates together."""
        return list(self.spec.blocks(self.kind)).index(self.gate)

    @property
    def part(self) -> str:
        """The last word of the address, such as hh."""
        return PARTS[self.kind].word

    @property
    def symbol(self) -> str:
        """The short name: ``W_hz``, ``b_xr``, ``g_hn``; ``W_h`` of all gates together."""
        letter = self.spec.blocks(self.kind)[self.gate] if self.gate else ""
        return PARTS[self.kind].prefix + letter

    @property
    def long(self) -> str:
        """The address on the command line, without the stack: ``0.update.hh``, ``0r.update.hh``."""
        return ".".join(filter(None, (self.place.name, self.gate, self.part)))

    @property
    def parameter(self) -> str:
        """The stacked parameter that the matrix is part of, by torch's name, without the stack."""
        return self.kind + self.place.suffix

    @property
    def labels(self) -> dict[str, Any]:
        """The fields that results about a matrix have in common."""
        return {
            "symbol": self.symbol,
            "name": self.long,
            "layer": self.place.layer,
            "direction": self.place.direction,
            "gate": self.gate,
            "part": self.part,
            "cell": self.cell,
        }

    @property
    def order(self) -> tuple[Place, int, int]:
        """Sorts by layer, direction, part and gate, as everywhere."""
        return self.place, list(PARTS).index(self.kind), self.at

    def of(self, stacked: Any) -> Any:
        """The gate's rows of a stacked tensor or array. Raises ValueError where they do not fit."""
        blocks = len(self.spec.blocks(self.kind))
        hidden, rest = divmod(len(stacked), blocks)
        if rest:
            raise ValueError(f"{self.parameter}: {len(stacked)} rows do not divide among {blocks}")
        return stacked[self.at * hidden : (self.at + 1) * hidden]

    @classmethod
    def parse(cls, address: str, cell: str) -> "MatrixAddress":
        """The matrix of a cell at an address, with or without the prefix of its stack.

        Raises ValueError where the cell has no such gate, or matrices no such part.
        """
        prefix, where, gate, word = split_address(address)
        place, spec = _PLACE.fullmatch(where), CELLS[cell]
        for kind, part in PARTS.items():
            if place is not None and part.word == word and gate in ("", *spec.blocks(kind)):
                layer = Place(int(place["layer"]), bool(place["reverse"]))
                return cls(cell, layer, gate, kind, prefix)
        raise ValueError(f"{address}: no matrix of a {cell}")


class ParameterName(NamedTuple):
    """The parts of ``coder.weight_hh_l1_reverse``."""

    prefix: str
    kind: str
    place: Place


def parse_parameter(name: str) -> ParameterName | None:
    """Take the name of a stacked parameter apart; None where it belongs to no recurrent layer."""
    match = _PARAMETER.match(name)
    if match is None:
        return None
    place = Place(int(match["layer"]), match["reverse"] is not None)
    return ParameterName(match["prefix"], match["kind"], place)


def matrices_of(cell: str, parameter: str) -> Iterator[MatrixAddress]:
    """The address of each gate's block of a stacked parameter, in the order of its rows.

    Yields nothing for a parameter that belongs to no recurrent layer.
    """
    parsed = parse_parameter(parameter)
    if parsed is not None:
        for gate in CELLS[cell].blocks(parsed.kind):
            yield MatrixAddress(cell, parsed.place, gate, parsed.kind, parsed.prefix)


class Address(NamedTuple):
    """The parts of ``coder.0r.update.hh``; of ``0.ih``, all gates together, ``gate`` is empty."""

    prefix: str
    place: str
    gate: str
    part: str


def split_address(address: str) -> Address:
    """Take the long name of a matrix apart, with or without the prefix of its stack.

    Whether there is such a gate or part is for the cell to say: see ``MatrixAddress.parse``.
    """
    *before, last, part = address.split(".")
    gate = "" if _PLACE.fullmatch(last) else last
    place = before.pop() if gate else last
    return Address("".join(f"{word}." for word in before), place, gate, part)


def segment_names(count: int, *, gap: str = " ") -> tuple[str, ...]:
    """The inputs of a stack that reads segments of rows: what a layer before it makes of them."""
    return tuple(f"segment{gap}{number}" for number in range(count))


def column_names(
    part: str, layer: int, count: int, *, inputs: Sequence[str] = ()
) -> tuple[str, ...]:
    """What the columns of a matrix read: inputs by name, units of the state or the layer below.

    ``part`` is the last word of its address; a bias or a gain has one column, named after it.
    """
    if part not in ("ih", "hh"):
        return ("gain" if part.startswith("gain") else "bias",)
    if part == "ih" and layer == 0 and len(inputs) == count:
        return tuple(inputs)
    source = "state" if part == "hh" else "below" if layer > 0 else "input"
    return tuple(f"{source} {column}" for column in range(count))
