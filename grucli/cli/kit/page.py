"""Lines, paragraphs and tables of a given width, in the letters that the screen knows."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grucli.cli.kit.columns import Column, fitting
from grucli.cli.kit.words import ascii_glyphs, shorten

MARGIN, GAP = 2, 2


@dataclass(frozen=True)
class Page:
    """What fits on the screen, and whether it shows more than ASCII."""

    width: int
    ascii_only: bool

    def glyphs(self, text: str) -> str:
        """The text, in ASCII where nothing else is shown."""
        return ascii_glyphs(text) if self.ascii_only else text

    def line(self, text: str, *, style: str = "") -> Text:
        """One line, cut at the width."""
        return Text(self.glyphs(shorten(text, self.width)), style=style, no_wrap=True)

    def paragraphs(self, texts: Iterable[str], *, style: str = "") -> Iterator[RenderableType]:
        """Wrapped texts with a hanging indent."""
        for text in texts:
            indent = " " * MARGIN
            lines = wrap(
                self.glyphs(text),
                max(self.width, 20),
                initial_indent=indent,
                subsequent_indent=2 * indent,
                break_on_hyphens=False,
            )
            yield Text("\n".join(lines), style=style)

    def table(
        self, columns: Sequence[Column], *, styles: Sequence[str], alarms: Collection[int] = ()
    ) -> RenderableType:
        """The columns that fit, names in the style of the row; ``alarms`` are red rows."""
        table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="dim")
        shown = fitting(columns, self.width - MARGIN, gap=GAP)
        for column in shown:
            table.add_column(
                self.glyphs(column.heading),
                justify="right" if column.numeric else "left",
                no_wrap=True,
            )
        for row, style in enumerate(styles):
            numeric_style = "bold red" if row in alarms else ""
            texts = [
                Text(self.glyphs(column.cells[row]), numeric_style if column.numeric else style)
                for column in shown
            ]
            table.add_row(*texts)
        return Padding(table, (1, 0, 0, MARGIN), expand=False)

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
