"""What the few names in a torch pickle stand for, none of them imported from anywhere."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from grucli.formats.faults import foreign

MAX_DIMENSIONS = 16
MAX_ENCODED_BYTES = 8 * 2**20

STORAGES = {
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}
"""Storage classes of torch and the element type of each."""


@dataclass(frozen=True)
class StorageRecord:
    """A run of ``count`` elements of type ``dtype`` in the member ``data/<key>``."""

    key: str
    dtype: str
    count: int


@dataclass(frozen=True)
class TensorRecord:
    """A view of a storage: offset, shape and strides in elements, not checked yet."""

    storage: StorageRecord
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass
class Budget:
    """Counts the bytes that a pickle makes out of texts it holds only once."""

    encoded_bytes: int = 0

    def spend(self, count: int) -> None:
        """Add to the count. Raises FormatError beyond 8 MiB."""
        self.encoded_bytes += count
        if self.encoded_bytes > MAX_ENCODED_BYTES:
            raise foreign(f"more than {MAX_ENCODED_BYTES} bytes of byte strings")


def _rebuild_tensor(_: Budget, *arguments: Any) -> TensorRecord:
    storage, offset, shape, strides, requires_grad, hooks = arguments
    if not isinstance(storage, StorageRecord) or type(offset) is not int:
        raise ValueError("no tensor")
    _check_sizes(shape)
    _check_sizes(strides)
    if type(requires_grad) is not bool or hooks != {}:
        raise ValueError("no plain tensor")
    return TensorRecord(storage, offset, shape, strides)


def _check_sizes(numbers: Any) -> None:
    """Short tuples of whole numbers alone: a long one would be walked at every call."""
    if type(numbers) is not tuple or len(numbers) > MAX_DIMENSIONS:
        raise ValueError("no sizes")
    if any(type(number) is not int for number in numbers):
        raise ValueError("no sizes")


def _rebuild_parameter(
    _: Budget, data: TensorRecord, requires_grad: bool, hooks: dict[str, Any]
) -> TensorRecord:
    if not isinstance(data, TensorRecord) or type(requires_grad) is not bool or hooks != {}:
        raise ValueError("no plain parameter")
    return data


def _encode(budget: Budget, text: str, encoding: str) -> bytes:
    """How protocol 2 writes bytes. The sum is limited: one long text can be encoded many times."""
    if encoding != "latin1":
        raise ValueError("another encoding than latin1")
    budget.spend(len(text))
    return text.encode("latin-1")


def _size(_: Budget, numbers: tuple[int, ...]) -> tuple[int, ...]:
    _check_sizes(numbers)
    return numbers


def _ordered_dict(_: Budget) -> dict[Any, Any]:
    return {}


CALLS: dict[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): _ordered_dict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    ("torch", "Size"): _size,
    ("_codecs", "encode"): _encode,
}
"""Every name that may be called, and what stands in for it."""
