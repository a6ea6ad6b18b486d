"""What ``grucli check`` found, on screen."""

from collections.abc import Iterator

from rich.text import Text

from grucli.cli.kit.columns import Column
from grucli.cli.kit.numbers import count, digits, duration
from grucli.cli.kit.page import Page, Screen
from grucli.results import RecipeCheck
from grucli.text import clean, plural, some

_MOST_COLUMNS = 6
_MIB = 1 << 20


def render_check(found: RecipeCheck, width: int) -> Screen:
    """The table, its parts, the model and what training it costs, in ``width`` columns."""
    return Screen(width, lambda page: _content(page, found))


def _content(page: Page, found: RecipeCheck) -> Iterator[Text]:
    yield page.line(f"{clean(found.recipe)}: can be trained", style="bold")
    many = f", {plural(found.series, 'series', 'series')}" if found.series > 1 else ""
    facts = {
        "table": f"{clean(found.table)}: {plural(found.rows, 'row')}{many}, {found.frequency}",
        "columns": some([*map(clean, found.columns)], _MOST_COLUMNS),
        "model": f"{clean(found.model)}, {plural(found.parameters, 'parameter')}",
        "device": f"{found.device}, {plural(found.threads, 'thread')}, kernel {found.kernel}",
        **_memory(found),
        "time": (
            f"{digits(1000 * found.batch_seconds, 3)} ms a batch, {duration(found.epoch_seconds)} "
            f"an epoch of {plural(found.steps_per_epoch, 'step')}, at most "
            f"{duration(found.total_seconds)} for {plural(found.epochs, 'epoch')}"
        ),
    }
    for name, words in facts.items():
        yield from page.paragraphs([f"{name:<10}{words}"])
    yield from page.table(_spans(found), styles=[""] * len(found.spans))
    yield from page.paragraphs([f"note: {clean(note)}" for note in found.notes], style="dim")


def _memory(found: RecipeCheck) -> dict[str, str]:
    if found.memory_bytes is None:
        return {}
    return {"memory": f"{count(found.memory_bytes / _MIB)} MiB with one batch"}


def _spans(found: RecipeCheck) -> list[Column]:
    spans = found.spans
    columns = [
        Column("", tuple(span.name for span in spans), numeric=False),
        Column(f"{found.samples_word}s", tuple(count(span.samples) for span in spans)),
    ]
    if spans[0].first is not None:
        for heading, times in (
            ("from", [span.first for span in spans]),
            ("to", [span.last for span in spans]),
        ):
            cells = tuple(clean(time or "") for time in times)
            columns.append(Column(heading, cells, numeric=False))
    return columns
