"""The numbers of a report by name, for checks such as ``W_h*.spectral_radius>1.5``."""

from collections import Counter
from collections.abc import Iterator, Sequence

from grucli.results import (
    MatrixChange,
    MatrixStatistics,
    WeightComparison,
    WeightReport,
    old_names,
    quantities,
)

_SECTIONS = ("recipe", "data", "scaler", "columns", "versions", "progress", "deviations")
"""Parts of a checkpoint whose differences are counted even where there are none."""

Matrices = Sequence[MatrixStatistics] | Sequence[MatrixChange]


def report_numbers(report: WeightReport) -> dict[str, float | None]:
    """Name -> number, None where it is not defined.

    ``nan`` counts all entries that are not finite, ``findings`` the findings. A matrix's statistic
    is ``W_hz.spectral_radius``; with several layers, directions or stacks the place stands between
    the two: ``W_hz.1r.spectral_radius``, ``W_hz.coder.1r.spectral_radius``. ``long_names`` has
    other names for them.
    """
    return {
        "nan": sum(item.not_finite for item in report.matrices),
        "findings": len(report.findings),
    } | {short: value for short, _, value in _numbers(report.matrices)}


def comparison_numbers(comparison: WeightComparison) -> dict[str, float | None]:
    """Name -> number of a comparison: ``W_hz.relative_change`` and so on, as in a report.

    ``differences`` counts the entries that differ, ``differences.recipe`` those of one section,
    ``unmatched`` the matrices that only one of the two has in this shape.
    """
    found = Counter(address.partition(".")[0] for address in comparison.differences)
    sections = dict.fromkeys(_SECTIONS, 0) | found
    return {
        "unmatched": len(comparison.only_before) + len(comparison.only_after),
        "differences": found.total(),
        **{f"differences.{section}": count for section, count in sections.items()},
        **{short: value for short, _, value in _numbers(comparison.changes)},
    }


def long_names(found: WeightReport | WeightComparison) -> dict[str, str]:
    """Other names of numbers: by address, such as ``coder.0r.update.hh.frobenius_norm``, and old.

    The old ones are those that the JSON documents had.
    """
    items = found.matrices if isinstance(found, WeightReport) else found.changes
    names = {long: short for short, long, _ in _numbers(items)}
    return names | {old: short for short, long, _ in _numbers(items) for old in _old(short, long)}


def _numbers(matrices: Matrices) -> Iterator[tuple[str, str, float | None]]:
    """The name by symbol, the name by address and the value of every number of every matrix."""
    places = {(item.module, item.layer, item.direction) for item in matrices}
    stacks = {item.module for item in matrices}
    for item in matrices:
        place = item.name.partition(".")[0] if len(places) > 1 else ""
        place = item.module + place if len(stacks) > 1 else place
        report: type = type(item)
        for quantity in quantities(report):
            short = ".".join(filter(None, (item.symbol, place, quantity)))
            yield short, f"{item.module}{item.name}.{quantity}", getattr(item, quantity)


def _old(*names: str) -> Iterator[str]:
    """The same names with the word that the statistic had before, where it had another."""
    for name in names:
        place, _, quantity = name.rpartition(".")
        for kind in (MatrixStatistics, MatrixChange):
            if quantity in (known := old_names(kind)):
                yield f"{place}.{known[quantity]}"
