"""The safetensors format: eight bytes of length, a JSON header, and the tensors' bytes in a row.

Format: the README of github.com/huggingface/safetensors. Tensors must tile the data without gaps
or overlaps, as that format asks.
"""

import json
import math
from typing import Any

from numpy.typing import NDArray

from grucli.formats.faults import FormatError, damaged
from grucli.formats.source import Source
from grucli.formats.tensors import decode, shape_fault
from grucli.text import printable

MAX_HEADER_BYTES = 2 * 2**20
"""Room for some 20,000 tensors; what a header can cost in memory is a hundred times its length."""

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


def looks_like_safetensors(head: bytes) -> bool:
    """Whether the first bytes are a plausible header length and the start of a JSON object."""
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 2**32


def parse_safetensors(source: Source) -> dict[str, NDArray[Any]]:
    """Tensors by name. Raises FormatError for damage, gaps, overlaps and unknown types.

    No tensor is read before all of them are known to fit.
    """
    length = int.from_bytes(source.peek(0, 8), "little")
    if 8 + length > source.size:
        raise damaged("the safetensors header is cut short")
    if length > MAX_HEADER_BYTES:
        raise FormatError(
            f"a safetensors header of {length} bytes",
            expected=f"at most {MAX_HEADER_BYTES}",
            remedy="save the recurrent weights in a file of their own",
        )
    header = _header(bytes(source.read(8, length)))
    places = []
    position, room = 0, source.size - 8 - length
    for name, entry in sorted(header.items(), key=lambda item: _start(*item)):
        dtype, shape, stop = _checked(name, entry, position)
        if stop > room:
            raise damaged(f"tensor {printable(name)} lies outside the file")
        places.append((name, dtype, shape, position, stop))
        position = stop
    if position != room:
        raise damaged("bytes behind the last tensor")
    return {
        name: decode(source.read(8 + length + start, stop - start), dtype).reshape(shape)
        for name, dtype, shape, start, stop in places
    }


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
    kind = entry.get("dtype")
    if not isinstance(kind, str) or kind not in _TYPES:
        raise FormatError(
            f"tensor {shown} has type {_short(kind)}",
            expected=f"one of {', '.join(_TYPES)}",
            remedy="convert it to one of these",
        )
    dtype, width = _TYPES[kind]
    shape: Any = entry.get("shape")
    fault = shape_fault(shape) if isinstance(shape, list) else "no list"
    if fault:
        raise damaged(f"tensor {shown} has no shape: {fault}")
    start, stop = entry["data_offsets"]
    if start != position or stop - start != math.prod(shape) * width:
        raise damaged(f"the bytes of tensor {shown} overlap, leave a gap or do not fit its shape")
    return dtype, tuple(shape), stop


def _short(kind: Any) -> str:
    return printable(kind, limit=40) if isinstance(kind, str) else f"of {type(kind).__name__}"
