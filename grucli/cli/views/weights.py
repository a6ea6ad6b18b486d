"""A weight report on the screen: every matrix by layer, direction, part and gate."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

from rich.text import Text

from grucli.cells import CELLS
from grucli.cli.kit.columns import Column, name_columns, naming_words, renamed
from grucli.cli.kit.gates import matrix_styles
from grucli.cli.kit.numbers import digits
from grucli.cli.kit.page import Page, Screen
from grucli.cli.views.weights_columns import (
    ROWS,
    entry_columns,
    map_columns,
    meanings,
    shape_words,
)
from grucli.cli.views.weights_lines import input_columns, line_columns
from grucli.results import MatrixStatistics, TimeConstants, WeightReport
from grucli.text import clean, plural, some

_SHOWN_TENSORS = 8


def render_weight_report(
    report: WeightReport, width: int, *, naming: str = "symbols", sort: str | None = None
) -> Screen:
    """Everything a person wants to know first, in ``width`` columns (80 are enough).

    More statistics appear as the width allows. Matrices that are in the order of the statistic
    ``sort`` stand in one table, others by layer. Where the console's encoding is not UTF-8, bars
    and signs are ASCII ones.
    """
    return Screen(width, lambda page: _View(page, report, naming, sort).content())


@dataclass(frozen=True)
class _Table:
    """Columns of one statistic of each of the matrices ``rows``."""

    rows: Sequence[MatrixStatistics]
    columns: Sequence[Column]


@dataclass(frozen=True)
class _View:
    """A report on one page; ``tables`` of some matrices are made once and looked at twice."""

    page: Page
    report: WeightReport
    naming: str
    sort: str | None

    def content(self) -> Iterator[Text]:
        page, report = self.page, self.report
        yield page.line(_title(report), style="bold")
        yield page.line(f"{clean(report.path)} · {clean(report.format)}", style="dim")
        if report.notes:
            yield Text("")
            yield from page.paragraphs(map(clean, report.notes), style="bold")
        shown: set[str] = set()
        first: Sequence[MatrixStatistics] = ()
        for matrices in self._groups():
            tables = list(self._tables(matrices))
            if not first:
                first, shown = matrices, {c.heading for t in tables for c in t.columns}
            yield Text("")
            yield page.line(self._heading(matrices[0]), style="bold")
            yield from self._drawn(matrices, tables)
            yield Text("")
            if self.sort is None:
                yield from page.paragraphs(_memory(matrices[0], report.time_constants))
        if self.sort is None:
            yield Text("")
        yield from page.paragraphs(_findings(report, self.naming), style="bold")
        yield Text("")
        yield from page.paragraphs(self._left_out(first, shown), style="dim")
        yield from page.paragraphs(_legend(report, self.naming, shown), style="dim")

    def _groups(self) -> list[Sequence[MatrixStatistics]]:
        """All in one where they are sorted, else by layer and direction."""
        every = self.report.matrices
        if self.sort is not None:
            return [every]
        return [list(group) for _, group in groupby(every, key=_place)]

    def _heading(self, first: MatrixStatistics) -> str:
        if self.sort is not None:
            return f"By {self.sort}, largest first"
        return _heading(first, self.report)

    def _drawn(
        self, matrices: Sequence[MatrixStatistics], tables: Sequence[_Table]
    ) -> Iterator[Text]:
        """All tables of some matrices, and the inputs of a first layer one by one."""
        page = self.page
        for table in tables:
            alarms = {row for row, item in enumerate(table.rows) if item.not_finite}
            yield from page.table(table.columns, styles=matrix_styles(table.rows), alarms=alarms)
        if self.sort is None and matrices[0].layer == 0:
            readers = [item for item in matrices if item.part == "ih"]
            columns, rest = input_columns(readers, self.report.inputs)
            if columns:
                yield from page.table(columns, styles=[""] * len(columns[0].cells))
            if rest:
                yield from page.paragraphs([f"and {plural(rest, 'input')} more, heard less."])

    def _left_out(
        self, matrices: Sequence[MatrixStatistics], shown: Collection[str]
    ) -> Iterator[str]:
        """What this width does not show of the tables that are not continued."""
        maps = [item for item in matrices if len(item.shape) == 2]
        columns = [*entry_columns(matrices), *line_columns(maps, self.report.inputs)]
        headings = [c.heading for c in columns if not c.is_empty and c.heading not in shown]
        if headings and self.sort is None:
            yield f"No room for {', '.join(headings)}: a wider window shows them, --json too."

    def _tables(self, matrices: Sequence[MatrixStatistics]) -> Iterator[_Table]:
        """What the entries are, as far as there is room; all of what matrices do to a state."""
        many = len(set(map(_place, matrices))) > 1
        maps = [item for item in matrices if len(item.shape) == 2]
        entries = matrices if self.sort is None or ROWS[self.sort].is_of_entries else []
        lines = maps if self.sort is None else []
        for rows, columns, most in (
            (entries, entry_columns(entries, sort=self.sort), 1),
            (maps, map_columns(maps, sort=self.sort), None),
            (lines, line_columns(lines, self.report.inputs), 1),
        ):
            if rows:
                hidden = [item.shape[0] for item in rows]
                names = name_columns(rows, self.naming, hidden, many=many)
                for block in islice(self.page.blocks(names, columns), most):
                    yield _Table(rows, block)


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


def _findings(report: WeightReport, naming: str) -> Iterator[str]:
    hidden = {item.module + item.name: item.shape[0] for item in report.matrices}
    for finding in report.findings:
        rows = hidden.get(finding.matrix, 0)
        yield f"! {clean(renamed(finding, naming, rows))}"
    if not report.findings:
        yield "Nothing stands out."


def _legend(report: WeightReport, naming: str, shown: Collection[str]) -> Iterator[str]:
    yield from (CELLS[cell].convention for cell in report.cells)
    yield from naming_words(naming, report.cells)
    if any(item.part.startswith("norm_bias") for item in report.matrices):
        yield "d: bias of a product, inside the normalisation."
    words = [f"{heading}: {meaning}" for heading, meaning in meanings() if heading in shown]
    if words:
        yield f"{'; '.join(words)}."
    if any(item.estimated for item in report.matrices):
        yield "Large matrices are estimated, without Henrici's number: --exact computes all."
    yield from _no_exponent(report.matrices)
    if any(item.expected for item in report.matrices):
        yield "In brackets: the value to expect before training."
    if any(item.effective_norm is not None for item in report.matrices):
        by_data = any(item.is_measured for item in report.matrices)
        yield (
            "Below a layer normalisation the size of a matrix does nothing; acting norm and "
            "radius are those of gain times direction over the deviation that is divided by, "
            + ("as on the training windows." if by_data else "for states of unit variance.")
        )
    if report.other_tensors:
        names = [
            f"{clean(name)} {shape_words(shape)}".strip()
            for name, shape in report.other_tensors.items()
        ]
        yield f"Other tensors: {some(names, _SHOWN_TENSORS)}."


def _no_exponent(matrices: Sequence[MatrixStatistics]) -> Iterator[str]:
    """Why matrices have no power-law exponent, those with one reason together."""
    notes = [item.power_law_note for item in matrices if item.power_law_note]
    maps = sum(len(item.shape) == 2 for item in matrices)
    reasons = [f"{note} in {notes.count(note)} of {maps} matrices" for note in dict.fromkeys(notes)]
    if reasons:
        yield f"Power-law exponent alpha: n/a for want of data ({'; '.join(reasons)})."
