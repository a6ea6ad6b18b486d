"""Finished lines of text: drawn as they are, in ASCII where the terminal has nothing else."""

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from grucli.cli.kit.words import ascii_glyphs


class Lines:
    """A renderable of lines that were already fitted to their width and are never wrapped."""

    def __init__(self, lines: Sequence[Text]) -> None:
        self.lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.lines:
            drawn = line.copy()
            drawn.no_wrap, drawn.overflow = True, "ignore"
            if options.ascii_only:
                drawn.plain = ascii_glyphs(line.plain).encode("ascii", "replace").decode("ascii")
            yield drawn

    @property
    def plain(self) -> str:
        """The text alone, each line ended by a line feed."""
        return "".join(f"{line.plain.rstrip()}\n" for line in self.lines)
