"""Which display of events fits what stands behind standard error."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TextIO, TypeVar

from rich.console import Console

from grucli.cli.kit.console import talk

Event = TypeVar("Event")


@contextmanager
def watching(
    live: Callable[[Console], AbstractContextManager[Callable[[Event], None]]],
    plain: Callable[[TextIO], Callable[[Event], None]],
    *,
    quiet: bool,
) -> Iterator[Callable[[Event], None]]:
    """Give the function that shows an event: ``live`` on a terminal, ``plain`` lines elsewhere.

    Nothing is shown where it is to be ``quiet`` or there is no standard error.
    """
    stream = sys.stderr
    if quiet or stream is None:
        yield lambda _event: None
        return
    console = talk()
    if console.is_interactive and stream.isatty():
        with live(console) as show:
            yield show
    else:
        yield plain(stream)
