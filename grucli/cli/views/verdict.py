"""Whether a model is worth having, on screen."""

import textwrap

from rich.text import Text

from grucli.results import Scores, verdict_sentences

_STYLES = {"better": "bold green", "worse": "bold yellow", "no difference": "bold yellow"}


def verdict(scores: Scores, width: int, *, every: bool = False) -> list[Text]:
    """The sentences of ``verdict_sentences`` as lines of at most ``width`` characters."""
    return [
        Text(line, style=_STYLES[kind])
        for sentence, kind in verdict_sentences(scores, every=every)
        for line in textwrap.wrap(sentence, width, subsequent_indent="  ")
    ]
