"""Standard error as a stream that nothing depends on."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO


class Talk:
    """Standard error: what cannot be written (a full disk, a terminal that is gone) is dropped.

    Progress and hints are no result, so that a command ends as it does where nobody listens.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text, or fall silent for good."""
        try:
            self._stream.write(text)
        except OSError:
            self._fall_silent()
        return len(text)

    def flush(self) -> None:
        """See that what was written arrives, or fall silent for good."""
        try:
            self._stream.flush()
        except OSError:
            self._fall_silent()

    def _fall_silent(self) -> None:
        """Lead the stream nowhere: what is left in its buffer would be an error at the end too."""
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def tolerant_talk() -> Iterator[None]:
    """Make standard error such a stream within the block."""
    stream = sys.stderr
    if stream is None:
        yield
        return
    sys.stderr = Talk(stream)
    try:
        yield
        sys.stderr.flush()
    finally:
        sys.stderr = stream
