"""Every statistic of a matrix: the function that computes it, of what, and where it is defined.

The functions' docstrings are the page docs/statistics.md, in this order. What a statistic is called
on screen stands at its field of ``results.MatrixStatistics``.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from grucli.weights.effective import effective_matrices
from grucli.weights.statistics import eigen, elements, lines, singular
from grucli.weights.statistics.lens import Lens, Where
from grucli.weights.statistics.power_law import fit_power_law
from grucli.weights.statistics.random_matrix import marchenko_pastur_edge, outliers

Subject = TypeVar("Subject")


@dataclass(frozen=True)
class Measure(Generic[Subject]):
    """The fields that one function explains; ``read`` gives a number for each of ``names``."""

    names: tuple[str, ...]
    function: Callable[..., Any]
    read: Callable[[Subject], Iterable[Any]]
    where: Where = "everywhere"

    def numbers(self, subject: Subject) -> dict[str, Any]:
        """Name -> number."""
        return dict(zip(self.names, self.read(subject), strict=True))


def _of_entries(name: str, function: Callable[..., Any]) -> Measure[Lens]:
    return Measure((name,), function, lambda lens: (function(lens.entries),))


def _of_matrix(name: str, function: Callable[..., Any]) -> Measure[Lens]:
    return Measure((name,), function, lambda lens: (function(lens.matrix),), "map")


def _of_directions(name: str, function: Callable[..., Any]) -> Measure[Lens]:
    return Measure((name,), function, lambda lens: (function(lens.singular_values),), "directions")


def _of_loops(name: str, function: Callable[..., Any]) -> Measure[Lens]:
    return Measure((name,), function, lambda lens: (function(lens.eigenvalues),), "loops")


def _ends(lens: Lens) -> tuple[float, float | None]:
    """A matrix of zeros has no main axes, so no last one."""
    s = lens.singular_values
    return float(s[0]), float(s[-1]) if s[0] != 0 else None


def _power_law(lens: Lens) -> tuple[float | None, float | None]:
    fit = lens.power_law
    return (None, None) if fit is None else (fit.exponent, fit.distance)


def _non_normality(lens: Lens) -> tuple[float | None]:
    """It needs all eigenvalues."""
    return (
        None
        if lens.is_estimated
        else eigen.departure_from_normality(lens.matrix, lens.eigenvalues),
    )


def _effective(lens: Lens) -> tuple[float, float | None, float]:
    assert lens.effective is not None
    scaled = Lens(lens.effective.values, exact=lens.exact, returns=lens.returns)
    radius = eigen.spectral_radius(scaled.eigenvalues) if "loops" in scaled.defined else None
    return float(scaled.singular_values[0]), radius, lens.effective.standard_deviation


MEASURES: tuple[Measure[Lens], ...] = (
    Measure(
        ("mean", "standard_deviation", "minimum", "maximum"),
        elements.spread,
        lambda lens: elements.spread(lens.entries).values(),
    ),
    _of_entries("histogram", elements.histogram),
    _of_entries("near_zero_share", elements.near_zero_share),
    Measure(("not_finite",), elements.not_finite, lambda lens: (lens.not_finite,)),
    _of_entries("rms", elements.root_mean_square),
    _of_entries("frobenius_norm", elements.norm),
    Measure(("spectral_norm", "smallest_singular_value"), singular.singular_values, _ends, "map"),
    _of_directions("condition_number", singular.condition_number),
    _of_directions("stable_rank", singular.stable_rank),
    _of_directions("effective_rank", singular.effective_rank),
    _of_directions("participation_ratio", singular.participation_ratio),
    _of_directions("departure_from_orthogonality", singular.departure_from_orthogonality),
    _of_loops("spectral_radius", eigen.spectral_radius),
    _of_loops("rotation_steps", eigen.leading_period),
    Measure(("departure_from_normality",), eigen.departure_from_normality, _non_normality, "loops"),
    Measure(
        ("outliers",),
        outliers,
        lambda lens: (outliers(lens.singular_values, lens.edge),),
        "directions",
    ),
    Measure(("outlier_edge",), marchenko_pastur_edge, lambda lens: (lens.edge,), "directions"),
    Measure(("power_law_exponent", "power_law_distance"), fit_power_law, _power_law, "directions"),
    _of_matrix("near_zero_rows", lines.near_zero_rows),
    _of_matrix("row_norms", lines.row_norms),
    _of_matrix("column_norms", lines.column_norms),
    Measure(
        ("effective_spectral_norm", "effective_spectral_radius", "layer_norm_standard_deviation"),
        effective_matrices,
        _effective,
        "normalised",
    ),
)
