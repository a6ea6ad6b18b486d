"""Protocol buffers on the wire, read strictly and without a schema: numbers and runs of bytes.

A message is a row of fields, each with a number and one of four wire types. Fields that nobody
asks for are only stepped over. Groups, a fifth type long out of use, are refused, as is a single
value that is given twice.

Format: protobuf.dev, Encoding.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from grucli.formats.faults import damaged, foreign
from grucli.formats.source import Source

MAX_FIELDS = 150_000
"""Most fields and packed numbers of one file: each of them costs time, even if it is skipped."""

MAX_TEXT = 2**16
MAX_DEPTH = 16
MAX_NUMBER = 2**29

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_WIDTHS = {FIXED64: 8, FIXED32: 4}


@dataclass
class Budget:
    """Counts what was read of one file."""

    spent: int = 0

    def spend(self) -> None:
        """Count one more. Raises FormatError beyond ``MAX_FIELDS``."""
        self.spent += 1
        if self.spent > MAX_FIELDS:
            raise foreign(f"more than {MAX_FIELDS} fields")


class Run:
    """Bytes of a file from ``start`` to ``stop``, not read yet."""

    __slots__ = ("source", "start", "stop")

    def __init__(self, source: Source, start: int, stop: int) -> None:
        """Take the place in the file."""
        self.source, self.start, self.stop = source, start, stop

    def __len__(self) -> int:
        """How many."""
        return self.stop - self.start

    def part(self, start: int, length: int) -> "Run":
        """A run inside this one, which has to hold it."""
        return Run(self.source, self.start + start, self.start + start + length)

    def read(self) -> bytearray:
        """All of them."""
        return self.source.read(self.start, len(self))


@dataclass(frozen=True)
class Message:
    """The fields of one message by number; ``what`` names it in errors.

    Asking for a field checks its wire type; one that is missing is its default. All methods raise
    FormatError.
    """

    what: str
    fields: dict[int, list[tuple[int, int | Run]]]
    budget: Budget = field(repr=False)
    depth: int = 0

    def number(self, number: int, default: int = 0) -> int:
        """A single int64."""
        found = self._single(number, VARINT)
        return _signed(found) if isinstance(found, int) else default

    def text(self, number: int) -> str:
        """A single string."""
        content = self.content(number)
        return "" if content is None else self._decoded(content)

    def texts(self, number: int) -> list[str]:
        """Repeated strings."""
        return [self._decoded(content) for content in self.contents(number)]

    def content(self, number: int) -> Run | None:
        """A single run of bytes."""
        found = self._single(number, BYTES)
        return found if isinstance(found, Run) else None

    def contents(self, number: int) -> list[Run]:
        """Repeated runs of bytes."""
        return [self._bytes(number, kind, value) for kind, value in self.fields.get(number, [])]

    def message(self, number: int, what: str) -> "Message | None":
        """A single message inside this one."""
        content = self.content(number)
        return None if content is None else self._inner(content, what)

    def messages(self, number: int, what: str) -> "list[Message]":
        """Repeated messages inside this one."""
        return [self._inner(content, what) for content in self.contents(number)]

    def numbers(self, number: int) -> list[int]:
        """Repeated int64, each a field of its own or many packed into one."""
        found: list[int] = []
        for kind, value in self.fields.get(number, []):
            if kind == VARINT and isinstance(value, int):
                found.append(_signed(value))
            else:
                found += map(_signed, self._packed(self._bytes(number, kind, value)))
        return found

    def fixed(self, number: int, kind: int) -> list[Run]:
        """The bytes of repeated floats (FIXED32) or doubles (FIXED64), packed or not."""
        return [
            value if found == kind and isinstance(value, Run) else self._bytes(number, found, value)
            for found, value in self.fields.get(number, [])
        ]

    def _single(self, number: int, kind: int) -> int | Run | None:
        found = self.fields.get(number, [])
        if len(found) > 1:
            raise damaged(f"field {number} of {self.what} is given {len(found)} times")
        for wire_type, value in found:
            if wire_type != kind:
                raise self._other_type(number, wire_type)
            return value
        return None

    def _bytes(self, number: int, kind: int, value: int | Run) -> Run:
        if kind != BYTES or not isinstance(value, Run):
            raise self._other_type(number, kind)
        return value

    def _other_type(self, number: int, kind: int) -> Exception:
        return damaged(f"field {number} of {self.what} has wire type {kind}")

    def _decoded(self, content: Run) -> str:
        if len(content) > MAX_TEXT:
            raise foreign(f"a name of {len(content)} bytes in {self.what}")
        try:
            return str(content.source.peek(content.start, len(content)), "utf-8")
        except UnicodeDecodeError:
            raise damaged(f"a name in {self.what} is not UTF-8") from None

    def _inner(self, content: Run, what: str) -> "Message":
        if self.depth >= MAX_DEPTH:
            raise foreign(f"messages nested deeper than {MAX_DEPTH}")
        return read_message(content, what, self.budget, depth=self.depth + 1)

    def _packed(self, content: Run) -> Iterator[int]:
        position = 0
        while position < len(content):
            self.budget.spend()
            value, position = _varint(content, position, self.what)
            yield value


def read_message(content: Run, what: str, budget: Budget, *, depth: int = 0) -> Message:
    """Take one message apart. Raises FormatError where its fields do not fill it exactly."""
    fields: dict[int, list[tuple[int, int | Run]]] = {}
    position = 0
    while position < len(content):
        budget.spend()
        tag, position = _varint(content, position, what)
        number, kind = tag >> 3, tag & 7
        value: int | Run
        if not 0 < number < MAX_NUMBER or kind not in (VARINT, FIXED64, BYTES, FIXED32):
            raise damaged(f"field {number} of {what} has wire type {kind}")
        if kind == VARINT:
            value, position = _varint(content, position, what)
        else:
            length = _WIDTHS.get(kind)
            if length is None:
                length, position = _varint(content, position, what)
            if position + length > len(content):
                raise damaged(f"field {number} of {what} ends behind it")
            value = content.part(position, length)
            position += length
        fields.setdefault(number, []).append((kind, value))
    return Message(what, fields, budget, depth)


def _varint(content: Run, position: int, what: str) -> tuple[int, int]:
    """An unsigned number of up to 64 bits, seven a byte, and the position behind it."""
    value = 0
    room = min(10, len(content) - position)
    for index, byte in enumerate(content.source.peek(content.start + position, room)):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            if value >> 64:
                break
            return value, position + index + 1
    raise damaged(f"a number in {what} has no end")


def _signed(value: int) -> int:
    return value - 2**64 if value >> 63 else value
