"""A weight report on the screen: every matrix by layer, direction, part and gate."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.console import Console, ConsoleOptions, RenderableType
from rich.text import Text

from grucli.cli.inspect_columns import entry_columns, map_columns, shape_words
from grucli.cli.inspect_page import Page
from grucli.cli.wording import clean, digits, plural
from grucli.gates import GATES, SYMBOLS
from grucli.reports import MatrixStatistics, TimeConstants, WeightReport

_SHOWN_TENSORS = 8

_CONVENTIONS = {
    "gru": "The update gate z keeps the old state here: h' = z*h + (1-z)*n. Other texts call it u, "
    "or swap z and 1-z; the candidate n is h or c in some.",
    "lstm": "The forget gate f keeps the old cell state: c' = f*c + i*g.",
    "rnn": "The state is h' = tanh(W_xh x + b_xh + W_hh h + b_hh).",
}


def render_weight_report(report: WeightReport, width: int) -> RenderableType:
    """Everything a person wants to know first, in ``width`` columns (80 are enough).

    More statistics appear as the width allows. Where the console's encoding is not UTF-8, bars and
    signs are ASCII ones.
    """
    return _Screen(report, width)


@dataclass(frozen=True)
class _Screen:
    """Draws itself when a console asks, which then also says which letters it knows."""

    report: WeightReport
    width: int

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        page = Page(min(self.width, options.max_width), options.ascii_only)
        report = self.report
        yield page.line(_title(report), style="bold")
        yield page.line(f"{clean(report.path)} · {clean(report.format)}", style="dim")
        for _, group in groupby(report.matrices, key=_place):
            matrices = list(group)
            yield Text("")
            yield page.line(_heading(matrices[0], report), style="bold")
            maps = [item for item in matrices if len(item.shape) == 2]
            for rows, columns in (
                (matrices, entry_columns(matrices)),
                (maps, map_columns(maps)),
            ):
                alarms = {row for row, item in enumerate(rows) if item.not_finite}
                yield page.table(columns, gates=[item.gate for item in rows], alarms=alarms)
            yield Text("")
            yield from page.paragraphs(_memory(matrices[0], report.time_constants))
        yield Text("")
        yield from page.paragraphs(_findings(report), style="bold")
        yield Text("")
        yield from page.paragraphs(_legend(report), style="dim")


def _place(item: MatrixStatistics | TimeConstants) -> tuple[str, int, str]:
    return item.module, item.layer, item.direction


def _title(report: WeightReport) -> str:
    recipe = report.recipe or {}
    name = recipe.get("name")
    words = [clean(str(name))] if name else []
    words.append(report.cell.upper())
    if report.layer_norm != "none":
        words.append(f"layer_norm {report.layer_norm}")
    layers = len({(item.module, item.layer) for item in report.matrices})
    weights = sum(_entries(item) for item in report.matrices)
    return " · ".join([*words, plural(layers, "layer"), plural(weights, "recurrent weight")])


def _entries(item: MatrixStatistics) -> int:
    rows, *columns = item.shape
    return rows * (columns[0] if columns else 1)


def _heading(item: MatrixStatistics, report: WeightReport) -> str:
    words = [f"Layer {item.layer}"]
    if len({other.module for other in report.matrices}) > 1:
        words.insert(0, clean(item.module.rstrip(".")))
    if any(other.direction == "reverse" for other in report.matrices):
        words.append(item.direction)
    return " · ".join(words)


def _memory(item: MatrixStatistics, memories: Sequence[TimeConstants]) -> Iterator[str]:
    """Time constants of this layer in words."""
    for memory in memories:
        if _place(memory) == _place(item):
            yield (
                f"Memory that the {memory.gate} gate's bias alone sets: median "
                f"{digits(memory.median, 3)} steps, from {digits(memory.minimum, 3)} to "
                f"{digits(memory.maximum, 3)} (then 1/e of the state is left)."
            )


def _findings(report: WeightReport) -> Iterator[str]:
    for finding in report.findings:
        yield f"! {clean(finding.text)}"
    if not report.findings:
        yield "Nothing stands out."


def _legend(report: WeightReport) -> Iterator[str]:
    cells = report.cell.split(", ")
    for cell in cells:
        pairs = zip(SYMBOLS[cell], GATES[cell], strict=True)
        gates = ", ".join(f"{symbol} {gate}" for symbol, gate in pairs)
        yield f"{cell.upper()} gates: {gates}. {_CONVENTIONS[cell]}"
    yield "W_x reads the input, W_h the state before; b bias, g gain of the normalisation."
    yield (
        "s max, s min: largest and smallest singular value; radius: largest eigenvalue; outliers: "
        "singular values that chance does not explain."
    )
    if any(item.expected for item in report.matrices):
        yield "In brackets: the value to expect before training."
    if any(item.effective_norm is not None for item in report.matrices):
        yield (
            "Below a layer normalisation the size of a matrix does nothing; acting norm and "
            "radius are those of gain times direction, for states of unit variance."
        )
    if report.other_tensors:
        names = [
            f"{clean(name)} {shape_words(shape)}".strip()
            for name, shape in list(report.other_tensors.items())[:_SHOWN_TENSORS]
        ]
        rest = len(report.other_tensors) - len(names)
        more = f" and {rest} more" if rest else ""
        yield f"Other tensors: {', '.join(names)}{more}."
