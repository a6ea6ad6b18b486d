"""A regular file, read piece by piece: no piece before what it should be has been looked at.

Nothing here waits for a pipe, a device or another process.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from grucli.formats.faults import FormatError, damaged

MAX_BYTES = 2**32 - 2
"""Largest file that is read: 4 GiB less two bytes, the reach of a zip without 64-bit sizes."""

WINDOW_BYTES = 2**16
LARGE = 2**26
SPARSE = 16
"""A file of more than ``LARGE`` bytes that holds more than so many times what was ever written
to the disk is no file of weights: zeros alone, or a download that was given up."""

_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


class Source:
    """The bytes of a file; what lies beyond its end is left out of every answer."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        """Read ``file``, which has ``size`` bytes."""
        self.size = size
        self._file = file
        self._window = memoryview(b"")
        self._base = 0

    def peek(self, start: int, count: int) -> memoryview:
        """A few bytes, to be looked at only: neighbours are read along and kept."""
        if count > WINDOW_BYTES:
            return memoryview(self.read(start, count))
        at = start - self._base
        if at < 0 or at + count > len(self._window):
            self._base, at = start, 0
            self._window = memoryview(self.read(start, WINDOW_BYTES)).toreadonly()
        return self._window[at : at + count]

    def read(self, start: int, count: int) -> bytearray:
        """Bytes of one's own. Raises FormatError where the file cannot be read."""
        piece = bytearray(max(min(count, self.size - start), 0))
        try:
            self._file.seek(start)
            length = self._file.readinto(piece) if piece else 0  # type: ignore[attr-defined]
        except OSError as error:
            raise _unreadable(error) from None
        if length != len(piece):
            raise damaged("the file became shorter while it was read")
        return piece


@contextmanager
def open_source(path: str | Path) -> Iterator[Source]:
    """Open a file. Raises FormatError for anything but a readable regular file with content."""
    try:
        _refuse_other_kinds(Path(path).stat().st_mode)
        file = Path(path).open("rb")  # noqa: SIM115
    except (OSError, ValueError) as error:
        raise _unreadable(error) from None
    with file:
        status = os.fstat(file.fileno())
        _refuse_other_kinds(status.st_mode)
        _check_size(file.fileno(), status.st_size)
        yield Source(file, status.st_size)


def _refuse_other_kinds(mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "no regular file")
        raise FormatError(f"is {kind}", expected="a checkpoint file", remedy="name the .pt file")


def _check_size(file: int, size: int) -> None:
    if size > MAX_BYTES:
        raise FormatError(
            f"{size} bytes",
            expected="less than 4 GiB",
            remedy="save the recurrent weights in a file of their own",
        )
    if size == 0:
        raise damaged("the file is empty")
    if size > LARGE and not _is_written(file, size):
        raise damaged(f"almost nothing of its {size} bytes was ever written")


def _is_written(file: int, size: int) -> bool:
    """Whether one byte in ``SPARSE`` was; true where the file system does not tell."""
    if not hasattr(os, "SEEK_DATA"):
        return True
    written = position = 0
    try:
        while position < size and written * SPARSE < size:
            start = os.lseek(file, position, os.SEEK_DATA)
            position = os.lseek(file, start, os.SEEK_HOLE)
            written += position - start
    except OSError as error:
        return error.errno != errno.ENXIO  # which says that only a hole is left
    return written * SPARSE >= size


def _unreadable(error: Exception) -> FormatError:
    reason = getattr(error, "strerror", None) or str(error)
    return FormatError(
        f"cannot be read: {reason.lower()}",
        expected="a readable checkpoint file",
        remedy="check the path and its permissions",
    )
