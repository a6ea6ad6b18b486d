"""The zip that torch.save writes, taken apart without trust.

Only stored (never compressed) members are accepted, they must lie one behind the other from the
first byte of the file to its directory, and what their local header, data descriptor and
directory entry say must agree. So nothing hides before, between or behind the members, and every
changed byte is either found by a checksum or belongs to a field that nothing reads.

Layout of the records: PKWARE's APPNOTE.TXT, sections 4.3.7 to 4.3.16.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from grucli.formats.faults import damaged, foreign
from grucli.formats.source import Source
from grucli.text import printable

MAX_MEMBERS = 20_000
MAX_ENTRY_BYTES = 512
"""Largest entry of the directory, on average."""

MAX_PICKLE_BYTES = 8 * 2**20
MAX_NOTE_BYTES = 2**12
"""Largest member that is neither the pickle nor a storage."""

_BLOCK = 2**20

_LOCAL = struct.Struct("<4s5H3I2H")
_ENTRY = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR_64 = struct.Struct("<4sIQI")
_DESCRIPTOR = struct.Struct("<4s3I")
_HAS_DESCRIPTOR = 0x0008
_UTF8 = 0x0800
_MEMBER = re.compile(
    r"data\.pkl|version|byteorder|\.format_version|\.storage_alignment"
    r"|\.data/serialization_id|data/\d{1,9}"
)


class _Entry(NamedTuple):
    name: str
    flags: int
    crc: int
    size: int
    offset: int


class _Place(NamedTuple):
    start: int
    size: int
    crc: int


class Members:
    """Members of a torch archive by name, without the leading folder; each is read when asked for.

    Whoever has taken what he needs calls ``verify_rest``: then every checksum was verified.
    All methods raise FormatError.
    """

    def __init__(self, source: Source, places: dict[str, _Place]) -> None:
        """Take what ``read_members`` found."""
        self.bytes = source.size
        self._source = source
        self._places = places
        self._verified: set[str] = set()

    def size(self, name: str) -> int | None:
        """Bytes of a member, None where there is none of this name."""
        place = self._places.get(name)
        return None if place is None else place.size

    def read(self, name: str) -> bytearray:
        """The whole of a member that is there."""
        start, size, crc = self._places[name]
        content = self._source.read(start, size)
        if len(content) != size or zlib.crc32(content) != crc:
            raise _changed(name)
        self._verified.add(name)
        return content

    def verify_rest(self) -> None:
        """Look at the checksums of all members that nobody read."""
        for name in self._places.keys() - self._verified:
            start, size, crc = self._places[name]
            found = 0
            for position in range(start, start + size, _BLOCK):
                count = min(_BLOCK, start + size - position)
                found = zlib.crc32(self._source.read(position, count), found)
            if found != crc:
                raise _changed(name)


def _changed(name: str) -> Exception:
    return damaged(f"the checksum of {printable(name)} differs")


def read_members(source: Source) -> Members:
    """Where the members of a torch archive lie; none is read yet.

    Raises FormatError for any other file and for any trace of damage.
    """
    _refuse_other_kinds(source.peek(0, _LOCAL.size + 256))
    start, directory, count = _directory(source)
    entries = sorted(_entries(directory, count), key=lambda entry: entry.offset)
    places: dict[str, _Place] = {}
    position = 0
    for name, entry in zip(_inner_names(entries), entries, strict=True):
        if entry.offset != position:
            raise damaged(f"bytes that belong to no member at {position}")
        if name in places:
            raise damaged(f"two members named {name}")
        _check_length(name, entry.size)
        places[name], position = _stored(source, entry)
    if position != start:
        raise damaged(f"bytes that belong to no member at {position}")
    return Members(source, places)


def _refuse_other_kinds(head: memoryview) -> None:
    content = bytes(head)
    if content.startswith(b"PK\x03\x04"):
        return
    if content[257:262] == b"ustar":
        raise foreign("an old tar archive of torch")
    if content.startswith(b"\x80"):
        raise foreign("a bare pickle or a file of torch before 1.6")
    if content.startswith(b"\x89HDF"):
        raise foreign("an HDF5 file")
    raise foreign("no zip archive")


def _directory(source: Source) -> tuple[int, bytes, int]:
    """Offset of the central directory, the directory itself and the number of its entries."""
    end = source.size - _END.size
    tail = source.peek(end, _END.size) if end >= 0 else memoryview(b"")
    if bytes(tail[:4]) != b"PK\x05\x06":
        raise damaged("the zip directory is not at the end")
    _, disk, first_disk, count_here, count, size, start, comment = _END.unpack(tail)
    if disk or first_disk or comment or count_here != count or count > MAX_MEMBERS:
        raise damaged("the end of the zip directory")
    if start + size != end:
        records = end - _LOCATOR_64.size - _END_64.size
        if records != start + size or not _agrees_64(source, records, (count, size, start)):
            raise damaged("the zip directory does not end where it should")
    if size > count * MAX_ENTRY_BYTES:
        raise damaged("the zip directory is longer than its entries")
    return start, bytes(source.read(start, size)), count


def _agrees_64(source: Source, position: int, expected: tuple[int, int, int]) -> bool:
    """Whether the 64-bit end record and its locator repeat what the 32-bit one says."""
    record = _END_64.unpack(source.peek(position, _END_64.size))
    locator = _LOCATOR_64.unpack(source.peek(position + _END_64.size, _LOCATOR_64.size))
    return (
        record[0] == b"PK\x06\x06"
        and record[1] == _END_64.size - 12
        and record[4:7] == (0, 0, expected[0])
        and record[7:] == expected
        and locator == (b"PK\x06\x07", 0, position, 1)
    )


def _entries(directory: bytes, count: int) -> Iterator[_Entry]:
    position = 0
    for _ in range(count):
        if position + _ENTRY.size > len(directory):
            raise damaged("the zip directory is too short")
        fields = _ENTRY.unpack_from(directory, position)
        mark, _, _, flags, method, _, _, crc, packed, size, name_bytes, extra, comment = fields[:13]
        disk, offset = fields[13], fields[16]
        if mark != b"PK\x01\x02" or disk or comment:
            raise damaged(f"the zip directory at its byte {position}")
        raw = directory[position + _ENTRY.size : position + _ENTRY.size + name_bytes]
        name = _decode(raw)
        _check_storage(name, flags=flags, method=method, packed=packed, size=size)
        yield _Entry(name, flags, crc, size, offset)
        position += _ENTRY.size + name_bytes + extra + comment
    if position != len(directory):
        raise damaged("the zip directory is longer than its entries")


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise damaged("a member name that is not UTF-8") from None


def _check_storage(name: str, *, flags: int, method: int, packed: int, size: int) -> None:
    if flags & ~(_HAS_DESCRIPTOR | _UTF8):
        raise foreign(f"member {printable(name)} is encrypted or patched (flags {flags:#x})")
    if method != 0 or packed != size:
        raise foreign(f"member {printable(name)} is compressed")


def _inner_names(entries: list[_Entry]) -> list[str]:
    """Names without the one folder that holds them all; each must be one that torch.save writes."""
    folders = {entry.name.partition("/")[0] for entry in entries}
    names = [entry.name.partition("/")[2] for entry in entries]
    if any(name.startswith("code/") or name == "constants.pkl" for name in names):
        raise foreign("a TorchScript archive")
    if "archive_format" in names:
        raise foreign("a program of torch.export")
    if len(folders) != 1 or folders & {"", ".", ".."} or "data.pkl" not in names:
        raise foreign("a zip archive that torch.save did not write")
    for name in names:
        if not _MEMBER.fullmatch(name):
            raise foreign(f"unknown member {printable(name)} in the zip archive")
    return names


def _check_length(name: str, size: int) -> None:
    if name == "data.pkl" and size > MAX_PICKLE_BYTES:
        raise foreign(f"{size} bytes of structure, more than {MAX_PICKLE_BYTES}")
    if not name.startswith("data") and size > MAX_NOTE_BYTES:
        raise foreign(f"{size} bytes in the member {name}, more than {MAX_NOTE_BYTES}")


def _stored(source: Source, entry: _Entry) -> tuple[_Place, int]:
    """Where a member lies, and the offset behind it; header and descriptor must agree."""
    shown = printable(entry.name)
    raw = source.peek(entry.offset, _LOCAL.size)
    if len(raw) != _LOCAL.size:
        raise damaged(f"{shown} lies outside the file")
    mark, _, flags, method, _, _, crc, packed, size, name_bytes, extra = _LOCAL.unpack(raw)
    start = entry.offset + _LOCAL.size
    name = source.peek(start, name_bytes)
    if mark != b"PK\x03\x04" or (flags, method) != (entry.flags, 0) or name != entry.name.encode():
        raise damaged(f"the header of {shown} and the zip directory differ")
    declared = (entry.crc, entry.size, entry.size)
    later = (0, 0, 0) if flags & _HAS_DESCRIPTOR else declared
    if (crc, packed, size) not in (declared, later):
        raise damaged(f"the header of {shown} and the zip directory differ")
    start += name_bytes + extra
    stop = start + entry.size
    if flags & _HAS_DESCRIPTOR:
        descriptor = source.peek(stop, _DESCRIPTOR.size)
        if descriptor != _DESCRIPTOR.pack(b"PK\x07\x08", *declared):
            raise damaged(f"the descriptor of {shown} and the zip directory differ")
        stop += _DESCRIPTOR.size
    return _Place(start, entry.size, entry.crc), stop
