"""Unpack what is packed: every member of the file whole, or an error."""

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Any, BinaryIO, Protocol

from grucli.errors import DataError, pip_install

LARGEST_UNCHECKED = 16 << 20
LARGEST_RATIO = 200
"""A file that unpacks to more than 16 MiB and more than 200 times its size is refused: such a file
is made to fill a memory. Tables of numbers are packed to a third or, at best, a fiftieth."""
_DICTIONARY_BYTES = 256 << 20
_CHUNK = 64 << 10


class _Decompressor(Protocol):
    """What bz2 and lzma have: unpacks one member and knows where it ends."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gunzip:
    """One member of a gzip file, its checksum and length checked by zlib."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._member.eof

    @property
    def needs_input(self) -> bool:
        return not self._member.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._member.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._member.decompress(self._member.unconsumed_tail + data, max_length)


def _zstandard() -> _Decompressor:
    """One frame of a zstd file. Raises DataError where Python cannot unpack it."""
    for name in ("compression.zstd", "backports.zstd"):
        try:
            decompressor: _Decompressor = import_module(name).ZstdDecompressor()
        except ImportError:
            continue
        return decompressor
    raise DataError(
        "a table packed with zstd needs Python 3.14 or the package backports.zstd; install it "
        f"with `{pip_install('zstd')}`, or unpack the table first: `zstd -d FILE`"
    )


_PACKINGS: dict[bytes, Callable[[], _Decompressor]] = {
    b"\x1f\x8b": _Gunzip,
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\x00": lambda: lzma.LZMADecompressor(
        format=lzma.FORMAT_XZ, memlimit=_DICTIONARY_BYTES
    ),
    b"\x28\xb5\x2f\xfd": _zstandard,
}


def unpacked(raw: BinaryIO, head: bytes, name: str) -> io.RawIOBase | None:
    """A stream of what ``raw`` holds packed, by its first bytes; None where it is not packed."""
    for magic, opener in _PACKINGS.items():
        if head.startswith(magic):
            return _Unpacked(raw, magic, opener, name=name)
    return None


class _Unpacked(io.RawIOBase):
    """Member after member, each checked to its end.

    Anything between or behind members that is none, also zero bytes, is an error: it may have been
    one. Raises DataError.
    """

    def __init__(
        self, raw: BinaryIO, magic: bytes, opener: Callable[[], _Decompressor], *, name: str
    ) -> None:
        self._raw, self._magic, self._opener, self._name = raw, magic, opener, name
        self._member = opener()
        self._ahead = b""
        self._taken = self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with unpacked bytes; 0 at the end of the last member."""
        part = b""
        while not part:
            if self._member.eof and not self._begin_next():
                return 0
            part = self._unpack(len(buffer))
        buffer[: len(part)] = part
        self._given += len(part)
        self._check_ratio()
        return len(part)

    def _unpack(self, size: int) -> bytes:
        """At most ``size`` bytes of the member; none where more input is needed for any."""
        wanted = self._member.needs_input
        data = self._take() if wanted else b""
        try:
            part = self._member.decompress(data, size)
        except Exception as error:  # zstd's own error has no common base with the others
            raise self._damaged(str(error)) from error
        if wanted and not data and not part and not self._member.eof:
            raise self._damaged("it ends within a member")
        return part

    def _begin_next(self) -> bool:
        """Begin with the member behind the one that has ended, if there is one."""
        self._ahead = self._member.unused_data
        while len(self._ahead) < len(self._magic) and (more := self._read()):
            self._ahead += more
        if not self._ahead:
            return False
        if not self._ahead.startswith(self._magic):
            raise self._damaged("what follows a member is not another")
        self._member = self._opener()
        return True

    def _take(self) -> bytes:
        data, self._ahead = self._ahead or self._read(), b""
        return data

    def _read(self) -> bytes:
        data = self._raw.read(_CHUNK)
        self._taken += len(data)
        return data

    def _damaged(self, why: str) -> DataError:
        return DataError(
            f"{self._name}: the compressed data is damaged or cut short ({why}); fetch or pack the "
            "file again"
        )

    def _check_ratio(self) -> None:
        if self._given > max(LARGEST_UNCHECKED, LARGEST_RATIO * self._taken):
            raise DataError(
                f"{self._name}: {self._taken} packed bytes unpack to more than {self._given}; "
                f"expected at most {LARGEST_RATIO} times as many, as of a table of numbers; if it "
                "is one, unpack it and give the file itself"
            )
