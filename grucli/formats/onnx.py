"""An ONNX model as far as weights are in it: the nodes of its graph, and its tensors.

Format: onnx/onnx.proto of github.com/onnx/onnx, whose field numbers stand here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.formats.faults import FormatError, damaged
from grucli.formats.protobuf import FIXED32, FIXED64, Budget, Message, Run, read_message
from grucli.formats.source import Source
from grucli.formats.tensors import decode, shape_fault

_TYPES = {1: "float32", 6: "int32", 7: "int64", 10: "float16", 11: "float64", 16: "bfloat16"}
_WIDTHS = {"float32": 4, "int32": 4, "int64": 8, "float16": 2, "float64": 8, "bfloat16": 2}
_EXTERNAL = 1


@dataclass(frozen=True)
class OnnxNode:
    """One operator of the graph; ``attributes`` are messages still to be read."""

    name: str
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Message]

    def integer(self, name: str, default: int) -> int:
        """An attribute that is a whole number."""
        found = self.attributes.get(name)
        return default if found is None else found.number(3)

    def text(self, name: str, default: str) -> str:
        """An attribute that is a text."""
        found = self.attributes.get(name)
        return default if found is None else found.text(4)

    def texts(self, name: str) -> tuple[str, ...]:
        """An attribute that is a row of texts, empty where it is missing."""
        found = self.attributes.get(name)
        return () if found is None else tuple(found.texts(9))


@dataclass(frozen=True)
class OnnxGraph:
    """Nodes in the order of the file; tensors by name, initialisers before Constant nodes.

    ``unread`` says in words which parts of the model were not looked into; ``size`` is that of
    the file in bytes.
    """

    nodes: tuple[OnnxNode, ...]
    tensors: Mapping[str, Message]
    unread: tuple[str, ...]
    size: int


def looks_like_onnx(head: bytes) -> bool:
    """Whether the first byte is the tag of ``ir_version``, with which every model begins."""
    return head.startswith(b"\x08")


def parse_onnx(source: Source) -> OnnxGraph:
    """Take a model apart; no tensor is read yet. Raises FormatError for damage."""
    model = read_message(Run(source, 0, source.size), "the model", Budget())
    graph = model.message(7, "the graph")
    if graph is None:
        raise damaged("an ONNX model without a graph")
    nodes = tuple(_node(message) for message in graph.messages(1, "a node"))
    initialisers = graph.messages(5, "an initialiser")
    tensors = {message.text(8): message for message in initialisers}
    if len(tensors) != len(initialisers):
        raise damaged("two initialisers of one name")
    for node in nodes:
        value = node.attributes.get("value") if node.op == "Constant" else None
        tensor = value.message(5, "a constant") if value is not None else None
        if tensor is not None and len(node.outputs) == 1:
            tensors.setdefault(node.outputs[0], tensor)
    return OnnxGraph(nodes, tensors, tuple(_unread(model, nodes)), source.size)


def _node(message: Message) -> OnnxNode:
    op, domain = message.text(4), message.text(7)
    return OnnxNode(
        name=message.text(3),
        op=op if domain in ("", "ai.onnx") else f"{domain}.{op}",
        inputs=tuple(message.texts(1)),
        outputs=tuple(message.texts(2)),
        attributes={item.text(1): item for item in message.messages(5, "an attribute")},
    )


def _unread(model: Message, nodes: tuple[OnnxNode, ...]) -> list[str]:
    """Graphs inside attributes (field 6 or 11) and functions of the model (25)."""
    bodies = [
        f"the body of {node.op} node {node.name}"
        for node in nodes
        if any(item.fields.keys() & {6, 11} for item in node.attributes.values())
    ]
    count = len(model.contents(25))
    return bodies + [f"{count} functions of the model"] * bool(count)


def shape_of(tensor: Message) -> tuple[int, ...]:
    """The shape that a tensor claims. Raises FormatError for one that no array can have."""
    shape = tuple(tensor.numbers(1))
    fault = shape_fault(shape)
    if fault:
        raise damaged(f"the shape of {tensor.what}: {fault}")
    return shape


def tensor_values(tensor: Message, shown: str) -> NDArray[Any]:
    """The numbers of a tensor. Raises FormatError where they are elsewhere, or of another type."""
    if tensor.number(14) == _EXTERNAL or 13 in tensor.fields:
        raise FormatError(
            f"tensor {shown} lies in another file (external data)",
            expected="all weights in one file",
            remedy="load it with onnx.load and save it again with onnx.save_model, in one file",
        )
    dtype = _TYPES.get(tensor.number(2))
    if dtype is None or 3 in tensor.fields:
        raise FormatError(
            f"tensor {shown} has data type {tensor.number(2)}"
            + (" and comes in segments" if 3 in tensor.fields else ""),
            expected=f"one of {', '.join(_TYPES.values())}, in one piece",
            remedy="convert it to float32",
        )
    shape = shape_of(tensor)
    raw = _raw(tensor, dtype, math.prod(shape) * _WIDTHS[dtype], shown)
    return decode(raw, dtype).reshape(shape)


def _raw(tensor: Message, dtype: str, length: int, shown: str) -> bytearray:
    """The little-endian bytes of a tensor, in whichever field they stand: ``length`` of them."""
    raw = tensor.content(9)
    if raw is not None:
        pieces = [raw]
    elif dtype == "float32":
        pieces = tensor.fixed(4, FIXED32)
    elif dtype == "float64":
        pieces = tensor.fixed(10, FIXED64)
    else:
        return _packed(tensor, dtype, length, shown)
    _check_length(sum(map(len, pieces)), length, shown)
    return bytearray().join(piece.read() for piece in pieces)


def _packed(tensor: Message, dtype: str, length: int, shown: str) -> bytearray:
    """The bytes of numbers that stand one by one."""
    numbers = tensor.numbers(7 if dtype == "int64" else 5)
    kind = {"int64": "<i8", "int32": "<i4"}.get(dtype, "<u2")
    limits = np.iinfo(kind)
    if any(not limits.min <= number <= limits.max for number in numbers):
        raise damaged(f"a number of {tensor.what} is no {dtype}")
    _check_length(len(numbers) * _WIDTHS[dtype], length, shown)
    return bytearray(np.array(numbers, dtype=kind).tobytes())


def _check_length(found: int, expected: int, shown: str) -> None:
    if found != expected:
        raise damaged(f"tensor {shown} has {found} bytes instead of {expected}")
