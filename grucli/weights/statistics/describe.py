"""All statistics of one matrix, bias or gain in one value."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from grucli.cells.address import MatrixAddress
from grucli.results import MatrixStatistics
from grucli.text import plural
from grucli.weights.effective import EffectiveMatrix
from grucli.weights.statistics.lens import Lens
from grucli.weights.statistics.measures import MEASURES
from grucli.weights.statistics.power_law import FEWEST_EIGENVALUES


def matrix_statistics(
    name: MatrixAddress,
    values: NDArray[Any],
    *,
    exact: bool = False,
    expected: Mapping[str, float] | None = None,
    effective: EffectiveMatrix | None = None,
    module: str = "",
) -> MatrixStatistics:
    """Describe one gate's matrix [H, C] or vector [H].

    Matrices whose smaller side is above 512 are estimated unless ``exact`` (see ``estimates``).
    ``effective`` is what the matrix does below a layer normalisation (see ``effective``).
    """
    lens = Lens(values, exact=exact, returns=name.kind == "weight_hh", effective=effective)
    defined = [measure.numbers(lens) for measure in MEASURES if measure.where in lens.defined]
    return MatrixStatistics(
        **name.labels,
        shape=tuple(values.shape),
        power_law_note=_power_law_note(lens),
        is_measured=lens.effective is not None and lens.effective.is_measured,
        estimated="map" in lens.defined and lens.is_estimated,
        expected=dict(expected or {}),
        module=module,
        **{name: number for numbers in defined for name, number in numbers.items()},
    )


def _power_law_note(lens: Lens) -> str | None:
    """Why there is no exponent, where a spectrum has too few values."""
    if "directions" not in lens.defined or lens.power_law is not None:
        return None
    count = int((lens.singular_values != 0).sum())
    return f"{plural(count, 'eigenvalue')}, fewer than {FEWEST_EIGENVALUES}"
