"""The few pickle instructions that torch.save needs, and no others. Nothing is ever imported.

A pickle is a program. Here it is read by a machine of our own that knows 31 of its instructions
and 5 names beside the storage types; a name is looked up in a table and never in a module. What
comes out are dict, list, tuple, str, int, float, bool, None, bytes and TensorRecord.

Limits: half a million instructions, whole numbers of 255 bytes.
Instructions: the comments of Python's pickletools; names: torch/_weights_only_unpickler.py.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from grucli.formats.calls import CALLS, STORAGES, Budget, StorageRecord
from grucli.formats.faults import FormatError, damaged, foreign
from grucli.text import printable

MAX_INSTRUCTIONS = 500_000
MAX_KEY = 2**60
"""Larger whole numbers can be made so that all of them fall on one place of a dict's table."""


@dataclass(frozen=True)
class _Name:
    module: str
    name: str

    def __str__(self) -> str:
        return printable(f"{self.module}.{self.name}")


def read_pickle(program: bytes) -> Any:
    """Run a pickle on the small machine and return what it builds.

    Raises FormatError when the program is damaged, too long, or names or does anything that plain
    values and tensors do not need.
    """
    machine = _Machine(program)
    try:
        return machine.run()
    except (IndexError, KeyError, TypeError, ValueError, struct.error):
        raise damaged(f"the pickle at byte {machine.position}") from None


def _refused(name: _Name) -> FormatError:
    return FormatError(
        f"the file asks for {name}, which is no plain value or tensor",
        expected="a file of weights and plain values",
        remedy="do not load it elsewhere unless you trust its writer; "
        "in the program that wrote it, save model.state_dict() alone",
    )


