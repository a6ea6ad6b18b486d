"""Intervals on screen: how often they held the truth, and how wide they were."""

from collections.abc import Sequence

from rich.text import Text

from grucli.cli.kit.columns import Column
from grucli.cli.kit.numbers import align_decimals, digits
from grucli.cli.kit.page import draw_columns
from grucli.results import IntervalScore, Scores


def interval_numbers(scores: Scores) -> dict[str, float | None]:
    """Name every number: ``coverage.80`` as a share, ``width.80``, ``step3.coverage.80``."""
    numbers: dict[str, float | None] = {}
    for interval in scores.intervals:
        numbers[f"coverage.{interval.name}"] = interval.coverage
        numbers[f"width.{interval.name}"] = interval.width
        for step, coverage in enumerate(interval.coverage_by_step, 1):
            numbers[f"step{step}.coverage.{interval.name}"] = coverage
    return numbers


def interval_table(intervals: Sequence[IntervalScore]) -> list[Text]:
    """One row for each level, and a line to set them off."""
    if not intervals:
        return []
    shown = {
        "interval": [f"{interval.name} %" for interval in intervals],
        "coverage": [f"{digits(100 * interval.coverage, 3)} %" for interval in intervals],
        "mean width": align_decimals([digits(interval.width) for interval in intervals]),
    }
    plain = ("",) * len(intervals)
    columns = [Column(name, tuple(cells), styles=plain) for name, cells in shown.items()]
    return [*draw_columns(columns, gap=2), Text()]
