"""What to try next, in sentences whose options can be copied whole."""

import textwrap
from collections.abc import Iterable

from rich.text import Text

from grucli.text import clean


def hints(sentences: Iterable[str], width: int) -> list[Text]:
    """A heading and one sentence on each line or two; nothing without any."""
    lines = [
        Text(line, style="yellow")
        for sentence in sentences
        for line in textwrap.wrap(
            clean(sentence),
            width,
            initial_indent="  ",
            subsequent_indent="    ",
            break_on_hyphens=False,
            break_long_words=False,
        )
    ]
    return [Text(), Text("To try", style="bold"), *lines] if lines else []