class _Machine:
    def __init__(self, program: bytes) -> None:
        self.program = program
        self.position = 0
        self.stack: list[Any] = []
        self.outer: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.budget = Budget()

    def run(self) -> Any:
        if self.take(2) != b"\x80\x02":
            raise foreign("a pickle of another protocol than 2")
        for _ in range(MAX_INSTRUCTIONS):
            code = self.take(1)
            if code == b".":
                (result,) = self.stack
                if self.outer or self.position != len(self.program):
                    raise damaged("the pickle does not end where it should")
                return result
            if code not in _INSTRUCTIONS:
                raise foreign(f"pickle instruction {code!r}, which plain weights do not need")
            _INSTRUCTIONS[code](self)
        raise foreign(f"more than {MAX_INSTRUCTIONS} pickle instructions")

    def take(self, count: int) -> bytes:
        piece = self.program[self.position : self.position + count]
        if len(piece) != count:
            raise damaged("the pickle ends too early")
        self.position += count
        return piece

    def number(self, layout: str) -> int:
        value: int = struct.unpack(layout, self.take(struct.calcsize(layout)))[0]
        return value

    def line(self) -> str:
        stop = self.program.index(b"\n", self.position, self.position + 300)
        return self.take(stop + 1 - self.position)[:-1].decode("ascii")

    def popped_to_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.outer.pop()
        return items

    def push_long(self) -> None:
        self.stack.append(int.from_bytes(self.take(self.number("B")), "little", signed=True))

    def push_name(self) -> None:
        try:
            name = _Name(self.line(), self.line())
        except ValueError:
            raise damaged(f"a name in the pickle at byte {self.position}") from None
        is_storage = name.module == "torch" and name.name in STORAGES
        if not is_storage and (name.module, name.name) not in CALLS:
            raise _refused(name)
        self.stack.append(name)

    def push_marked_tuple(self) -> None:
        items = tuple(self.popped_to_mark())
        self.stack.append(items)

    def push_tuple(self, count: int) -> None:
        if len(self.stack) < count:
            raise damaged(f"the pickle at byte {self.position}")
        items = tuple(self.stack[len(self.stack) - count :])
        del self.stack[len(self.stack) - count :]
        self.stack.append(items)

    def set_items(self, flat: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not dict or len(flat) % 2:
            raise damaged(f"the pickle at byte {self.position} sets items of no dict")
        for key, value in zip(flat[::2], flat[1::2], strict=True):
            if type(key) not in (str, int, float, bool):
                raise foreign(f"a dict with a key of type {type(key).__name__}")
            if type(key) is int and abs(key) > MAX_KEY:
                raise foreign(f"a dict with a key beyond {MAX_KEY}")
            target[key] = value

    def append(self, items: list[Any]) -> None:
        if type(self.stack[-1]) is not list:
            raise damaged(f"the pickle at byte {self.position} appends to no list")
        self.stack[-1].extend(items)

    def set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.set_items([key, value])

    def mark(self) -> None:
        self.outer.append(self.stack)
        self.stack = []

    def load_storage(self) -> None:
        kind, name, key, location, count = self.stack.pop()
        plain = isinstance(key, str) and isinstance(location, str) and type(count) is int
        if kind != "storage" or not isinstance(name, _Name) or name.name not in STORAGES:
            raise foreign("a reference to something other than a storage")
        if not plain or count < 0:
            raise damaged(f"the storage at byte {self.position} of the pickle")
        self.stack.append(StorageRecord(key, STORAGES[name.name], count))

    def call(self) -> None:
        arguments, name = self.stack.pop(), self.stack.pop()
        if not isinstance(name, _Name) or (name.module, name.name) not in CALLS:
            raise damaged(f"the pickle at byte {self.position} calls something that is no name")
        try:
            self.stack.append(CALLS[name.module, name.name](self.budget, *arguments))
        except (ValueError, TypeError):
            raise damaged(f"{name} was given something it cannot take") from None

    def ignore_attributes(self) -> None:
        """A state_dict carries its `_metadata` as an attribute; nothing here needs it."""
        state, target = self.stack.pop(), self.stack[-1]
        if type(target) is not dict or type(state) is not dict:
            raise foreign("an object with attributes")


_INSTRUCTIONS: dict[bytes, Callable[[_Machine], None]] = {
    b"(": _Machine.mark,
    b"N": lambda m: m.stack.append(None),
    b"\x88": lambda m: m.stack.append(True),
    b"\x89": lambda m: m.stack.append(False),
    b"J": lambda m: m.stack.append(m.number("<i")),
    b"K": lambda m: m.stack.append(m.number("<B")),
    b"M": lambda m: m.stack.append(m.number("<H")),
    b"\x8a": _Machine.push_long,
    b"G": lambda m: m.stack.append(struct.unpack(">d", m.take(8))[0]),
    b"X": lambda m: m.stack.append(m.take(m.number("<I")).decode("utf-8", "surrogatepass")),
    b"}": lambda m: m.stack.append({}),
    b"]": lambda m: m.stack.append([]),
    b")": lambda m: m.stack.append(()),
    b"t": _Machine.push_marked_tuple,
    b"\x85": lambda m: m.push_tuple(1),
    b"\x86": lambda m: m.push_tuple(2),
    b"\x87": lambda m: m.push_tuple(3),
    b"s": _Machine.set_item,
    b"u": lambda m: m.set_items(m.popped_to_mark()),
    b"a": lambda m: m.append([m.stack.pop()]),
    b"e": lambda m: m.append(m.popped_to_mark()),
    b"q": lambda m: m.memo.__setitem__(m.number("<B"), m.stack[-1]),
    b"r": lambda m: m.memo.__setitem__(m.number("<I"), m.stack[-1]),
    b"h": lambda m: m.stack.append(m.memo[m.number("<B")]),
    b"j": lambda m: m.stack.append(m.memo[m.number("<I")]),
    b"c": _Machine.push_name,
    b"Q": _Machine.load_storage,
    b"R": _Machine.call,
    b"b": _Machine.ignore_attributes,
}
