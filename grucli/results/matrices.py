"""What every result about one matrix has in common: which matrix it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from grucli.cells.address import MatrixAddress

UNWRITTEN: Mapping[str, Any] = {"json": False}
"""Metadata of a field that no JSON document has."""


@dataclass(frozen=True)
class OfCell:
    """Something about a gate of a cell: gates of several cells may share a name."""

    cell: str = field(kw_only=True, metadata=UNWRITTEN)


@dataclass(frozen=True)
class MatrixResult(OfCell):
    """Something about one gate's matrix, bias or gain; see ``MatrixAddress.labels``."""

    symbol: str
    name: str
    layer: int
    direction: str
    gate: str
    part: str

    @property
    def address(self) -> MatrixAddress:
        """The matrix in its cell."""
        return MatrixAddress.parse(self.name, self.cell)
