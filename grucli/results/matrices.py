"""What one matrix, bias or gain looks like, and how it differs between two files."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field
from typing import Any

from grucli.cells.address import MatrixAddress
from grucli.results.rows import Statistic, Topic, row

UNWRITTEN: Mapping[str, Any] = {"json": False}
"""Metadata of a field that no JSON document has."""


def _entries(heading: str, meaning: str = "", *, default: Any = MISSING, **facts: Any) -> Any:
    return row(Statistic(heading, meaning, "entries", **facts), default=default)


def _map(heading: str, meaning: str = "", table: Topic = "directions", **facts: Any) -> Any:
    return row(Statistic(heading, meaning, table, **facts), default=None)


def _lines(heading: str, meaning: str, table: Topic, *, default: Any, **facts: Any) -> Any:
    return row(Statistic(heading, meaning, table, **facts), default=default)


def _change(heading: str, *, rank: int) -> Any:
    return row(Statistic(heading, "", "change", rank=rank))


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


@dataclass(frozen=True)
class MatrixStatistics(MatrixResult):
    """What one gate's matrix, bias or gain looks like.

    ``shape`` is (rows, columns); vectors have one entry. Statistics of entries are over the finite
    ones. ``near_zero_share`` counts entries of at most a thousandth of the root mean square
    ``rms``; ``histogram`` counts them in 16 equal bins from ``minimum`` to ``maximum``.

    The spectrum, from ``spectral_norm`` on, is None where it is not defined: vectors, matrices
    with entries that are not finite, for the eigenvalues also those that read other units, and
    for ``departure_from_normality`` matrices so large that they were ``estimated``.
    ``rotation_steps`` is the period of the leading eigenvalue, ``outliers`` counts singular values
    beyond ``outlier_edge``, which a random matrix of this size and spread exceeds once in a
    hundred. ``power_law_note`` says why there is no exponent. ``near_zero_rows`` counts units whose
    row is at most a thousandth of the median row; ``row_norms`` and ``column_norms`` are there for
    all matrices whose entries are finite.
    ``effective_spectral_norm`` and ``effective_spectral_radius`` belong to layer normalised cells,
    where the raw norm has no effect: those of the centred matrix times the gain, over
    ``layer_norm_standard_deviation``, that of what is normalised: where ``is_measured`` on the
    run's own data, else for inputs and states of unit variance.
    ``expected`` maps some of these names to the value before training, where the initialisation
    is known. ``module`` is the prefix of the recurrent stack where a file has several, else empty.
    """

    shape: tuple[int, ...]
    mean: float = _entries("mean", place=1, rank=2)
    standard_deviation: float = _entries("std dev", "standard deviation", place=2, rank=1)
    minimum: float = _entries("min", place=3, rank=3)
    maximum: float = _entries("max", place=5, rank=3)
    frobenius_norm: float = row(Statistic("Frobenius norm", "", "size", 12, 2, is_of_vectors=True))
    near_zero_share: float = _entries(
        "near 0", "share of at most rms / 1000", place=6, rank=4, is_share=True
    )
    not_finite: int = _entries("not finite")
    histogram: tuple[int, ...] = _entries("values", place=4, rank=1)
    spectral_norm: float | None = _map(
        "spectral norm", "largest singular value", "size", place=13, rank=2
    )
    spectral_radius: float | None = _map(
        "spectral radius", "largest magnitude of an eigenvalue", "recurrence", place=16, rank=2
    )
    rms: float = _entries("rms", "root mean square", place=7, rank=5, default=math.nan)
    smallest_singular_value: float | None = _map(
        "s min", "smallest singular value", "size", place=14, rank=8
    )
    condition_number: float | None = _map(
        "condition", "condition number, spectral norm / s min", "size", place=15, rank=9
    )
    stable_rank: float | None = _map(
        "stable rank", "(Frobenius norm / spectral norm)²", place=18, rank=10
    )
    effective_rank: float | None = _map(
        "eff. rank",
        "effective rank: exponential of the entropy of the singular values",
        place=19,
        rank=3,
    )
    participation_ratio: float | None = _map(
        "part. ratio", "participation ratio of the squared singular values", place=20, rank=12
    )
    departure_from_orthogonality: float | None = _map(
        "from orthog.", "distance from an orthogonal matrix", "recurrence", place=21, rank=5
    )
    departure_from_normality: float | None = _map(
        "Henrici", "departure from a normal matrix", "recurrence", place=22, rank=6
    )
    rotation_steps: float | None = _map(
        "period",
        "steps in which the leading eigenvalue goes round once",
        "recurrence",
        place=17,
        rank=11,
    )
    outliers: int | None = _map(
        "outliers", "singular values beyond those of a random matrix", place=23, rank=4
    )
    outlier_edge: float | None = _map("outlier edge")
    power_law_exponent: float | None = _map(
        "alpha / D",
        "exponent of a power law and its distance from the data, below 0.1 a fit",
        "power law",
        place=24,
        rank=13,
    )
    power_law_distance: float | None = _map("alpha / D", table="power law")
    power_law_note: str | None = None
    near_zero_rows: int | None = _lines(
        "near-0 rows",
        "of at most a thousandth of the median norm",
        "rows",
        default=None,
        place=31,
        rank=1,
    )
    row_norms: tuple[float, ...] = _lines(
        "row min, row median, row max",
        "row median: norm of one unit's row, the middle one",
        "rows",
        place=30,
        rank=1,
        default=(),
    )
    column_norms: tuple[float, ...] = _lines(
        "largest column, smallest column",
        "largest column: what is read with the largest norm",
        "columns",
        place=32,
        rank=2,
        default=(),
    )
    effective_spectral_norm: float | None = _map(
        "eff. spectral norm", table="size", place=10, rank=1
    )
    effective_spectral_radius: float | None = _map(
        "eff. spectral radius", table="recurrence", place=11, rank=1
    )
    layer_norm_standard_deviation: float | None = _map("layer norm std", table="size")
    is_measured: bool = False
    estimated: bool = False
    expected: Mapping[str, float] = field(default_factory=dict)
    module: str = ""


@dataclass(frozen=True)
class MatrixChange(MatrixResult):
    """How one matrix differs between two files: A before, B after.

    ``relative_change`` is |B - A| / |A|, ``cosine_similarity`` the cosine of the angle between the
    two taken as vectors, ``change_effective_rank`` the effective rank of B - A (None for vectors
    and no change).
    ``spectrum_distance`` is that of the singular values alone, which the order of units leaves as
    they are: |s_B - s_A| / |s_A|; None for vectors and entries that are not finite.
    """

    shape: tuple[int, ...]
    frobenius_norm_before: float = _change("norm A", rank=1)
    frobenius_norm_after: float = _change("norm B", rank=1)
    relative_change: float = _change("|B-A|/|A|", rank=1)
    cosine_similarity: float = _change("cosine", rank=2)
    change_effective_rank: float | None = _change("rank of B-A", rank=4)
    spectrum_distance: float | None = _change("of spectra", rank=3)
    module: str = ""
