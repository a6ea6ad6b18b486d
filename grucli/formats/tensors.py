"""Tensor records to numpy arrays, each kept inside its own storage."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.formats.calls import StorageRecord, TensorRecord
from grucli.formats.faults import FormatError, damaged, foreign
from grucli.text import printable

MAX_NODES = 250_000
MAX_DEPTH = 64
MAX_DIMENSIONS = 16

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


def decode(raw: memoryview, dtype: str) -> NDArray[Any]:
    """Elements of a little-endian storage; bfloat16 becomes float32, which holds it exactly."""
    values = np.frombuffer(raw, dtype=_DTYPES[dtype])
    if dtype == "bfloat16":
        return (values.astype("<u4") << 16).view("<f4")
    if dtype == "bool":
        if values.size and values.max() > 1:
            raise damaged("a truth value that is neither 0 nor 1")
        return values.astype(np.bool_)
    return values.copy()


class TensorReader:
    """Replaces tensor records by arrays in the tree that a pickle built.

    Views of one storage share memory, as they do in torch; arrays are writable.
    """

    def __init__(self, members: Mapping[str, memoryview]) -> None:
        """Take the members of the archive: ``data/<key>`` holds the storage ``key``."""
        self._members = members
        self._storages: dict[str, tuple[StorageRecord, NDArray[Any]]] = {}
        self._nodes = 0

    def resolve(self, value: Any, where: tuple[str, ...] = ()) -> Any:
        """A copy of the tree with arrays for tensors. Raises FormatError, naming the place."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise foreign(f"more than {MAX_NODES} values")
        if len(where) > MAX_DEPTH:
            raise foreign(f"values nested deeper than {MAX_DEPTH}")
        if isinstance(value, dict):
            return {key: self.resolve(item, (*where, str(key))) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            items = [self.resolve(item, (*where, str(i))) for i, item in enumerate(value)]
            return tuple(items) if isinstance(value, tuple) else items
        if isinstance(value, TensorRecord):
            return self._view(value, printable(".".join(where)))
        if value is None or isinstance(value, (str, int, float, bool, bytes)):
            return value
        raise foreign(f"{printable('.'.join(where)) or 'the root'} is no plain value or tensor")

    def _view(self, tensor: TensorRecord, where: str) -> NDArray[Any]:
        storage = self._storage(tensor.storage, where)
        fault = _layout_fault(tensor, storage.size)
        if fault:
            raise FormatError(
                f"tensor {where}: {printable(fault)}",
                expected="a tensor that fills its storage without overlap",
                remedy="save contiguous tensors with torch.save(model.state_dict(), path)",
            )
        if 0 in tensor.shape:
            return np.empty(tensor.shape, dtype=storage.dtype)
        strides = [stride * storage.itemsize for stride in tensor.strides]
        start = storage[tensor.offset :]
        return np.lib.stride_tricks.as_strided(start, tensor.shape, strides)

    def _storage(self, record: StorageRecord, where: str) -> NDArray[Any]:
        if record.key not in self._storages:
            raw = self._members.get(f"data/{record.key}")
            if raw is None:
                raise damaged(f"the storage of tensor {where} is missing")
            expected = record.count * _DTYPES[record.dtype].itemsize
            if len(raw) != expected:
                found = f"the storage of tensor {where} has {len(raw)} bytes instead of {expected}"
                raise damaged(found)
            self._storages[record.key] = (record, decode(raw, record.dtype))
        known, values = self._storages[record.key]
        if known != record:
            raise damaged(f"tensor {where} gives its storage another type or length")
        return values


def _layout_fault(tensor: TensorRecord, count: int) -> str | None:
    """Why the view is refused: it leaves its storage, or two of its elements share a place."""
    if len(tensor.shape) != len(tensor.strides) or len(tensor.shape) > MAX_DIMENSIONS:
        return f"{len(tensor.shape)} sizes and {len(tensor.strides)} strides"
    if tensor.offset < 0 or any(not 0 <= size <= 2**40 for size in tensor.shape):
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
