"""Which matrices of a weight report a person wants to see, and in which order."""

import difflib
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from grucli.cells.address import split_address
from grucli.errors import UsageError
from grucli.results import (
    MatrixChange,
    MatrixStatistics,
    Movement,
    WeightComparison,
    WeightPictures,
    WeightReport,
    quantities,
)
from grucli.runs.words import gate_of, gate_words, unknown_gates, unknown_layers

T = TypeVar("T")


@dataclass(frozen=True)
class Wanted:
    """Layers as 0 or 0r, gates as words or letters; everything where none is named.

    ``sort`` is the name of a statistic, largest first, values that are not defined last.
    """

    layers: Sequence[str] = ()
    gates: Sequence[str] = ()
    sort: str | None = None

    def keeps(self, address: str, cells: Iterable[str]) -> bool:
        """Whether a matrix of these cells was asked for, or what all gates of a layer share."""
        found = split_address(address)
        words = gate_words(cells) | {found.gate: found.gate}
        in_layers = not self.layers or found.place in self.layers
        gates = (gate_of(gate, words) for gate in self.gates)
        return in_layers and (not self.gates or found.gate in gates)


def arrange_report(report: WeightReport, wanted: Wanted) -> WeightReport:
    """The part of a report that was asked for. Raises UsageError for what does not exist."""
    known = quantities(MatrixStatistics)
    _check(wanted, [item.name for item in report.matrices], report.cells, known)
    matrices = [item for item in report.matrices if wanted.keeps(item.name, [item.cell])]
    return replace(
        report,
        matrices=_sorted(matrices, wanted.sort),
        time_constants=tuple(
            item for item in report.time_constants if wanted.keeps(item.bias_name, [item.cell])
        ),
        findings=tuple(item for item in report.findings if wanted.keeps(item.matrix, [item.cell])),
        movement=_arranged(report.movement, wanted),
    )


def _arranged(movement: Movement | None, wanted: Wanted) -> Movement | None:
    if movement is None:
        return None
    kept = tuple(item for item in movement.matrices if wanted.keeps(item.name, [item.cell]))
    return replace(movement, matrices=kept)


def arrange_comparison(comparison: WeightComparison, wanted: Wanted) -> WeightComparison:
    """The part of a comparison that was asked for. Raises UsageError for what does not exist."""
    single = (*comparison.only_before, *comparison.only_after)
    cells, known = comparison.cells, quantities(MatrixChange)
    _check(wanted, [*(item.name for item in comparison.changes), *single], cells, known)
    changes = [item for item in comparison.changes if wanted.keeps(item.name, [item.cell])]
    return replace(
        comparison,
        changes=_sorted(changes, wanted.sort),
        only_before=tuple(name for name in comparison.only_before if wanted.keeps(name, cells)),
        only_after=tuple(name for name in comparison.only_after if wanted.keeps(name, cells)),
    )


def arrange_pictures(pictures: WeightPictures, wanted: Wanted) -> WeightPictures:
    """The pictures of the matrices that were asked for, in their own order."""
    return replace(
        pictures,
        matrices=tuple(m for m in pictures.matrices if wanted.keeps(m.name, [m.cell])),
        spectra=tuple(s for s in pictures.spectra if wanted.keeps(s.name, [s.cell])),
    )


def _check(
    wanted: Wanted, addresses: Iterable[str], cells: Sequence[str], statistics: Collection[str]
) -> None:
    found = [split_address(address) for address in addresses]
    problems = unknown_layers(wanted.layers, list(dict.fromkeys(item.place for item in found)))
    problems += unknown_gates(wanted.gates, cells, {i.gate: i.gate for i in found if i.gate})
    if wanted.sort is not None and wanted.sort not in statistics:
        near = [name for name in statistics if wanted.sort in name]
        near += difflib.get_close_matches(wanted.sort, statistics, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        problems.append(
            f"--sort {wanted.sort}: no such statistic; {hint}expected one of "
            f"{', '.join(statistics)}"
        )
    if problems:
        raise UsageError(*problems)


def _sorted(items: Sequence[T], statistic: str | None) -> tuple[T, ...]:
    if statistic is None:
        return tuple(items)
    return tuple(sorted(items, key=_descending(statistic)))


def _descending(statistic: str) -> Callable[[object], float]:
    """Undefined values behind all others; the order of equal ones stays."""

    def key(item: object) -> float:
        value = getattr(item, statistic)
        return math.inf if value is None or math.isnan(value) else -value

    return key
