"""The one way onto a screen: lines, paragraphs and tables, drawn when a console says what it shows.

A view gives a ``Screen`` its content: a function from a ``Page``, which knows the width and the
letters, to lines of text. Nothing is wrapped or cut after that, glyphs become ASCII at the end.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.text import Text

from grucli.cli.kit.charts import ascii_glyphs
from grucli.cli.kit.columns import Column, fitting
from grucli.text import shorten

MARGIN, GAP = 2, 2
_HEADING = "dim"


@dataclass(frozen=True)
class Page:
    """What fits on the screen, and whether it shows more than ASCII, and colours."""

    width: int
    ascii_only: bool = False
    colour: bool = False

    def line(self, text: str, *, style: str = "") -> Text:
        """One line, cut at the width."""
        return Text(shorten(text, self.width), style=style)

    def paragraphs(self, texts: Iterable[str], *, style: str = "") -> Iterator[Text]:
        """Wrapped texts with a hanging indent."""
        for text in texts:
            indent = " " * MARGIN
            lines = wrap(
                text,
                max(self.width, 20),
                initial_indent=indent,
                subsequent_indent=2 * indent,
                break_on_hyphens=False,
            )
            yield Text("\n".join(lines), style=style)

    def table(
        self, columns: Sequence[Column], *, styles: Sequence[str], alarms: Collection[int] = ()
    ) -> Iterator[Text]:
        """The columns that fit, names in the style of the row; ``alarms`` are red rows."""
        shown = fitting(columns, self.width - MARGIN, gap=GAP)
        numbers = ["bold red" if row in alarms else "" for row in range(len(styles))]
        styled = [column.styled(numbers if column.numeric else styles) for column in shown]
        lines = draw_columns(styled, gap=GAP)
        yield Text(" " * (MARGIN + cell_len(lines[0].plain)))
        yield from (Text(" " * MARGIN).append_text(line) for line in lines)

    def blocks(
        self, names: Sequence[Column], columns: Sequence[Column]
    ) -> Iterator[Sequence[Column]]:
        """As many tables as it takes to show all columns, those of low rank first."""
        rest = [column for column in columns if not column.is_empty]
        while rest:
            fit = fitting([*names, *rest], self.width - MARGIN, gap=GAP)
            block = [column for column in rest if column in fit]
            if not block:
                return
            yield [*names, *block]
            rest = [column for column in rest if column not in block]


def draw_columns(columns: Sequence[Column], *, gap: int) -> list[Text]:
    """Columns side by side with ``gap`` blanks between them: the headings, then each row."""
    rows = range(len(columns[0].cells))
    lines = [Text() for _ in range(len(rows) + 1)]
    for place, column in enumerate(columns):
        parts = [column.drawn(column.heading, _HEADING)]
        parts += [column.drawn(column.cells[row], column.styles[row]) for row in rows]
        for line, part in zip(lines, parts, strict=True):
            line.append(" " * (gap if place else 0)).append_text(part)
    return lines


class Screen:
    """What a view draws in at most ``width`` columns, as soon as a console asks for it."""

    def __init__(self, width: int, content: Callable[[Page], Iterable[Text]]) -> None:
        self.width, self.content = width, content

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        page = Page(
            min(self.width, options.max_width),
            ascii_only=options.ascii_only,
            colour=console.color_system is not None and not console.no_color,
        )
        for line in self.content(page):
            drawn = line.copy()
            drawn.no_wrap, drawn.overflow = True, "ignore"
            if options.ascii_only:
                safe = ascii_glyphs(line.plain).encode(options.encoding, "replace")
                drawn.plain = safe.decode(options.encoding)
            yield drawn

    @property
    def plain(self) -> str:
        """The text alone, each line ended by a line feed."""
        return plain_text(self.content(Page(self.width)))


def plain_text(lines: Iterable[Text]) -> str:
    """Lines without their styles, each ended by a line feed."""
    return "".join(f"{line.plain.rstrip()}\n" for line in lines)
