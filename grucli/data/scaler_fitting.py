"""A scaler measured on the values of the training span."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from grucli.data.scaling import Scaler
from grucli.data.values import Floats
from grucli.errors import DataError


def fit_scaler(
    kind: str,
    measured_values: Iterable[Floats],
    columns: tuple[str, ...],
    *,
    as_is: Sequence[str] = (),
    transform: str = "none",
    transformed: Sequence[str] = (),
    vocabularies: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> Scaler:
    """Fit on what was measured of each column, which must be of the training span alone.

    standard: mean and population standard deviation; minmax: to [0, 1]; robust: median and
    interquartile range; none: as it is, and so are the columns of ``as_is`` and those of
    ``vocabularies``, which are kept. The
    ``transformed`` columns are measured as ``transform`` has them. Raises DataError for a
    column that is constant or has no finite spread.
    """
    center, spread = np.zeros(len(columns)), np.ones(len(columns))
    names = () if transform == "none" else tuple(transformed)
    whole = Scaler(kind, columns, center, spread, transform, names, dict(vocabularies))
    problems = []
    for index, (name, measured) in enumerate(zip(columns, measured_values, strict=True)):
        if name in as_is or name in vocabularies:
            continue
        if problem := _unfit(measured):
            problems.append(f"column {name!r}: {problem}")
        elif kind != "none":
            center[index], spread[index] = measured_statistics(
                kind, whole.measured(index, measured)
            )
            if not (np.isfinite(spread[index]) and spread[index] > 0):
                problems.append(
                    f"column {name!r}: its {kind} spread over the training span is "
                    f"{spread[index]:g}; expected a positive number; choose another data.scale"
                )
    if problems:
        raise DataError(*problems)
    return whole


def _unfit(measured: Floats) -> str | None:
    """Why values [N] cannot be learned from; None where they can."""
    if len(measured) == 0:
        return (
            "no measured value in the training span; expected some; change data.split or leave "
            "the column out"
        )
    if _is_tiny(measured):
        return (
            f"no value above {np.finfo(float).tiny:.3g}; such numbers are too small to compute "
            "with; multiply the column, such as by 1e300"
        )
    if measured.min() == measured.max():
        return (
            f"constant, {measured[0]:g} in all {len(measured)} measured rows of the training "
            "span; expected a column that varies; leave it out of the recipe or change data.split"
        )
    return None


def _is_tiny(measured: Floats) -> bool:
    """Whether values [N], not all 0, are denormal: the machine may take them for 0 in training."""
    bits = np.ascontiguousarray(measured).view(np.int64) & np.iinfo(np.int64).max
    return bool(0 < bits.max() < np.finfo(float).tiny.view(np.int64))


def measured_statistics(kind: str, measured: Floats) -> tuple[float, float]:
    """Center and spread of values [N]; the spread may be 0 or not finite.

    Differences to the first value keep small noise on a large offset.
    """
    if kind == "none":
        return 0.0, 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        if kind == "minmax":
            return float(measured.min()), float(measured.max() - measured.min())
        if kind == "robust":
            low, middle, high = np.quantile(measured, (0.25, 0.5, 0.75))
            return float(middle), float(high - low)
        change = measured - measured[0]
        largest = np.abs(change).max()
        if largest == 0:
            return float(measured[0]), 0.0
        share = change / largest
        return float(measured[0] + largest * share.mean()), float(largest * share.std())
