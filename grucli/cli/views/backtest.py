"""A rolling origin on screen."""

from collections.abc import Iterator

from rich.text import Text

from grucli.cli.kit.columns import Column
from grucli.cli.kit.numbers import align_decimals, digits
from grucli.cli.kit.page import Page, Screen
from grucli.cli.views.intervals import interval_table
from grucli.cli.views.scores import left_out_lines
from grucli.results import Backtest
from grucli.text import clean, plural

_METRIC = "rmse"


def render_backtest(found: Backtest, width: int) -> Screen:
    """The root mean squared error of every forecaster by window, then over all."""
    return Screen(width, lambda page: _content(page, found))


def _content(page: Page, found: Backtest) -> Iterator[Text]:
    how = "a model trained before each" if found.is_refitted else "one model"
    yield page.line(f"Backtest of {clean(found.source)}", style="bold")
    yield page.line(
        f"{plural(len(found.windows), 'window')} of {plural(found.horizon_steps, 'step')}, "
        f"{plural(found.step_steps, 'step')} apart, {how}; {_METRIC}",
        style="dim",
    )
    windows = found.windows
    names = [
        Column("from", (*(clean(w.first) for w in windows), "all"), numeric=False),
        Column("to", (*(clean(w.last) for w in windows), ""), numeric=False),
    ]
    columns = []
    for rank, (name, overall) in enumerate(found.overall.items(), 1):
        values = [*(getattr(w.scores[name], _METRIC) for w in windows), overall.rmse]
        cells = tuple(align_decimals([digits(value) for value in values]))
        columns.append(Column(name.replace("_", " "), cells, rank))
    for block in page.blocks(names, columns):
        yield from page.table(block, styles=[*[""] * len(windows), "bold"])
        yield Text("")
    yield from left_out_lines(windows[0].left_out, page.width)
    yield from interval_table(found.intervals)
    yield from page.paragraphs(_verdict(found))


def _verdict(found: Backtest) -> Iterator[str]:
    """In how many windows the model has the smaller error."""
    ours = [window.scores["model"].mse for window in found.windows]
    for name in found.overall:
        if name != "model":
            theirs = [window.scores[name].mse for window in found.windows]
            wins = sum(our < their for our, their in zip(ours, theirs, strict=True))
            yield f"Better than {name.replace('_', ' ')} in {wins} of {len(ours)} windows."
