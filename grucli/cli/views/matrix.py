"""One matrix as a heat map: each cell of the picture shows the largest entry of its block."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from grucli.cells.naming import shown_name
from grucli.cli.kit.heat import Brush, block_length, largest, shrink
from grucli.cli.kit.page import Page, Screen
from grucli.cli.views.weights_columns import shape_words
from grucli.results import MatrixValues
from grucli.text import clean, model_words, plural, shorten

MAX_LINES = 40
_LABEL = 9
_WIDEST_CELL = 8
_STEPS = (1, 2, 5, 10, 20, 50)
"""Cells from one number of the column axis to the next."""


def render_matrix(matrix: MatrixValues, width: int, *, naming: str = "symbols") -> Screen:
    """A heat map of at most ``width`` columns and 40 lines, two rows of cells a line in colour.

    Blue is negative, white zero, red positive, as far as the largest magnitude. Without colour
    circles are negative and shades positive; in ASCII ``-=%`` and ``+*#``. ``?`` is not finite.
    """
    return Screen(width, lambda page: _content(page, matrix, naming))


def _content(page: Page, matrix: MatrixValues, naming: str) -> Iterator[Text]:
    brush = Brush.on(page, top=largest(matrix.values))
    room = max(page.width - _LABEL - 1, 8)
    lines = MAX_LINES * brush.rows
    cells = shrink(matrix.values, rows=lines, columns=room)
    block = block_length(len(matrix.rows), lines), block_length(len(matrix.columns), room)
    stretch = min(room // len(cells[0]), _WIDEST_CELL)
    axis = column_axis(matrix.columns, count=len(cells[0]), each=block[1], cell=stretch)
    yield page.line(_title(matrix, naming), style="bold")
    yield page.line(axis, style="dim")
    for at, line in enumerate(brush.lines(cells, stretch)):
        label = clean(matrix.rows[at * brush.rows * block[0]])
        yield Text(f"{label[:_LABEL]:>{_LABEL}} ", style="dim").append_text(line)
    for text in (brush.scale(), *_merged(block)):
        yield Text(" " * (_LABEL + 1) + text, style="dim")


def _title(matrix: MatrixValues, naming: str) -> str:
    shape = shape_words((len(matrix.rows), len(matrix.columns)))
    name = shown_name(naming, matrix.address, len(matrix.rows))
    gate = "" if naming == "words" else f" {matrix.gate}"
    which = model_words(matrix.member, matrix.members)
    return f"{which}{name}{gate} · {matrix.name} · {shape}"


def column_axis(names: Sequence[str], *, count: int, each: int, cell: int) -> str:
    """The line above a picture of ``count`` cells, ``each`` for so many columns, ``cell`` wide.

    Names where every cell has room for one that tells it apart, else numbers of columns.
    """
    shown = [shorten(clean(name), cell - 1) for name in names]
    if each == 1 and len(set(shown)) == len(names):
        return " " * (_LABEL + 1) + "".join(name.ljust(cell) for name in shown).rstrip()
    word = names[0].rpartition(" ")[0]
    if any(name != f"{word} {place}" for place, name in enumerate(names)):
        word = "column"
    room = len(str(len(names))) + 2
    step = next(step for step in _STEPS if step * cell >= room)
    line = "".join(str(place * each).ljust(step * cell) for place in range(0, count, step))
    return f"{word[:_LABEL]:>{_LABEL}} {line[: count * cell].rstrip()}"


def _merged(block: tuple[int, int]) -> Iterator[str]:
    """What a cell stands for, where that is more than one entry."""
    if block != (1, 1):
        rows, columns = plural(block[0], "row"), plural(block[1], "column")
        yield f"each cell: the largest in magnitude of {rows} × {columns}"
