"""Runs beside each other on the screen."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from grucli.cli.kit.columns import Column
from grucli.cli.kit.numbers import align_decimals, clock, count, digits
from grucli.cli.kit.page import Page, Screen
from grucli.results import RunComparison, RunSummary
from grucli.text import clean, plural, shorten, some

_SHOWN = ("mase", "rmse", "mae", "r2", "accuracy", "macro_f1", "log_loss")
"""Metrics that a screen has room for; --json has all."""
_LONGEST_NAME, _MOST_RUNS, _LONGEST_VALUE = 28, 6, 40
_MIB = 1 << 20


def render_runs(found: RunComparison, width: int) -> Screen:
    """One line for each run, the best first, then the keys that differ, in ``width`` columns."""
    return Screen(width, lambda page: _content(page, found))


def _content(page: Page, found: RunComparison) -> Iterator[Text]:
    how = found.sorted_by.replace("_", " ")
    yield page.line(f"{plural(len(found.runs), 'run')}, the best {how} first", style="bold")
    first = Column("run", tuple(map(_name, found.runs)), numeric=False)
    styles = ["bold"] + [""] * (len(found.runs) - 1)
    for columns in page.blocks([first], _numbers(found.runs)):
        yield from page.table(columns, styles=styles)
    yield Text("")
    if found.differences:
        yield Text("Recipes differ in", style="bold")
        yield from page.paragraphs(_differences(found))
    elif len(found.runs) > 1:
        yield Text("Recipes are the same.")
    unfinished = [_name(run) for run in found.runs if not run.is_finished]
    if unfinished:
        yield from page.paragraphs(
            [f"not at their end: {some(unfinished, _MOST_RUNS)}"], style="dim"
        )
    yield from page.paragraphs([f"note: {clean(note)}" for note in found.notes], style="dim")


def _name(run: RunSummary) -> str:
    return shorten(clean(run.run), _LONGEST_NAME)


def _numbers(runs: Sequence[RunSummary]) -> list[Column]:
    names = [name for name in _SHOWN if any(name in run.scores for run in runs)]
    columns = [
        Column(
            name.replace("_", " "),
            tuple(align_decimals([digits(run.scores.get(name)) for run in runs])),
            rank,
        )
        for rank, name in enumerate(names)
    ]
    losses = align_decimals([digits(run.valid_loss) for run in runs])
    return [
        *columns,
        Column("valid loss", tuple(losses), 1),
        Column("best epoch", tuple(f"{run.best_epoch}/{run.epoch}" for run in runs), 3),
        Column("parameters", tuple(count(run.parameters) for run in runs), 2),
        Column("MiB", tuple(digits(run.bytes / _MIB, 3) for run in runs), 8),
        Column("time", tuple(clock(run.seconds) for run in runs), 2),
    ]


def _differences(found: RunComparison) -> Iterator[str]:
    """Each key with its values, and which runs have each where these are several."""
    names = [_name(run) for run in found.runs]
    for key, values in found.differences.items():
        having: dict[str, list[str]] = {}
        for name, value in zip(names, values, strict=True):
            having.setdefault(_value(value), []).append(name)
        parts = [f"{value} ({some(owners, _MOST_RUNS)})" for value, owners in having.items()]
        yield f"{key}: {'; '.join(parts)}"


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        value = f"[{', '.join(map(str, value))}]"
    words = {None: "null", True: "true", False: "false"}
    plain = words.get(value, value) if value is None or isinstance(value, bool) else value
    return shorten(clean(str(plain)), _LONGEST_VALUE)
