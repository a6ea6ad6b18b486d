"""Recurrent layers and the file that they were found in, whatever its format."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.cells import CELLS, CellSpec, LayerNorm
from grucli.cells.address import MatrixAddress, matrices_of

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class RecurrentModule:
    """One stack of recurrent layers.

    ``prefix`` is what stands before the parameters' names in the file, with its dot; ``tensors``
    maps names as ``weight_hh_l0`` to arrays, weights [gates * H, C or H], the rest [gates * H].
    Where the parameters fit several layer normalisations, ``layer_norm`` joins them with `` or ``.
    """

    prefix: str
    cell: str
    layer_norm: str
    hidden: int
    tensors: Mapping[str, Floats]

    @property
    def spec(self) -> CellSpec:
        """The cell."""
        return CELLS[self.cell]

    @property
    def norm(self) -> LayerNorm:
        """The layer normalisation; of several that fit, the first."""
        return self.spec.layer_norm(self.layer_norm.split(" or ")[0])

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
    ``notes`` are sentences on what is another cell than its names say, or was not read.
    """

    path: str
    format: str
    tensors: Mapping[str, NDArray[Any]]
    modules: tuple[RecurrentModule, ...]
    other_tensors: Mapping[str, tuple[int, ...]]
    recipe: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def section(self, *names: str) -> Mapping[str, Any]:
        """A part of the recipe, such as model and init in it; {} where the file has none."""
        found: Any = self.recipe
        for name in names:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else {}
