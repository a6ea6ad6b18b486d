"""A weight report on the screen: every matrix by layer, direction, part and gate."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.text import Text

from grucli.cells import CELLS
from grucli.cli.kit.columns import NOTHING, Column, name_columns, naming_words
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
from grucli.cli.views.weights_lines import column_columns, input_columns, row_columns
from grucli.cli.views.weights_words import finding_words, place_of, place_words, weight_title
from grucli.results import MatrixStatistics, TimeConstants, WeightReport
from grucli.text import clean, plural, some

_SHOWN_TENSORS = 8
_TITLES = {
    "entries": "Single entries",
    "size": "Size",
    "directions": "Directions",
    "recurrence": "Eigenvalues (hidden to hidden) and orthogonality",
    "power law": "Tail of the spectrum",
    "rows": "Rows: norms of the units' incoming weights",
    "columns": "Columns: norms of the weights by which each input is read",
}
_MAP_TOPICS = ("size", "directions", "recurrence", "power law")


def render_weight_report(
    report: WeightReport, width: int, *, naming: str = "symbols", sort: str | None = None
) -> Screen:
    """Every statistic, one table a topic, in ``width`` columns (80 are enough).

    A topic that is too wide goes on in a second table. Matrices that are in the order of the
    statistic ``sort`` stand together, that topic first, others by layer. Where the console's
    encoding is not UTF-8, bars and signs are ASCII ones.
    """
    return Screen(width, lambda page: _View(page, report, naming, sort).content())


@dataclass(frozen=True)
class _Table:
    """Columns of one statistic of each of the matrices ``rows``, under a title or none."""

    title: str
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
        yield weight_title(page, report)
        yield page.line(f"{clean(report.path)} · {clean(report.format)}", style="dim")
        if report.notes:
            yield Text("")
            yield from page.paragraphs(map(clean, report.notes), style="bold")
        shown: set[str] = set()
        for matrices in self._groups():
            tables = list(self._tables(matrices))
            shown |= {column.heading for table in tables for column in table.columns}
            yield Text("")
            yield page.line(self._heading(matrices[0]), style="bold")
            yield from self._drawn(matrices, tables)
            yield Text("")
            if self.sort is None:
                yield from page.paragraphs(_memory(matrices[0], report.time_constants))
        if self.sort is None:
            yield Text("")
        yield from page.paragraphs(finding_words(report, self.naming), style="bold")
        yield Text("")
        yield from page.paragraphs(_legend(report, self.naming, shown), style="dim")

    def _groups(self) -> list[Sequence[MatrixStatistics]]:
        """All in one where they are sorted, else by layer and direction."""
        every = self.report.matrices
        if self.sort is not None:
            return [every]
        return [list(group) for _, group in groupby(every, key=place_of)]

    def _heading(self, first: MatrixStatistics) -> str:
        if self.sort is not None:
            return f"By {self.sort}, largest first"
        return place_words(first, self.report)

    def _drawn(
        self, matrices: Sequence[MatrixStatistics], tables: Sequence[_Table]
    ) -> Iterator[Text]:
        """All tables of some matrices, and the inputs of a first layer one by one."""
        page = self.page
        for table in tables:
            if table.title:
                yield Text("")
                yield page.line(f"  {table.title}", style="dim bold")
            alarms = {row for row, item in enumerate(table.rows) if item.not_finite}
            yield from page.table(table.columns, styles=matrix_styles(table.rows), alarms=alarms)
        if self.sort is None and matrices[0].layer == 0:
            readers = [item for item in matrices if item.part == "ih"]
            columns, rest = input_columns(readers, self.report.inputs)
            if columns:
                yield from page.table(columns, styles=[""] * len(columns[0].cells))
            if rest:
                yield from page.paragraphs([f"and {plural(rest, 'input')} more, smaller ones."])

    def _tables(self, matrices: Sequence[MatrixStatistics]) -> Iterator[_Table]:
        """One table a topic, or as many as its width takes."""
        many = len(set(map(place_of, matrices))) > 1
        for topic, rows, columns in self._topics(matrices):
            shown = [column for column in columns if not column.is_empty]
            if rows and shown:
                hidden = [item.shape[0] for item in rows]
                names = name_columns(rows, self.naming, hidden, many=many)
                for at, block in enumerate(self.page.blocks(names, shown)):
                    yield _Table("" if at else _TITLES[topic], rows, block)

    def _topics(
        self, matrices: Sequence[MatrixStatistics]
    ) -> Iterator[tuple[str, Sequence[MatrixStatistics], list[Column]]]:
        """Rows and columns of every topic; of sorted matrices the topic that sorts them first."""
        maps, sort = [item for item in matrices if len(item.shape) == 2], self.sort
        if sort is None or ROWS[sort].is_of_entries:
            yield "entries", matrices, entry_columns(matrices, sort=sort)
        first = ROWS[sort].table if sort is not None else ""
        for topic in sorted(_MAP_TOPICS, key=lambda topic: topic != first):
            columns = map_columns(maps, topic, sort=sort)
            rows = [row for row in range(len(maps)) if _has(columns, row)]
            yield topic, [maps[row] for row in rows], [column.taken(rows) for column in columns]
        if sort is None:
            yield "rows", maps, row_columns(maps)
            yield "columns", maps, column_columns(maps, self.report.inputs)


def _has(columns: Sequence[Column], row: int) -> bool:
    return any(column.cells[row].strip() not in NOTHING for column in columns)


def _memory(item: MatrixStatistics, memories: Sequence[TimeConstants]) -> Iterator[str]:
    """Time constants of this layer in words."""
    for memory in memories:
        if place_of(memory) == place_of(item):
            yield (
                f"Time constant by the {memory.gate} gate's bias alone: median "
                f"{digits(memory.median, 3)} steps, from {digits(memory.minimum, 3)} to "
                f"{digits(memory.maximum, 3)} (then 1/e of the state is left)."
            )


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
    if any(item.effective_spectral_norm is not None for item in report.matrices):
        by_data = any(item.is_measured for item in report.matrices)
        yield (
            "Below a layer normalisation the size of a matrix does nothing; eff. spectral norm and "
            "radius are those of gain times direction over the standard deviation that is divided "
            "by, " + ("as on the training windows." if by_data else "for states of unit variance.")
        )
    if report.other_tensors:
        columns = {name: column for column, name in report.categories.items()}
        names = [
            f"{clean(name)}{_of(columns.get(name))} {shape_words(shape)}".strip()
            for name, shape in report.other_tensors.items()
        ]
        yield f"Other tensors: {some(names, _SHOWN_TENSORS)}."


def _of(column: str | None) -> str:
    """The column whose texts a tensor has vectors of."""
    return "" if column is None else f" (texts of {clean(column)})"


def _no_exponent(matrices: Sequence[MatrixStatistics]) -> Iterator[str]:
    """Why matrices have no power-law exponent, those with one reason together."""
    notes = [item.power_law_note for item in matrices if item.power_law_note]
    maps = sum(len(item.shape) == 2 for item in matrices)
    reasons = [f"{note} in {notes.count(note)} of {maps} matrices" for note in dict.fromkeys(notes)]
    if reasons:
        yield f"Power-law exponent alpha: n/a for want of data ({'; '.join(reasons)})."
