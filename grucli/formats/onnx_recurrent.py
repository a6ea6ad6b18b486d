"""The recurrent nodes of an ONNX model with their weights, as the operators define them.

Operators GRU, LSTM and RNN: onnx.ai/onnx/operators.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from grucli.formats.faults import damaged, foreign
from grucli.formats.onnx import OnnxGraph, OnnxNode, parse_onnx, shape_of
from grucli.formats.onnx_constants import Constants
from grucli.formats.source import Source
from grucli.formats.tensors import MAX_VIEWS
from grucli.text import printable

MAX_NODES = 1000
MAX_PASSING = 64

_OPS = ("GRU", "LSTM", "RNN")
_W, _R, _B, _PEEPHOLES = 1, 2, 3, 7
_PASSING = {"Identity", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Dropout"}
"""Operators behind which the values are those before: Dropout does nothing outside training."""


@dataclass(frozen=True)
class RecurrentNode:
    """One GRU, LSTM or RNN node; ``name`` is its own or, where not all have one, ``GRU 0``.

    ``weights`` holds W [directions, gates * H, C], R [directions, gates * H, H] and, if there, B
    [directions, 2 * gates * H], shapes not checked yet. ``below`` names the recurrent node whose
    whole output Y this one reads. ``hidden_size`` is what the node says of R, 0 for nothing.
    ``linear_before_reset`` belongs to GRU, ``input_forget`` and ``has_peepholes`` to LSTM;
    ``activations`` is empty for the usual ones.
    """

    name: str
    op: str
    direction: str
    weights: Mapping[str, NDArray[Any]]
    below: str | None
    hidden_size: int
    activations: tuple[str, ...]
    is_clipped: bool
    linear_before_reset: bool
    input_forget: bool
    has_peepholes: bool


@dataclass(frozen=True)
class OnnxModel:
    """Recurrent nodes in the order of the graph, shapes of all other tensors, parts not read."""

    nodes: tuple[RecurrentNode, ...]
    other_tensors: Mapping[str, tuple[int, ...]]
    unread: tuple[str, ...]


def read_recurrent_nodes(source: Source) -> OnnxModel:
    """Raises FormatError for damage, and for weights that are not in the file."""
    graph = parse_onnx(source)
    constants = Constants(graph)
    found = dict(_named(graph))
    outputs = {node.outputs[0]: name for name, node in found.items() if any(node.outputs[:1])}
    makers = {output: node for node in graph.nodes for output in node.outputs if output}
    nodes = tuple(
        _recurrent(name, node, constants, below=_below(node, outputs, makers))
        for name, node in found.items()
    )
    length = sum(values.nbytes for node in nodes for values in node.weights.values())
    if length > MAX_VIEWS * source.size:
        raise foreign(f"nodes that show its bytes more than {MAX_VIEWS} times over")
    others = {
        name: shape_of(tensor)
        for name, tensor in graph.tensors.items()
        if name not in constants.used
    }
    return OnnxModel(nodes, others, graph.unread)


def _named(graph: OnnxGraph) -> Iterator[tuple[str, OnnxNode]]:
    """Recurrent nodes by their names or, where these do not tell them apart, by numbers."""
    nodes = [node for node in graph.nodes if node.op in _OPS]
    if len(nodes) > MAX_NODES:
        raise foreign(f"an ONNX model of more than {MAX_NODES} recurrent nodes")
    names = {node.name for node in nodes}
    unique = len(names) == len(nodes) and "" not in names
    for index, node in enumerate(nodes):
        yield node.name if unique else f"{node.op} {index}", node


def _recurrent(
    name: str, node: OnnxNode, constants: Constants, *, below: str | None
) -> RecurrentNode:
    inputs = (*node.inputs, *[""] * 8)
    if not inputs[_W] or not inputs[_R]:
        raise damaged(f"{node.op} node {printable(name)} without weights")
    places = {"W": _W, "R": _R, "B": _B}
    return RecurrentNode(
        name=name,
        op=node.op,
        direction=node.text("direction", "forward"),
        weights={
            letter: constants.values(inputs[place])
            for letter, place in places.items()
            if inputs[place]
        },
        below=below,
        hidden_size=node.integer("hidden_size", 0),
        activations=node.texts("activations"),
        is_clipped="clip" in node.attributes,
        linear_before_reset=node.integer("linear_before_reset", 0) != 0,
        input_forget=node.integer("input_forget", 0) != 0,
        has_peepholes=bool(inputs[_PEEPHOLES]),
    )


def _below(
    node: OnnxNode, outputs: Mapping[str, str], makers: Mapping[str, OnnxNode]
) -> str | None:
    """The recurrent node whose output reaches this one's first input with nothing computed."""
    for _ in range(MAX_PASSING):
        source = node.inputs[0] if node.inputs else ""
        if source in outputs:
            return outputs[source]
        maker = makers.get(source)
        if maker is None or maker.op not in _PASSING:
            return None
        node = maker
    return None
