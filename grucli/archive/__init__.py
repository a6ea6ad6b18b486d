"""Reading what torch.save wrote, with numpy alone and without running any of it.

``read_archive`` is the one reader of .pt files: a checkpoint is loaded, evaluated and inspected
through it. It opens the zip itself, verifies every checksum, runs the pickle on a machine that
knows only plain values and tensors, and keeps every tensor inside its storage.
"""

from dataclasses import dataclass
from typing import Any

from grucli.archive.container import read_members
from grucli.archive.faults import FormatError, damaged, foreign, printable
from grucli.archive.source import read_regular_file
from grucli.archive.tensors import TensorReader
from grucli.archive.unpickler import read_pickle
from grucli.errors import CheckpointError

__all__ = ["Archive", "printable", "read_archive"]


@dataclass(frozen=True)
class Archive:
    """What a file held: plain values, and numpy arrays where it had tensors.

    ``content`` is made of dict (keys str, int, float or bool), list, tuple, str, int, float, bool,
    None, bytes and arrays of the tensor's own element type; bfloat16 became float32, torch.Size a
    tuple, OrderedDict a dict, a parameter its data. Arrays are writable and may share memory where
    the tensors did.
    """

    path: str
    content: Any


def read_archive(path: str) -> Archive:
    """Read a .pt file. Raises CheckpointError: `file: what; expected; do`, never anything else."""
    try:
        members = read_members(read_regular_file(path))
        byte_order = members.get("byteorder")
        if byte_order is not None and bytes(byte_order) != b"little":
            raise foreign("written on a big-endian machine")
        content = TensorReader(members).resolve(read_pickle(bytes(members["data.pkl"])))
    except FormatError as fault:
        raise CheckpointError(f"{printable(path)}: {fault}") from None
    except MemoryError:
        raise CheckpointError(f"{printable(path)}: {damaged('more than memory holds')}") from None
    return Archive(path, content)
