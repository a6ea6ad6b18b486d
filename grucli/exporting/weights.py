"""safetensors: weights alone, under torch's names.

Source: github.com/huggingface/safetensors, "Format".
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TYPES = {"float32": "F32", "float64": "F64"}
_ALIGNED = 8


def safetensors_bytes(weights: Mapping[str, NDArray[Any]], facts: Mapping[str, str]) -> bytes:
    """A file of tensors, with texts beside them as its metadata."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt", **facts}}
    arrays = {name: np.ascontiguousarray(array) for name, array in weights.items()}
    offset = 0
    for name, array in arrays.items():
        end = offset + array.nbytes
        dtype = _TYPES[array.dtype.name]
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": (offset, end)}
        offset = end
    text = json.dumps(header, allow_nan=False).encode()
    text += b" " * (-len(text) % _ALIGNED)
    parts = [array.astype(array.dtype.newbyteorder("<")).tobytes() for array in arrays.values()]
    return len(text).to_bytes(8, "little") + text + b"".join(parts)
