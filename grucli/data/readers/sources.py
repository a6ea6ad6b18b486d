"""Where bytes come from: a file, a compressed file, a pipe or standard input."""

import io
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from grucli.data.readers.packing import unpacked
from grucli.data.readers.text import as_utf8
from grucli.errors import DataError, UsageError
from grucli.files import make_wait
from grucli.places import is_folder

_CHUNK = 1 << 20
_PARQUET = b"PAR1"
_FOREIGN = {
    b"PK\x03\x04": ("a zip archive or a spreadsheet", "unpack it, or save the table as CSV"),
    b"\xd0\xcf\x11\xe0": ("a spreadsheet", "save the table as CSV"),
    b"%PDF": ("a PDF", "save the table as CSV"),
}


class Source:
    """A table's bytes under a name that errors cite; can be opened more than once."""

    def __init__(
        self, name: str, content: bytes | None = None, *, pipe: BinaryIO | None = None
    ) -> None:
        """Without ``content`` or ``pipe`` it is the file of that name, read at every opening."""
        self.name = name
        self._content, self._pipe, self._kept = content, pipe, bytearray()

    @classmethod
    def at(cls, path: str) -> "Source":
        """A path, or ``-`` for standard input. Of a pipe only what is asked for is read."""
        if path == "-":
            return cls("-", pipe=_stdin())
        try:
            if stat.S_ISREG(Path(path).stat().st_mode):
                return cls(path)
            return cls(path, pipe=Path(path).open("rb"))
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from error

    def close(self) -> None:
        """Close a pipe; standard input stays open."""
        if self._pipe is not None and self.name != "-":
            self._pipe.close()

    @property
    def is_parquet(self) -> bool:
        """Whether the first bytes are those of a parquet file."""
        return self._read(len(_PARQUET)) == _PARQUET

    def read(self) -> bytes:
        """All bytes as they are. Raises DataError."""
        return self._read(-1)

    def _read(self, size: int) -> bytes:
        try:
            with self._raw() as raw:
                return raw.read(size)
        except OSError as error:
            raise _unreadable(self.name, error) from error

    def head(self, size: int) -> bytes:
        """The first bytes, unpacked, in whatever encoding. Raises DataError."""
        try:
            with self._raw() as raw:
                return self._unpack(raw).read(size)
        except OSError as error:
            raise _unreadable(self.name, error) from error

    @contextmanager
    def open(self, encoding: str) -> Iterator[BinaryIO]:
        """The unpacked text as UTF-8, from the start. Raises DataError where there is no text."""
        try:
            with self._raw() as raw:
                yield as_utf8(self._unpack(raw), self.name, encoding)
        except OSError as error:
            raise _unreadable(self.name, error) from error

    def _raw(self) -> BinaryIO:
        if self._content is not None:
            return io.BytesIO(self._content)
        if self._pipe is not None:
            return cast(BinaryIO, io.BufferedReader(_Replay(self._pipe, self._kept)))
        return Path(self.name).open("rb")

    def _unpack(self, raw: BinaryIO) -> BinaryIO:
        head = raw.read(8)
        raw.seek(0)
        for magic, (kind, remedy) in _FOREIGN.items():
            if head.startswith(magic):
                raise DataError(f"{self.name}: {kind}; expected a CSV table; {remedy}")
        stream = unpacked(raw, head, self.name)
        return raw if stream is None else cast(BinaryIO, io.BufferedReader(stream))


class _Replay(io.RawIOBase):
    """What a pipe has given and will give, from its start; each byte is kept to be read again."""

    def __init__(self, pipe: BinaryIO, kept: bytearray) -> None:
        self._pipe, self._kept, self._place = pipe, kept, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte that has been read."""
        self._place = offset + (self._place if whence == io.SEEK_CUR else 0)
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with what is kept, or else with what comes next."""
        if self._place == len(self._kept):
            self._kept += _read_some(self._pipe)
        part = self._kept[self._place : self._place + len(buffer)]
        buffer[: len(part)] = part
        self._place += len(part)
        return len(part)


def _read_some(pipe: BinaryIO) -> bytes:
    """What a pipe has ready, at least a byte; none at its end."""
    some: bytes = pipe.read1(_CHUNK)  # type: ignore[attr-defined]
    return some


def _stdin() -> BinaryIO:
    if sys.stdin is None:
        raise UsageError("-: standard input is closed; expected a CSV table; pipe one in")
    if sys.stdin.isatty():
        raise UsageError(
            "-: standard input is a terminal; expected a CSV table; pipe one in: "
            "`cat table.csv | grucli ...`"
        )
    make_wait(sys.stdin)
    return sys.stdin.buffer


def _unreadable(path: str, error: OSError | ValueError) -> DataError:
    if isinstance(error, FileNotFoundError):
        return DataError(
            f"{path}: no such file; expected a CSV table; check the path (data.path is relative "
            "to the recipe)"
        )
    if isinstance(error, OSError) and is_folder(path):
        return DataError(f"{path}: a folder; expected a CSV table; name a file in it")
    reason = error.strerror if isinstance(error, OSError) else None
    remedy = "change its permissions" if isinstance(error, PermissionError) else "check the file"
    return DataError(f"{path}: cannot be read: {reason or error}; {remedy}")
