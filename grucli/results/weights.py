"""What weights look like: one matrix, a whole file, two files beside each other."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from grucli.cells.address import MatrixAddress, Place
from grucli.results.matrices import UNWRITTEN, MatrixResult, OfCell


@dataclass(frozen=True)
class MatrixStatistics(MatrixResult):
    """What one gate's matrix, bias or gain looks like.

    ``shape`` is (rows, columns); vectors have one entry. Statistics of entries are over the finite
    ones. ``near_zero_share`` counts entries of at most a thousandth of the root mean square
    ``rms``; ``histogram`` counts them in 16 equal bins from ``minimum`` to ``maximum``.

    The spectrum, from ``spectral_norm`` on, is None where it is not defined: vectors, matrices
    with entries that are not finite, for the eigenvalues also those that read other units, and
    for ``non_normality`` matrices so large that they were ``estimated``.
    ``rotation_steps`` is the period of the leading eigenvalue, ``outliers`` counts singular values
    beyond ``outlier_edge``, which a random matrix of this size and spread exceeds once in a
    hundred. ``power_law_note`` says why there is no exponent. ``dead_rows`` counts units whose row
    is at most a thousandth of the median row; ``row_norms`` and ``column_norms`` are there for all
    matrices whose entries are finite.
    ``effective_norm`` and ``effective_radius`` belong to layer normalised cells, where the raw
    norm has no effect: those of the centred matrix times the gain, ``divided_by`` the deviation of
    what is normalised: where ``is_measured`` that of the run's own data, else of inputs and states
    of unit variance.
    ``expected`` maps some of these names to the value before training, where the initialisation
    is known. ``module`` is the prefix of the recurrent stack where a file has several, else empty.
    """

    shape: tuple[int, ...]
    mean: float
    deviation: float
    minimum: float
    maximum: float
    norm: float
    near_zero_share: float
    not_finite: int
    histogram: tuple[int, ...]
    spectral_norm: float | None = None
    spectral_radius: float | None = None
    rms: float = math.nan
    smallest_singular_value: float | None = None
    condition: float | None = None
    stable_rank: float | None = None
    effective_rank: float | None = None
    participation_ratio: float | None = None
    orthogonality_defect: float | None = None
    non_normality: float | None = None
    rotation_steps: float | None = None
    outliers: int | None = None
    outlier_edge: float | None = None
    power_law_exponent: float | None = None
    power_law_distance: float | None = None
    power_law_note: str | None = None
    dead_rows: int | None = None
    row_norms: tuple[float, ...] = ()
    column_norms: tuple[float, ...] = ()
    effective_norm: float | None = None
    effective_radius: float | None = None
    divided_by: float | None = None
    is_measured: bool = False
    estimated: bool = False
    expected: Mapping[str, float] = field(default_factory=dict)
    module: str = ""


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
    """

    path: str
    format: str
    cell: str
    layer_norm: str
    matrices: tuple[MatrixStatistics, ...]
    time_constants: tuple[TimeConstants, ...]
    other_tensors: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    recipe: Mapping[str, Any] | None = None
    findings: tuple[Finding, ...] = ()
    inputs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells of the recurrent stacks."""
        return tuple(self.cell.split(", "))


@dataclass(frozen=True)
class MatrixValues(OfCell):
    """One matrix or vector itself, with its rows and columns named."""

    symbol: str
    name: str
    gate: str
    part: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]

    @property
    def address(self) -> MatrixAddress:
        """The matrix in its cell."""
        return MatrixAddress.parse(self.name, self.cell)


@dataclass(frozen=True)
class MatrixChange(MatrixResult):
    """How one matrix differs between two files: A before, B after.

    ``relative_change`` is |B - A| / |A|, ``cosine`` the cosine of the angle between the two taken
    as vectors, ``change_rank`` the effective rank of B - A (None for vectors and no change).
    """

    shape: tuple[int, ...]
    norm_before: float
    norm_after: float
    relative_change: float
    cosine: float
    change_rank: float | None
    module: str = ""


@dataclass(frozen=True)
class WeightComparison:
    """Two files beside each other.

    ``only_before`` and ``only_after`` name matrices that the other file lacks or has in another
    shape; ``differences`` maps the address of every entry of recipe, scaler, columns and data that
    differs to its two values as text; what a scaler learned has one for each column. ``cells`` are
    those of both files' stacks.
    """

    path_before: str
    path_after: str
    changes: tuple[MatrixChange, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    differences: Mapping[str, tuple[str, str]]
    cells: tuple[str, ...] = field(kw_only=True, metadata=UNWRITTEN)
