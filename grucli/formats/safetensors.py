"""The safetensors format: eight bytes of length, a JSON header, and the tensors' bytes in a row.

Format: the README of github.com/huggingface/safetensors. Tensors must tile the data without gaps
or overlaps, as that format asks.
"""

import json
import math
from typing import Any

from numpy.typing import NDArray

from grucli.formats.faults import FormatError, damaged
from grucli.formats.tensors import MAX_DIMENSIONS, decode
from grucli.text import printable

MAX_HEADER_BYTES = 8 * 2**20

_TYPES = {
    "F64": ("float64", 8),
    "F32": ("float32", 4),
    "F16": ("float16", 2),
    "BF16": ("bfloat16", 2),
    "I64": ("int64", 8),
    "I32": ("int32", 4),
    "I16": ("int16", 2),
    "I8": ("int8", 1),
    "U8": ("uint8", 1),
    "BOOL": ("bool", 1),
}


def looks_like_safetensors(content: bytes) -> bool:
    """Whether the first bytes are a plausible header length and the start of a JSON object."""
    length = int.from_bytes(content[:8], "little")
    return content[8:9] == b"{" and length <= MAX_HEADER_BYTES


def parse_safetensors(content: bytes) -> dict[str, NDArray[Any]]:
    """Tensors by name. Raises FormatError for damage, gaps, overlaps and unknown types."""
    length = int.from_bytes(content[:8], "little")
    if 8 + length > len(content):
        raise damaged("the safetensors header is cut short")
    header = _header(content[8 : 8 + length])
    data = memoryview(content)[8 + length :]
    tensors: dict[str, NDArray[Any]] = {}
    position = 0
    for name, entry in sorted(header.items(), key=lambda item: _start(*item)):
        dtype, shape, stop = _checked(name, entry, position)
        if stop > len(data):
            raise damaged(f"tensor {printable(name)} lies outside the file")
        tensors[name] = decode(data[position:stop], dtype).reshape(shape)
        position = stop
    if position != len(data):
        raise damaged("bytes behind the last tensor")
    return tensors


def _header(raw: bytes) -> dict[str, Any]:
    try:
        header = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise damaged("the safetensors header is no JSON") from None
    if not isinstance(header, dict):
        raise damaged("the safetensors header is no object")
    header.pop("__metadata__", None)
    return header


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name given twice")
    return dict(pairs)


def _start(name: str, entry: Any) -> tuple[int, int]:
    """Begin and end of a tensor's bytes; the end puts an empty tensor before its neighbour."""
    offsets = entry.get("data_offsets") if isinstance(entry, dict) else None
    if not isinstance(offsets, list) or [type(item) for item in offsets] != [int, int]:
        raise damaged(f"tensor {printable(name)} has no data_offsets")
    return offsets[0], offsets[1]


def _checked(name: str, entry: dict[str, Any], position: int) -> tuple[str, tuple[int, ...], int]:
    """Element type, shape and end of a tensor that has to begin at ``position``."""
    shown = printable(name)
    if entry.get("dtype") not in _TYPES:
        raise FormatError(
            f"tensor {shown} has type {printable(str(entry.get('dtype')))}",
            expected=f"one of {', '.join(_TYPES)}",
            remedy="convert it to one of these",
        )
    dtype, width = _TYPES[entry["dtype"]]
    shape = entry.get("shape")
    if not isinstance(shape, list) or len(shape) > MAX_DIMENSIONS:
        raise damaged(f"tensor {shown} has no shape")
    if any(type(size) is not int or not 0 <= size <= 2**40 for size in shape):
        raise damaged(f"tensor {shown} has no shape")
    start, stop = entry["data_offsets"]
    if start != position or stop - start != math.prod(shape) * width:
        raise damaged(f"the bytes of tensor {shown} overlap, leave a gap or do not fit its shape")
    return dtype, tuple(shape), stop
