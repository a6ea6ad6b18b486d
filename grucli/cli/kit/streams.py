"""The standard streams of a process: they wait, and what is written arrives whole or is an error.

Whoever started the process may have had them return at once (O_NONBLOCK), which looks like the end
of what is read, or asked Python for no buffers (``python -u``, PYTHONUNBUFFERED), which then takes
a part that was written for the whole.
"""

import io
import os
import sys

from grucli.files import make_wait


def settle_streams() -> None:
    """Make all three so, those that are there."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        make_wait(stream)
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper) and isinstance(out.buffer, io.RawIOBase):
        encoding, errors = out.encoding, out.errors
        whole = io.BufferedWriter(out.detach())  # or the old one closes it when it goes
        sys.stdout = io.TextIOWrapper(whole, encoding, errors, line_buffering=True)


def take_documents() -> None:
    """Have standard output take what is written as a file would: in UTF-8 and with line feeds.

    By itself it has the encoding of the system, and on Windows its ends of lines. A terminal keeps
    them, and is shown an escape for what it has no letter for. The bytes of a path stay what they
    are, also where they are not UTF-8.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        if sys.stdout.isatty():
            sys.stdout.reconfigure(errors="backslashreplace")
        else:
            sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape", newline="\n")


def drop_output() -> None:
    """Lead standard output nowhere: Python would try at its own end to write what is left of it."""
    sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115
