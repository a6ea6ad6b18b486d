"""What the weights of a whole file look like, and two files beside each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from grucli.cells.address import MatrixAddress, Place
from grucli.results.matrices import UNWRITTEN, MatrixChange, MatrixStatistics, OfCell
from grucli.results.movement import Movement


@dataclass(frozen=True)
class TimeConstants(OfCell):
    """Memory of a layer's units as its update (or forget) bias alone sets it, in steps.

    tau = -1 / ln(sigmoid(b)) for the summed bias b of the gate that keeps the state.
    """

    layer: int
    direction: str
    gate: str
    minimum: float
    median: float
    maximum: float
    module: str = ""

    @property
    def bias_name(self) -> str:
        """The address of the gate's biases together, such as 0r.update.bias."""
        place = Place(self.layer, self.direction == "reverse")
        return MatrixAddress(self.cell, place, self.gate, "bias_sum").long


@dataclass(frozen=True)
class Finding:
    """One thing to know about a matrix: what was measured and the threshold that it crossed.

    ``text`` is a whole sentence such as ``W_hz layer 0: spectral radius 1.31 > 1.2: ...``;
    ``quantity`` the name of the statistic, ``matrix`` the matrix's long name; both it and ``cell``
    are empty where a finding is about no one matrix.
    """

    matrix: str
    quantity: str
    value: float
    threshold: float
    text: str
    cell: str = field(default="", kw_only=True, metadata=UNWRITTEN)

    @property
    def address(self) -> MatrixAddress | None:
        """The matrix in its cell, if it is about one."""
        return MatrixAddress.parse(self.matrix, self.cell) if self.cell else None


@dataclass(frozen=True)
class WeightReport:
    """Every matrix of a checkpoint or foreign file, and what the file says of itself.

    ``inputs`` names the columns of the first layer's input matrices, empty where the file does
    not say; ``cell`` and ``layer_norm`` join the kinds of several recurrent stacks with commas.
    ``notes`` are sentences on what is another cell than its names say, or was not read.
    ``categories`` names the tensor that holds the vectors of each column of texts.
    ``layout`` and ``member`` are what was asked for. ``movement`` is the way from the
    initialisation, where the run's record lies beside the file.
    """

    path: str
    format: str
    cell: str
    layer_norm: str
    matrices: tuple[MatrixStatistics, ...]
    time_constants: tuple[TimeConstants, ...]
    other_tensors: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    recipe: Mapping[str, Any] | None = None
    findings: tuple[Finding, ...] = ()
    inputs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    layout: str | None = None
    member: int | None = None
    movement: Movement | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells of the recurrent stacks."""
        return tuple(self.cell.split(", "))


@dataclass(frozen=True)
class MatrixValues(OfCell):
    """One matrix or vector itself, with its rows and columns named.

    ``member`` and ``members`` are as in ``TraceReport``.
    """

    symbol: str
    name: str
    gate: str
    part: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    member: int | None = field(default=None, kw_only=True)
    members: int = field(default=1, kw_only=True)

    @property
    def address(self) -> MatrixAddress:
        """The matrix in its cell."""
        return MatrixAddress.parse(self.name, self.cell)


@dataclass(frozen=True)
class WeightComparison:
    """Two files beside each other.

    ``only_before`` and ``only_after`` name matrices that the other file lacks or has in another
    shape; ``differences`` maps the address of every entry of recipe, scaler, columns and data that
    differs to its two values as text; what a scaler learned has one for each column.
    ``is_of_two_draws`` says that the matrices look as if each file began from a draw of its own, so
    that none of them moved from the one to the other. ``cells`` are those of both files' stacks.
    ``member_before`` and the like are as ``member`` and ``members`` in ``TraceReport``.
    """

    path_before: str
    path_after: str
    changes: tuple[MatrixChange, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    differences: Mapping[str, tuple[str, str]]
    is_of_two_draws: bool = False
    member_before: int | None = None
    members_before: int = 1
    member_after: int | None = None
    members_after: int = 1
    cells: tuple[str, ...] = field(kw_only=True, metadata=UNWRITTEN)
