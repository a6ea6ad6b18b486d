"""Where bytes come from: a file, a compressed file, a pipe or standard input."""

import bz2
import gzip
import io
import lzma
import stat
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from grucli.errors import DataError, UsageError

_OPENERS: dict[bytes, Callable[[BinaryIO], object]] = {
    b"\x1f\x8b": lambda raw: gzip.GzipFile(fileobj=raw, mode="rb"),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
_FOREIGN = {
    b"\x28\xb5\x2f\xfd": ("compressed with zstd", "unpack it first: `zstd -d FILE`"),
    b"PK\x03\x04": ("a zip archive or a spreadsheet", "unpack it, or save the table as CSV"),
    b"PAR1": ("a parquet file", "save the table as CSV"),
    b"\xd0\xcf\x11\xe0": ("a spreadsheet", "save the table as CSV"),
    b"%PDF": ("a PDF", "save the table as CSV"),
}


LINE_LIMIT = 4 << 20
"""A longer line is no row of a table."""


class Source:
    """A table's bytes under a name that errors cite; can be opened more than once."""

    def __init__(self, name: str, content: bytes | None = None) -> None:
        """``content`` is None for a regular file, which is read again at every opening."""
        self.name = name
        self._content = content

    @classmethod
    def at(cls, path: str) -> "Source":
        """A path, or ``-`` for standard input. Pipes are read to their end at once."""
        if path == "-":
            return cls("-", _read_stdin())
        try:
            if stat.S_ISREG(Path(path).stat().st_mode):
                return cls(path)
            return cls(path, Path(path).read_bytes())
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from error

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The unpacked bytes from the start. Raises DataError if they cannot be read as text."""
        try:
            raw = io.BytesIO(self._content) if self._content is not None else _open_file(self.name)
            with raw:
                yield self._unpack(raw)
        except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
            raise DataError(
                f"{self.name}: the compressed data is damaged or cut short ({error}); "
                "fetch or pack the file again"
            ) from error
        except OSError as error:
            raise _unreadable(self.name, error) from error

    def _unpack(self, raw: BinaryIO) -> BinaryIO:
        head = raw.read(8)
        raw.seek(0)
        for magic, (kind, remedy) in _FOREIGN.items():
            if head.startswith(magic):
                raise DataError(f"{self.name}: {kind}; expected a CSV table; {remedy}")
        for magic, opener in _OPENERS.items():
            if head.startswith(magic):
                return cast(BinaryIO, opener(raw))
        return raw


def _open_file(path: str) -> BinaryIO:
    return Path(path).open("rb")


def _read_stdin() -> bytes:
    if sys.stdin is None:
        raise UsageError("-: standard input is closed; expected a CSV table; pipe one in")
    if sys.stdin.isatty():
        raise UsageError(
            "-: standard input is a terminal; expected a CSV table; pipe one in: "
            "`cat table.csv | grucli ...`"
        )
    return sys.stdin.buffer.read()


def _unreadable(path: str, error: OSError | ValueError) -> DataError:
    if isinstance(error, FileNotFoundError):
        return DataError(
            f"{path}: no such file; expected a CSV table; check the path (data.path is relative "
            "to the recipe)"
        )
    if isinstance(error, IsADirectoryError):
        return DataError(f"{path}: a folder; expected a CSV table; name a file in it")
    reason = error.strerror if isinstance(error, OSError) else None
    return DataError(f"{path}: cannot be read: {reason or error}; check the file")
