"""Reading foreign bytes with numpy alone and without running any of them.

``read_archive`` is the one reader of .pt files: a checkpoint is loaded, evaluated and inspected
through it. It opens the zip itself, verifies every checksum, runs the pickle on a machine that
knows only plain values and tensors, and keeps every tensor inside its storage. ``read_tensors``
also takes safetensors and ONNX.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from grucli.errors import CheckpointError
from grucli.formats.container import read_members
from grucli.formats.faults import FormatError, foreign
from grucli.formats.onnx import looks_like_onnx
from grucli.formats.onnx_recurrent import OnnxModel, RecurrentNode, read_recurrent_nodes
from grucli.formats.safetensors import looks_like_safetensors, parse_safetensors
from grucli.formats.source import Source, open_source
from grucli.formats.tensors import TensorReader
from grucli.formats.unpickler import read_pickle
from grucli.text import printable

__all__ = ["OnnxModel", "RecurrentNode", "read_archive", "read_tensors"]

T = TypeVar("T")


def read_archive(path: str | Path) -> Any:
    """What a .pt file holds: plain values, and numpy arrays where it has tensors.

    The result is made of dict (keys str, int, float or bool), list, tuple, str, int, float, bool,
    None, bytes and arrays of the tensor's own element type; bfloat16 becomes float32, torch.Size a
    tuple, OrderedDict a dict, a parameter its data. Arrays are writable and share memory where the
    tensors did.

    Raises CheckpointError, `file: what; expected; do`, whatever is wrong with the file.
    """
    return _guarded(path, _parse_archive)


def read_tensors(path: str | Path) -> tuple[str, Any]:
    """The format of a .pt, safetensors or ONNX file, told by its first bytes, and what it holds.

    The format is ``torch`` (content as in ``read_archive``), ``safetensors`` (a dict of arrays) or
    ``onnx`` (an ``OnnxModel``). Raises CheckpointError.
    """

    def parse(source: Source) -> tuple[str, Any]:
        head = bytes(source.peek(0, 16))
        if looks_like_safetensors(head):
            return "safetensors", parse_safetensors(source)
        if looks_like_onnx(head):
            return "onnx", read_recurrent_nodes(source)
        return "torch", _parse_archive(source)

    return _guarded(path, parse)


def _guarded(path: str | Path, parse: Callable[[Source], T]) -> T:
    """Parse a file; put its name before any fault."""
    shown = printable(str(path))
    try:
        with open_source(path) as source:
            return parse(source)
    except FormatError as fault:
        raise CheckpointError(f"{shown}: {fault}") from None
    except MemoryError:
        raise CheckpointError(
            f"{shown}: needs more memory than there is; expected a file that fits in memory; save "
            "the recurrent weights in a file of their own"
        ) from None


def _parse_archive(source: Source) -> Any:
    members = read_members(source)
    if members.size("byteorder") is not None and members.read("byteorder") != b"little":
        raise foreign("written on a big-endian machine")
    found = TensorReader(members).resolve(read_pickle(bytes(members.read("data.pkl"))))
    members.verify_rest()
    return found
