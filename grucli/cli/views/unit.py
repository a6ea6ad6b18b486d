"""One unit on the screen: what it reads, what reads it, what it does, how it learned that."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from grucli.cli.kit.charts import sparkline, stretch
from grucli.cli.kit.columns import Column
from grucli.cli.kit.gates import gate_style
from grucli.cli.kit.numbers import digits
from grucli.cli.kit.page import GAP, MARGIN, Page, Screen
from grucli.results import Link, UnitReport
from grucli.text import clean, model_words, plural, shorten

_SHOWN_INPUTS, _NAME, _ENDS = 4, 14, 20


def render_unit(report: UnitReport, width: int, *, naming: str = "symbols") -> Screen:
    """Everything in ``width`` columns (80 are enough); gates are called by their letters."""
    return Screen(width, lambda page: _content(page, report))


def _content(page: Page, report: UnitReport) -> Iterator[Text]:
    side = " reverse" if report.direction == "reverse" else ""
    title = f"unit {report.unit} of {report.units} · layer {report.layer}{side} · "
    which = model_words(report.member, report.members)
    yield page.line(f"{which}{title}{report.cell.upper()} · {clean(report.path)}", style="bold")
    _, *links = page.table(_links(report), styles=[""] * len(report.incoming_weights))
    yield from links
    if report.times:
        yield page.line(
            f"Along the newest context, {report.times[0]} to {report.times[-1]}", style="bold"
        )
        yield from _context(page, report)
    elif report.note:
        yield from page.paragraphs([f"No context: {clean(report.note)}"])
    if report.decoder_weights:
        yield from _decoder(page, report)
    if report.learned_steps:
        yield page.line(
            "Relative change of its weights since initialisation, step 0 to "
            f"{report.learned_steps[-1]:,}",
            style="bold",
        )
        for gate in report.gates:
            style = gate_style(report.cell, gate.gate)
            yield _curve(page, f"{gate.symbol} {gate.gate}", gate.relative_changes, style=style)
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


def _decoder(page: Page, report: UnitReport) -> Iterator[Text]:
    """A curve over the steps for each number that the decoder gives of a step."""
    numbers = max(len(report.decoder_weights) // max(report.decoder_steps, 1), 1)
    at_once = plural(report.decoder_steps, "step")
    yield page.line(
        f"Decoder weights of its state, for the {at_once} that it forecasts at once", style="bold"
    )
    for at in range(min(numbers, _SHOWN_INPUTS)):
        name = f"number {at}" if numbers > 1 else "weight"
        yield _curve(page, name, report.decoder_weights[at::numbers])


def _curve(page: Page, name: str, values: Sequence[float], *, style: str = "") -> Text:
    """A line of bars between its ends, from the lowest value to the highest."""
    ends = f"{digits(min(values), 3)} to {digits(max(values), 3)}"
    width = max(page.width - MARGIN - _NAME - 2 * GAP - _ENDS, 1)
    label = shorten(name, _NAME).ljust(_NAME)
    line = sparkline(stretch(values, width), width)
    return Text(f"{' ' * MARGIN}{label}  {line}  {ends}", style)


def _words(report: UnitReport) -> Iterator[str]:
    """What the curves and the names mean, as far as they occur."""
    names = {link.name.split()[0] for link in (*report.incoming_weights, *report.outgoing_weights)}
    meanings = {
        "segment": "segment N: made of a segment of rows",
        "below": "below N: of the layer below",
        "state": "state N, unit N: of this layer",
        "above": "above N: of the layer above",
    }
    told = [
        "Curves: from lowest to highest value",
        *(words for name, words in meanings.items() if name in names),
    ]
    steps = report.time_constant_steps
    memory = "" if steps is None else f"Time constant by its bias: {digits(steps, 3)} steps. "
    yield f"{memory}{'; '.join(told)}."
