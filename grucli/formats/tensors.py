"""Tensor records to numpy arrays, each kept inside its own storage."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.formats.calls import MAX_DIMENSIONS, StorageRecord, TensorRecord
from grucli.formats.container import Members
from grucli.formats.faults import FormatError, damaged, foreign
from grucli.text import printable

MAX_NODES = 250_000
MAX_TEXT = 4 * 2**20
"""Most characters and bytes of all texts and keys, each counted wherever it stands: one long text
can stand in a thousand places of a file that holds it once."""

MAX_DEPTH = 64
MAX_VIEWS = 16
"""How many times over the tensors of a file may show its bytes: tied weights do so a few times."""

_LEAST_VIEW = 2**20
_LONGEST_NUMBER = 2**64

_DTYPES: dict[str, np.dtype[Any]] = {
    "float32": np.dtype("<f4"),
    "float64": np.dtype("<f8"),
    "float16": np.dtype("<f2"),
    "bfloat16": np.dtype("<u2"),
    "int64": np.dtype("<i8"),
    "int32": np.dtype("<i4"),
    "int16": np.dtype("<i2"),
    "int8": np.dtype("i1"),
    "uint8": np.dtype("u1"),
    "bool": np.dtype("u1"),
}


def shape_fault(shape: Any) -> str | None:
    """Why no array can have a shape that a file claims, None where one can."""
    if len(shape) > MAX_DIMENSIONS:
        return f"{len(shape)} sizes"
    if any(type(size) is not int or not 0 <= size <= 2**40 for size in shape):
        return "a size that is no whole number from 0 to 2^40"
    if math.prod(size for size in shape if size) > 2**40:
        return "more entries than any memory holds"
    return None


def decode(raw: bytearray, dtype: str) -> NDArray[Any]:
    """Elements of a little-endian storage, which they take over; bfloat16 becomes float32."""
    values = np.frombuffer(raw, dtype=_DTYPES[dtype])
    if dtype == "bfloat16":
        return (values.astype("<u4") << 16).view("<f4")
    if dtype == "bool":
        if values.size and values.max() > 1:
            raise damaged("a truth value that is neither 0 nor 1")
        return values.view(np.bool_)
    return values


_Path = tuple["_Path", Any] | None
"""Where a value stands: the place above it and its own key. In words only where it is asked for:
a long key may stand above thousands of tensors."""


def _words(where: _Path) -> str:
    """``a.b.c``, each name cut to what a line holds."""
    names: list[str] = []
    while where is not None:
        where, key = where
        names.insert(0, printable(str(key)))
    return printable(".".join(names)) or "the root"


class TensorReader:
    """Replaces tensor records by arrays in the tree that a pickle built.

    Views of one storage share memory, as they do in torch; arrays are writable.
    """

    def __init__(self, members: Members) -> None:
        """Take the members of the archive: ``data/<key>`` holds the storage ``key``."""
        self._members = members
        self._storages: dict[str, tuple[StorageRecord, NDArray[Any]]] = {}
        self._nodes = 0
        self._text = 0
        self._viewed = 0

    def resolve(self, value: Any, where: _Path = None, depth: int = 0) -> Any:
        """A copy of the tree with arrays for tensors. Raises FormatError, naming the place."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise foreign(f"more than {MAX_NODES} values")
        if depth > MAX_DEPTH:
            raise foreign(f"values nested deeper than {MAX_DEPTH}")
        if isinstance(value, dict):
            for key in value:
                self._spend(key)
            return {k: self.resolve(item, (where, k), depth + 1) for k, item in value.items()}
        if isinstance(value, (list, tuple)):
            items = [self.resolve(item, (where, i), depth + 1) for i, item in enumerate(value)]
            return tuple(items) if isinstance(value, tuple) else items
        if isinstance(value, TensorRecord):
            return self._view(value, where)
        if value is None or isinstance(value, (str, int, float, bool, bytes)):
            self._spend(value)
            return value
        raise foreign(f"{_words(where)} is no plain value or tensor")

    def _spend(self, value: Any) -> None:
        """Count a text, or a number as long as one."""
        if isinstance(value, (str, bytes)):
            self._text += len(value)
        elif isinstance(value, int) and abs(value) >= _LONGEST_NUMBER:
            self._text += value.bit_length()
        if self._text > MAX_TEXT:
            raise foreign(f"more than {MAX_TEXT} characters of text")

    def _view(self, tensor: TensorRecord, where: _Path) -> NDArray[Any]:
        storage = self._storage(tensor.storage, where)
        fault = _layout_fault(tensor, storage.size)
        if fault:
            raise FormatError(
                f"tensor {_words(where)}: {printable(fault)}",
                expected="a tensor that fills its storage without overlap",
                remedy="save contiguous tensors with torch.save(model.state_dict(), path)",
            )
        if 0 in tensor.shape:
            return np.empty(tensor.shape, dtype=storage.dtype)
        self._viewed += math.prod(tensor.shape) * storage.itemsize
        if self._viewed > max(MAX_VIEWS * self._members.bytes, _LEAST_VIEW):
            raise foreign(f"tensors that show its bytes more than {MAX_VIEWS} times over")
        strides = [stride * storage.itemsize for stride in tensor.strides]
        start = storage[tensor.offset :]
        return np.lib.stride_tricks.as_strided(start, tensor.shape, strides)

    def _storage(self, record: StorageRecord, where: _Path) -> NDArray[Any]:
        if record.key not in self._storages:
            name = f"data/{record.key}"
            size, expected = self._members.size(name), record.count * _DTYPES[record.dtype].itemsize
            if size is None:
                raise damaged(f"the storage of tensor {_words(where)} is missing")
            if size != expected:
                raise damaged(
                    f"the storage of tensor {_words(where)} has {size} bytes instead of {expected}"
                )
            self._storages[record.key] = (record, decode(self._members.read(name), record.dtype))
        known, values = self._storages[record.key]
        if known != record:
            raise damaged(f"tensor {_words(where)} gives its storage another type or length")
        return values


def _layout_fault(tensor: TensorRecord, count: int) -> str | None:
    """Why the view is refused: it leaves its storage, or two of its elements share a place."""
    if len(tensor.shape) != len(tensor.strides):
        return f"{len(tensor.shape)} sizes and {len(tensor.strides)} strides"
    if tensor.offset < 0 or shape_fault(tensor.shape):
        return f"offset {tensor.offset}, shape {tensor.shape}"
    if 0 in tensor.shape:
        return None
    reach = 0
    pairs = zip(tensor.strides, tensor.shape, strict=True)
    for stride, size in sorted(pair for pair in pairs if pair[1] > 1):
        if stride <= reach:
            return f"strides {tensor.strides} for shape {tensor.shape} overlap"
        reach += stride * (size - 1)
    if tensor.offset + reach >= count:
        return f"shape {tensor.shape} reaches beyond its storage of {count} elements"
    return None
