"""The learning-rate range test on screen: the running mean of the loss against the rate."""

import shlex
from collections.abc import Iterator

from rich.text import Text

from grucli.cli.kit.line_chart import line_chart
from grucli.cli.kit.numbers import power
from grucli.cli.kit.page import Page, Screen
from grucli.results import RateRange
from grucli.text import clean

_CHART_LINES = 14
_LEGEND = "running mean of the training loss; the rate rises by one factor at every step"


def render_rate_range(found: RateRange, width: int) -> Screen:
    """The curve, with the rate that is suggested marked, and what it says."""
    return Screen(width, lambda page: _content(page, found))


def render_next(found: RateRange, recipe: str, width: int) -> Screen:
    """The command that takes the rate."""
    command = f"  grucli train {shlex.quote(recipe)} --set train.lr={power(found.suggested)}"
    lines = [Text(), Text("Next", style="bold"), Text(command, style="cyan")]
    return Screen(width, lambda _page: lines)


def _content(page: Page, found: RateRange) -> Iterator[Text]:
    yield page.line(f"Learning rates of {clean(found.recipe)}", style="bold")
    yield page.line(_LEGEND, style="dim")
    yield Text("")
    yield from line_chart(
        {"loss": found.smoothed},
        page.width,
        _CHART_LINES,
        best=("loss", found.rates.index(found.suggested)),
        x_labels=(power(found.rates[0]), power(found.rates[-1])),
        ascii_only=page.ascii_only,
    )
    yield Text("")
    yield from page.paragraphs(_verdict(found))


def _verdict(found: RateRange) -> Iterator[str]:
    end = "" if found.is_complete else f"; it diverges above {power(found.rates[-1])}"
    yield (
        f"◆ train.lr {power(found.suggested)} is suggested, where the loss falls fastest, but at "
        f"most a tenth of where it is lowest ({power(found.lowest)}){end}. "
        f"The recipe has {power(found.own)}."
    )
