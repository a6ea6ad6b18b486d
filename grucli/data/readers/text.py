"""Whether bytes are text, and which encoding they seem to be in where it is not UTF-8."""

import io
from typing import BinaryIO, TextIO, cast

from grucli.errors import DataError

LINE_LIMIT = 4 << 20
"""Characters in a line; more is not a table."""
_HEAD_BYTES = 4096
_BYTE_ORDER_MARKS = {
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_CONTROLS = frozenset({*range(32), 127}) - frozenset(b"\t\n\v\f\r\x1b")
_FEW_CONTROLS = 0.05


def checked(binary: BinaryIO, name: str) -> BinaryIO:
    """The same bytes, the first of them looked at. Raises DataError where they are not UTF-8.

    A pipe's own buffer is used, so that nothing waits for more than has come.
    """
    if not isinstance(binary, io.BufferedReader):
        binary = cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, binary)))
    head = cast(io.BufferedReader, binary).peek(_HEAD_BYTES)
    _check_head(head[:_HEAD_BYTES], name)
    return binary


def decoded(binary: BinaryIO) -> TextIO:
    """Text of UTF-8 bytes, line ends as they are; what is no UTF-8 becomes a lone surrogate."""
    return io.TextIOWrapper(binary, encoding="utf-8-sig", errors="surrogateescape", newline="")


def _check_head(head: bytes, name: str) -> None:
    """Refuse the first bytes of wide encodings and of binary data. Raises DataError."""
    encoding = _wide_encoding(head)
    if encoding is not None:
        raise DataError(
            f"{name}: {encoding} text; expected UTF-8; convert it: "
            f"`iconv -f {encoding} -t UTF-8 {name}`"
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


def narrow_encoding(byte: int) -> str:
    """What a byte that is not UTF-8 may be: Latin-1 has no characters from 0x80 to 0x9f."""
    return "CP1252" if 0x80 <= byte <= 0x9F else "LATIN1"
