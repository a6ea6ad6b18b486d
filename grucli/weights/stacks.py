"""Recurrent layers and the file that they were found in, whatever its format."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.cells import CELLS, CellSpec, LayerNorm
from grucli.cells.address import MatrixAddress, matrices_of
from grucli.weights.members import SEEDS

Floats = NDArray[np.floating[Any]]

UNKNOWN = "unknown"
"""The ``layer_norm`` of a module in which something is normalised and nothing tells what."""


@dataclass(frozen=True)
class RecurrentModule:
    """One stack of recurrent layers.

    ``prefix`` is what stands before the parameters' names in the file, with its dot; ``tensors``
    maps names as ``weight_hh_l0`` to arrays, weights [gates * H, C or H], the rest [gates * H].
    Where the parameters fit several layer normalisations, ``layer_norm`` joins them with `` or ``;
    it is unknown where something is normalised and nothing tells what. ``eps`` is that of a layout
    that was named.
    """

    prefix: str
    cell: str
    layer_norm: str
    hidden: int
    tensors: Mapping[str, Floats]
    eps: float | None = None

    @property
    def spec(self) -> CellSpec:
        """The cell."""
        return CELLS[self.cell]

    @property
    def norm(self) -> LayerNorm | None:
        """The layer normalisation; the first of several that normalise the same.

        None where what is normalised is not known, or differs between those that fit.
        """
        if self.layer_norm == UNKNOWN:
            return None
        fitting = [self.spec.layer_norm(name) for name in self.layer_norm.split(" or ")]
        forms = {(norm.groups, norm.of_sum) for norm in fitting}
        return fitting[0] if len(forms) == 1 else None

    def matrices(self) -> Iterator[tuple[MatrixAddress, Floats]]:
        """Every gate's share of every parameter, by layer, direction, part and gate."""
        pairs = [
            (name, name.of(values))
            for parameter, values in self.tensors.items()
            for name in matrices_of(self.cell, parameter)
        ]
        yield from sorted(pairs, key=lambda pair: pair[0].order)


@dataclass(frozen=True)
class WeightFile:
    """What a file holds for someone who wants to see weights.

    ``format`` says in words what kind of file it is; ``modules`` has its recurrent stacks,
    ``tensors`` their parameters by prefix and name, and those that belong to none of them, with
    which alone ``other_tensors`` maps names to shapes. ``recipe`` and ``facts`` (columns, scaler,
    frequency, progress and so on) are those of our own checkpoints, else None and empty.
    ``notes`` are sentences on what is another cell than its names say, what the file does not
    tell, or was not read; ``obstacles`` are those for which no model can begin with its weights.
    ``number`` says which of the ``members`` of ``train.seeds`` it is.
    """

    path: str
    format: str
    tensors: Mapping[str, NDArray[Any]]
    modules: tuple[RecurrentModule, ...]
    other_tensors: Mapping[str, tuple[int, ...]]
    recipe: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    obstacles: tuple[str, ...] = ()
    number: int = 1
    members: int = 1

    @property
    def member(self) -> int | None:
        """The number; None where there is one model."""
        return self.number if self.members > 1 else None

    def labels(self, side: str) -> dict[str, Any]:
        """Its path, and which model it is, as one side of a comparison."""
        which = {"path": self.path, "member": self.member, "members": self.members}
        return {f"{name}_{side}": value for name, value in which.items()}

    @property
    def folder(self) -> Path:
        """Where the record of its training lies: beside it, or for further models in seeds/."""
        beside, seed = Path(self.path).parent, self.section("train").get("seed")
        if self.number == 1 or not isinstance(seed, int):
            return beside
        return beside / SEEDS / str(seed + self.number - 1)

    def section(self, *names: str) -> Mapping[str, Any]:
        """A part of the recipe, such as model and init in it; {} where the file has none."""
        found: Any = self.recipe
        for name in names:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else {}
