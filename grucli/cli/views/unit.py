"""One unit on the screen: what it reads, what reads it, what it does, how it learned that."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from grucli.cli.kit.charts import sparkline
from grucli.cli.kit.columns import Column
from grucli.cli.kit.gates import gate_style
from grucli.cli.kit.numbers import digits
from grucli.cli.kit.page import GAP, MARGIN, Page, Screen
from grucli.results import Link, UnitReport
from grucli.text import clean, shorten

_SHOWN_INPUTS, _NAME, _ENDS = 4, 14, 20


def render_unit(report: UnitReport, width: int, *, naming: str = "symbols") -> Screen:
    """Everything in ``width`` columns (80 are enough); gates are called by their letters."""
    return Screen(width, lambda page: _content(page, report))


def _content(page: Page, report: UnitReport) -> Iterator[Text]:
    side = " reverse" if report.direction == "reverse" else ""
    title = f"unit {report.unit} of {report.units} · layer {report.layer}{side} · "
    yield page.line(f"{title}{report.cell.upper()} · {clean(report.path)}", style="bold")
    yield Text("")
    yield page.line("What it listens to, and what listens to it (largest weights)", style="bold")
    yield from page.table(_links(report), styles=[""] * len(report.incoming_weights))
    yield Text("")
    if report.times:
        yield page.line(
            f"Along the newest context, {report.times[0]} to {report.times[-1]}", style="bold"
        )
        yield from _context(page, report)
    elif report.note:
        yield from page.paragraphs([f"No context: {clean(report.note)}"])
    if report.decoder_weights:
        yield Text("")
        yield page.line(
            "What the forecast makes of its state, by step of the horizon", style="bold"
        )
        yield _curve(page, "weight", report.decoder_weights)
    if report.learned_steps:
        yield Text("")
        yield page.line(
            f"How far its weights moved from their start, step 0 to {report.learned_steps[-1]:,} "
            "(over their norm)",
            style="bold",
        )
        for gate in report.gates:
            style = gate_style(report.cell, gate.gate)
            yield _curve(page, f"{gate.symbol} {gate.gate}", gate.relative_changes, style=style)
    yield Text("")
    yield from page.paragraphs(_words(report), style="dim")


def _links(report: UnitReport) -> list[Column]:
    def names(links: Sequence[Link]) -> tuple[str, ...]:
        return tuple(shorten(clean(link.name), _NAME) for link in links)

    def column(heading: str, cells: Sequence[str], *, numeric: bool = False) -> Column:
        padded = (*cells, *[""] * (len(report.incoming_weights) - len(cells)))
        return Column(heading, padded[: len(report.incoming_weights)], numeric=numeric)

    return [
        column("reads", names(report.incoming_weights)),
        column("by gate", [link.gate for link in report.incoming_weights]),
        column(
            "weight", [digits(link.weight, 3) for link in report.incoming_weights], numeric=True
        ),
        column("is read by", names(report.outgoing_weights)),
        column("in gate", [link.gate for link in report.outgoing_weights]),
        column(
            "weight ", [digits(link.weight, 3) for link in report.outgoing_weights], numeric=True
        ),
    ]


def _context(page: Page, report: UnitReport) -> Iterator[Text]:
    for name, values in list(report.inputs.items())[:_SHOWN_INPUTS]:
        yield _curve(page, clean(name), values)
    for gate in report.gates:
        style = gate_style(report.cell, gate.gate)
        yield _curve(page, f"{gate.symbol} {gate.gate}", gate.values, style=style)
    if "h" not in {gate.symbol for gate in report.gates}:
        yield _curve(page, "h state", report.states)


def _curve(page: Page, name: str, values: Sequence[float], *, style: str = "") -> Text:
    """A line of bars between its ends, from the lowest value to the highest."""
    ends = f"{digits(min(values), 3)} to {digits(max(values), 3)}"
    width = max(page.width - MARGIN - _NAME - 2 * GAP - _ENDS, 1)
    label = shorten(name, _NAME).ljust(_NAME)
    return Text(f"{' ' * MARGIN}{label}  {sparkline(values, width).ljust(width)}  {ends}", style)


def _words(report: UnitReport) -> Iterator[str]:
    if report.time_constant_steps is not None:
        yield f"Time constant by its bias alone: {digits(report.time_constant_steps, 3)} steps."
    yield (
        "Each curve runs from its own lowest to its own highest value. Inputs are as the network "
        "reads them, scaled; unit N is another unit's state, above N a unit of the next layer."
    )
