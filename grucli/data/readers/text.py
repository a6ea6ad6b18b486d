"""Bytes of any encoding as UTF-8 text, and which encoding they seem to be in."""

import codecs
import io
from typing import Any, BinaryIO, TextIO, cast

from grucli.data.readers.cells import setting
from grucli.errors import DataError

LINE_LIMIT = 4 << 20
"""Characters in a line; more is not a table."""
_HEAD_BYTES = 4096
_CHUNK = 1 << 16
_BYTE_ORDER_MARKS = {
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_CONTROLS = frozenset({*range(32), 127}) - frozenset(b"\t\n\v\f\r\x1b")
_FEW_CONTROLS = 0.05
_NOT_CP1252 = frozenset(b"\x81\x8d\x8f\x90\x9d")


def as_utf8(binary: BinaryIO, name: str, encoding: str) -> BinaryIO:
    """The bytes of a text as UTF-8. Raises DataError where the first of them are no text.

    Bytes that the encoding does not have become what no UTF-8 has, and so are found later. A pipe's
    own buffer is used, so that nothing waits for more than has come.
    """
    if not _is_utf8(encoding):
        binary = cast(BinaryIO, _Transcoded(binary, name, encoding))
    if not isinstance(binary, io.BufferedReader):
        binary = cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, binary)))
    head = cast(io.BufferedReader, binary).peek(_HEAD_BYTES)
    _check_head(head[:_HEAD_BYTES], name)
    return binary


class _Transcoded(io.RawIOBase):
    """UTF-8 bytes of a text in another encoding."""

    def __init__(self, binary: BinaryIO, name: str, encoding: str) -> None:
        self._binary, self._name, self._encoding = binary, name, encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
        self._ready, self._taken = b"", 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with UTF-8; 0 at the end. Raises DataError for broken wide characters."""
        while not self._ready:
            data = self._binary.read1(_CHUNK)  # type: ignore[attr-defined]
            try:
                text = self._decoder.decode(data, final=not data)
            except UnicodeError as error:
                raise DataError(
                    f"{self._name}: not {self._encoding} behind byte {self._taken} ({error}); "
                    "expected text in this encoding, as data.read.encoding says; correct the key"
                ) from error
            self._taken += len(data)
            self._ready = text.encode("utf-8", "surrogatepass")
            if not data:
                break
        part = self._ready[: len(buffer)]
        self._ready = self._ready[len(part) :]
        buffer[: len(part)] = part
        return len(part)


def decoded(binary: BinaryIO, encoding: str) -> TextIO:
    """Text of what ``as_utf8`` gave, line ends as they are.

    Each byte that the encoding does not have becomes a lone surrogate, U+DC00 and the byte.
    """
    errors = "surrogateescape" if _is_utf8(encoding) else "surrogatepass"
    return io.TextIOWrapper(binary, encoding="utf-8-sig", errors=errors, newline="")


def _is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name in {"utf-8", "utf-8-sig"}


def _check_head(head: bytes, name: str) -> None:
    """Refuse the first bytes of wide encodings and of binary data. Raises DataError."""
    encoding = _wide_encoding(head)
    if encoding is not None:
        raise DataError(
            f"{name}: {encoding} text; expected UTF-8; set {setting('encoding', encoding.lower())}"
        )
    controls = sum(byte in _CONTROLS for byte in head)
    if controls > 1 and controls > _FEW_CONTROLS * len(head):
        raise DataError(
            f"{name}: binary data ({controls} of the first {len(head)} bytes stand for no "
            "character); expected the text of a CSV table; check that this is the right file"
        )


def _wide_encoding(head: bytes) -> str | None:
    """UTF-16 or UTF-32, told by the mark at the beginning or by the zero bytes of its letters."""
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return encoding
    line = head.split(b"\n")[0]
    zeros, letters = line.count(0), len(line) - line.count(0)
    if not letters or zeros * 3 < len(line):
        return None
    return "UTF-32" if zeros > 2 * letters else "UTF-16"


def guess_encoding(head: bytes) -> str:
    """The encoding of a text by its first bytes: UTF-8 where they are, else what Windows writes.

    Of encodings with one byte a character cp1252 is taken, unless a byte stands for nothing in it.
    """
    wide = _wide_encoding(head)
    if wide is not None:
        return wide.lower()
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "latin-1" if set(head) & _NOT_CP1252 else "cp1252"
    return "utf-8"


def narrow_encoding(line: str) -> str:
    """What a line may be whose bytes that are not UTF-8 are surrogates, as Python reads them.

    Latin-1 has no characters from 0x80 to 0x9f.
    """
    return "cp1252" if any("\udc80" <= letter <= "\udc9f" for letter in line) else "latin-1"
