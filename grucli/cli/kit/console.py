"""Where words go: results to standard output, talk to standard error."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from rich.console import Console

from grucli.cli.kit.options import SCREEN
from grucli.cli.kit.page import Screen
from grucli.cli.kit.streams import take_documents
from grucli.errors import GrucliError
from grucli.files import write_atomically
from grucli.results import to_json
from grucli.text import clean

LEAST_COLUMNS = 20
"""A terminal narrower than this (COLUMNS=0 is one) is drawn for as if it had so many."""


def talk() -> Console:
    """The console for progress, warnings and hints: standard error."""
    return _console(stderr=True)


def tell_notes(notes: Iterable[str]) -> None:
    """Sentences on what was found, unless --quiet."""
    if SCREEN.quiet:
        return
    for note in notes:
        talk().print(f"note: {clean(note)}", soft_wrap=True, markup=False)


def result() -> Console:
    """The console for tables that are the result. Raises GrucliError without standard output."""
    _need_output()
    return _console(stderr=False)


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, no_color=None if SCREEN.color else True, highlight=False)
    if console.width < LEAST_COLUMNS:  # noqa: PLR1730  (a width that was set does not follow a window)
        console.width = LEAST_COLUMNS
    return console


def show(value: object, *, json: bool, render: Callable[[int], Screen]) -> None:
    """Put a result on standard output: as one JSON document, or as ``render`` draws it so wide."""
    if json:
        write_result(to_json(value) + "\n")
    else:
        console = result()
        console.print(render(console.width))


def write_output(value: object, content: Callable[[], bytes], output: str, *, json: bool) -> None:
    """Put ``content`` into a file or, for ``-``, on standard output.

    ``json`` puts a document on standard output beside the file or, in its place, into a file whose
    name ends in .json.
    """
    is_document = json and output.lower().endswith(".json")
    text = f"{to_json(value)}\n" if json else ""
    if output != "-":
        write_atomically(Path(output), text.encode() if is_document else content())
    if json and not is_document:
        write_result(text)
    elif output == "-":
        write_result(content().decode())


def write_result(text: str) -> None:
    """Put a result on standard output, byte for byte, or so that it cannot act on a terminal.

    Raises GrucliError when there is none.
    """
    _need_output()
    SCREEN.has_result = True
    take_documents()
    if sys.stdout.isatty():
        text = "\n".join(map(clean, text.split("\n")))
    sys.stdout.write(text)


def _need_output() -> None:
    if sys.stdout is None:
        raise GrucliError("standard output is closed: the result is lost; open it or use -o FILE")
