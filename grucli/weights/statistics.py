"""All statistics of one matrix, bias or gain in one value."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.cells.address import MatrixAddress
from grucli.results import MatrixStatistics
from grucli.weights import elements, estimates, spectrum
from grucli.weights.effective import ActingMatrix
from grucli.weights.power_law import FEWEST_EIGENVALUES, fit_power_law
from grucli.weights.random_matrix import marchenko_pastur_edge, outliers


def matrix_statistics(
    name: MatrixAddress,
    values: NDArray[Any],
    *,
    exact: bool = False,
    expected: Mapping[str, float] | None = None,
    acting: ActingMatrix | None = None,
    module: str = "",
) -> MatrixStatistics:
    """Describe one gate's matrix [H, C] or vector [H].

    Matrices whose smaller side is above 512 are estimated unless ``exact`` (see ``estimates``).
    ``acting`` is what the matrix does below a layer normalisation (see ``effective``).
    """
    entries = elements.finite_entries(values)
    not_finite = elements.not_finite(values)
    found: dict[str, Any] = dict(elements.spread(entries))
    if values.ndim == 2 and not not_finite:
        matrix = values.astype(np.float64)
        found |= _spectral(matrix, exact=exact, returns=name.kind == "weight_hh")
        found["row_norms"] = tuple(spectrum.row_norms(matrix).tolist())
        found["column_norms"] = tuple(spectrum.column_norms(matrix).tolist())
    if acting is not None and np.isfinite(acting.values).all():
        found |= _acting(acting, exact=exact, returns=name.kind == "weight_hh")
    return MatrixStatistics(
        **name.labels,
        shape=tuple(values.shape),
        norm=elements.norm(entries),
        near_zero_share=elements.near_zero_share(entries),
        not_finite=not_finite,
        histogram=elements.histogram(entries),
        rms=elements.root_mean_square(entries),
        expected=dict(expected or {}),
        module=module,
        **found,
    )


def _spectral(matrix: spectrum.Matrix, *, exact: bool, returns: bool) -> dict[str, Any]:
    """Spectrum; eigenvalues where a matrix ``returns`` to the units that it reads."""
    estimated = _is_estimated(matrix, exact=exact)
    s = _singular_values(matrix, estimated=estimated)
    if s[0] == 0:
        return {"spectral_norm": 0.0, "dead_rows": len(matrix), "estimated": estimated}
    deviation = elements.root_mean_square(matrix.ravel())
    edge = marchenko_pastur_edge(matrix.shape[0], matrix.shape[1], deviation)
    found: dict[str, Any] = {
        "spectral_norm": float(s[0]),
        "smallest_singular_value": float(s[-1]),
        "condition": spectrum.condition(s),
        "stable_rank": spectrum.stable_rank(s),
        "effective_rank": spectrum.effective_rank(s),
        "participation_ratio": spectrum.participation_ratio(s),
        "orthogonality_defect": spectrum.orthogonality_defect(s),
        "outliers": outliers(s, edge),
        "outlier_edge": edge,
        "dead_rows": spectrum.dead_rows(matrix),
        "estimated": estimated,
    }
    if returns:
        found |= _eigen(matrix, estimated=estimated)
    return found | _power_law(s)


def _acting(acting: ActingMatrix, *, exact: bool, returns: bool) -> dict[str, Any]:
    estimated = _is_estimated(acting.values, exact=exact)
    norm = float(_singular_values(acting.values, estimated=estimated)[0])
    found = _eigen(acting.values, estimated=estimated) if returns and norm > 0 else {}
    return {
        "divided_by": acting.deviation,
        "is_measured": acting.is_measured,
        "effective_norm": norm,
        "effective_radius": found.get("spectral_radius"),
    }


def _is_estimated(matrix: spectrum.Matrix, *, exact: bool) -> bool:
    return min(matrix.shape) > estimates.LARGE and not exact


def _singular_values(matrix: spectrum.Matrix, *, estimated: bool) -> spectrum.Vector:
    return estimates.gram_singular_values(matrix) if estimated else spectrum.singular_values(matrix)


def _eigen(matrix: spectrum.Matrix, *, estimated: bool) -> dict[str, Any]:
    """What eigenvalues say; nothing of a matrix that is not square."""
    if matrix.shape[0] != matrix.shape[1]:
        return {}
    if estimated:
        values = estimates.leading_eigenvalues(matrix)
        henrici = None
    else:
        values = spectrum.eigenvalues(matrix)
        henrici = spectrum.non_normality(matrix, values)
    return {
        "spectral_radius": spectrum.spectral_radius(values),
        "rotation_steps": spectrum.leading_period(values),
        "non_normality": henrici,
    }


def _power_law(s: spectrum.Vector) -> dict[str, Any]:
    fit = fit_power_law(s)
    if fit is None:
        count = int(np.count_nonzero(s))
        many = "eigenvalue" if count == 1 else "eigenvalues"
        return {"power_law_note": f"{count} {many}, fewer than {FEWEST_EIGENVALUES}"}
    return {"power_law_exponent": fit.exponent, "power_law_distance": fit.distance}
