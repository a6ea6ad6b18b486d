"""Weights in a published layout to those of our own cell."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.cells import CELLS, CellSpec, LayerNorm
from grucli.cells.published import Published
from grucli.errors import CheckpointError
from grucli.text import printable
from grucli.weights.foreign.named import shape_faults
from grucli.weights.foreign.states import Tensors
from grucli.weights.stacks import RecurrentModule

Array = NDArray[Any]


def find_cells(tensors: Tensors, rows: Iterable[Published]) -> list["PublishedCell"]:
    """The cells of a file that have the names and gates of a row, of the first that fits.

    Names may have slashes for dots, and TensorFlow's ``:0`` behind them.
    """
    dotted = {name.replace("/", ".").removesuffix(":0"): name for name in tensors}
    values = {name: tensors[own] for name, own in dotted.items()}
    cells: dict[str, PublishedCell] = {}
    for row in rows:
        for prefix in _prefixes(values, row):
            cell = PublishedCell(row, prefix, values, dotted)
            if cell.hidden:
                cells.setdefault(prefix, cell)
    return list(cells.values())


def _prefixes(names: Mapping[str, Any], row: Published) -> Iterator[str]:
    """What stands before the names of a cell's parameters, of which only biases may be missing."""
    needed = [
        name for kind, part in row.parts.items() if "bias" not in kind for name in _names(part)
    ]
    for name in names:
        prefix = name.removesuffix(needed[0])
        is_prefix = prefix != name and (not prefix or prefix[-1] in "._")
        if is_prefix and all(prefix + other in names for other in needed):
            yield prefix


def _names(part: str) -> list[str]:
    """The tensors that a part is made of."""
    return [word.partition("[")[0] for word in part.split() if word not in ("+", "0")]


@dataclass(frozen=True)
class PublishedCell:
    """A cell in a file: what it is, what stands before its names, and all tensors of the file.

    ``own_names`` has the file's own name of each.
    """

    row: Published
    prefix: str
    tensors: Tensors
    own_names: Mapping[str, str]

    @property
    def used(self) -> set[str]:
        """The file's own names of the cell's tensors."""
        every = {self.prefix + name for part in self.row.parts.values() for name in _names(part)}
        return {self.own_names[name] for name in every if name in self.own_names}

    @property
    def hidden(self) -> int:
        """Its units; 0 where the matrix that reads its state is not of such a cell."""
        joined = bool(self.row.joined)
        matrix = self._part("weight" if joined else "weight_hh")
        if matrix is None or matrix.ndim != 2:
            return 0
        hidden, rest = divmod(matrix.shape[0], len(self.row.gates))
        reads_state = matrix.shape[1] > hidden if joined else matrix.shape[1] == hidden
        return hidden if reads_state and not rest else 0

    def module(self, path: str) -> RecurrentModule:
        """The cell as a stack of ours. Raises CheckpointError where shapes do not agree."""
        row, hidden = self.row, self.hidden
        parameters: dict[str, Array] = {}
        faults = []
        for kind, words in row.parts.items():
            part = self._part(kind)
            if part is not None:
                parameters[kind] = part
            elif any(self.prefix + name in self.tensors for name in _names(words)):
                faults.append(f"{words}: not what {row.name} of {row.source} has")
        if row.joined:
            parameters |= self._taken_apart(parameters.pop("weight"))
        named = {row.parts.get(kind, row.joined): (kind, part) for kind, part in parameters.items()}
        faults += shape_faults(self._spec, named, hidden=hidden, state=hidden)
        if faults:
            where = f"{path}: {printable(self.prefix)}"
            raise CheckpointError(*(where + fault for fault in faults))
        self._fill(parameters)
        if row.brings_new:
            self._turn(parameters)
        stack = {f"{kind}_l0": self._ordered(kind, part) for kind, part in parameters.items()}
        prefix = self.prefix and f"{self.prefix[:-1]}."
        return RecurrentModule(prefix, row.cell, row.norm, hidden, stack, row.eps)

    @property
    def _spec(self) -> CellSpec:
        return CELLS[self.row.cell]

    @property
    def _norm(self) -> LayerNorm:
        return self._spec.layer_norm(self.row.norm)

    def _part(self, kind: str) -> Array | None:
        """A parameter as the row makes it of theirs; None where that cannot be."""
        terms = [self._term(words.split()) for words in self.row.parts[kind].split(" + ")]
        there = [term for term in terms if term is not None]
        if not there or len({term.shape for term in there}) > 1:
            return None
        total: Array = sum(there[1:], start=there[0])
        return total

    def _term(self, words: list[str]) -> Array | None:
        """Blocks one behind the other, those of matrices with a row for each unit."""
        blocks = [None if word == "0" else self._block(word) for word in words]
        there = [block for block in blocks if block is not None]
        fits = len(there) == len(words) - words.count("0")
        if not fits or len({(block.ndim, block.shape[1:]) for block in there}) > 1:
            return None
        zeros = np.zeros_like(there[0])
        return np.concatenate([zeros if block is None else block for block in blocks])

    def _block(self, word: str) -> Array | None:
        """A tensor or a row of one; None where it is not there."""
        name, _, index = word.partition("[")
        values = self.tensors.get(self.prefix + name)
        if values is None or not values.ndim:
            return None
        if index:
            rows = values if values.ndim == 2 and len(values) == 2 else None
            return None if rows is None else rows[int(index.rstrip("]"))]
        return values.T if self.row.transposed else values

    def _taken_apart(self, whole: Array) -> dict[str, Array]:
        """One matrix over input and state as the two that it stands for."""
        first = self.hidden if self.row.joined == "hx" else whole.shape[1] - self.hidden
        sides = dict(zip(self.row.joined, np.split(whole, [first], axis=1), strict=True))
        return {"weight_ih": sides["x"], "weight_hh": sides["h"]}

    def _fill(self, parameters: dict[str, Array]) -> None:
        """Zeros for the biases that our cell has beside those of the file."""
        every = self._norm.vectors(bias=True, norm_bias=True)
        for start in ("bias", "norm_bias"):
            kinds = [kind for kind in every if kind.startswith(start)]
            is_shifted = start == "bias" and bool(self.row.offset)
            if is_shifted or any(kind in parameters for kind in kinds):
                for kind in kinds:
                    rows = len(self._spec.blocks(kind)) * self.hidden
                    parameters.setdefault(kind, np.zeros(rows, dtype=parameters["weight_hh"].dtype))

    def _turn(self, parameters: dict[str, Array]) -> None:
        """Let the gate that brings the new in keep the old: see ``grucli.cells.layouts``."""
        letter = self._spec.letters[self._spec.gate_names.index(self._spec.keeps)]
        start = self.row.gates.index(letter) * self.hidden
        block = slice(start, start + self.hidden)
        acting = "gain" if self._norm.groups else "weight"
        for kind, part in list(parameters.items()):
            if kind.startswith((acting, "bias")):
                parameters[kind] = part.copy()
                parameters[kind][block] *= -1
        if self.row.offset:
            parameters["bias_sum" if self._norm.of_sum else "bias_ih"][block] -= self.row.offset

    def _ordered(self, kind: str, values: Array) -> Array:
        """Blocks of the gates in the order of our cell; a vector of the state as it is."""
        if len(self._spec.blocks(kind)) != len(self.row.gates):
            return values
        blocks = dict(zip(self.row.gates, np.split(values, len(self.row.gates)), strict=True))
        return np.concatenate([blocks[letter] for letter in self._spec.letters])
