"""Constants of an ONNX graph, also those that nodes put together out of others.

Exporters leave the gates of a recurrent layer to be put in order by Slice, Concat and Unsqueeze
nodes. These only move numbers, and are followed; nothing that computes is.

Operators: onnx.ai/onnx/operators.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.formats.faults import FormatError, damaged
from grucli.formats.onnx import OnnxGraph, OnnxNode, tensor_values
from grucli.text import printable

MAX_STEPS = 16
"""Most nodes one behind the other between a tensor in the file and a weight."""

MAX_COPIES = 4
"""How many times over the nodes may copy the bytes of the file."""

Array = NDArray[Any]


class Constants:
    """Values of a graph by name; ``used`` collects the tensors that they were read from."""

    def __init__(self, graph: OnnxGraph) -> None:
        """Remember which node makes which value."""
        self.used: set[str] = set()
        self._graph = graph
        self._makers = {name: node for node in graph.nodes for name in node.outputs}
        self._known: dict[str, Array] = {}
        self._copied_bytes = 0

    def values(self, name: str, steps: int = 0) -> Array:
        """The numbers of a constant. Raises FormatError where it is none, or is computed."""
        if name not in self._known:
            self._known[name] = self._find(name, steps)
        return self._known[name]

    def _find(self, name: str, steps: int) -> Array:
        tensor = self._graph.tensors.get(name)
        if tensor is not None:
            self.used.add(name)
            return tensor_values(tensor, printable(name))
        node = self._makers.get(name)
        move = _MOVES.get(node.op) if node is not None else None
        if node is None or move is None or steps >= MAX_STEPS:
            how = f"computed by a {printable(node.op)} node" if node is not None else "an input"
            raise FormatError(
                f"the weight {printable(name, limit=60)} is no constant but {how}",
                expected="initialisers or Constant nodes",
                remedy="export the model with its parameters in it and fold constants",
            )
        inputs = [self.values(source, steps + 1) for source in node.inputs]
        length = sum(values.nbytes for values in inputs)
        if self._copied_bytes + length > MAX_COPIES * self._graph.size:
            raise damaged(f"the weight {printable(name)} has more numbers than the file")
        try:
            moved = move(node, *inputs)
            self._copied_bytes += moved.nbytes if moved.base is None else 0
            return moved
        except (ValueError, IndexError, KeyError, TypeError, OverflowError):
            shown = f"{printable(node.op)} node {printable(node.name)}"
            raise damaged(f"{shown} does not fit its inputs") from None


def _identity(node: OnnxNode, values: Array) -> Array:
    return values


def _unsqueeze(node: OnnxNode, values: Array, axes: Array | None = None) -> Array:
    """Axes are an input since version 13 of the operator, an attribute before."""
    places = node.attributes["axes"].numbers(8) if axes is None else axes.tolist()
    return np.expand_dims(values, tuple(places))


def _slice(node: OnnxNode, values: Array, *bounds: Array) -> Array:
    starts, stops, *more = (bound.tolist() for bound in bounds)
    axes = more[0] if more else range(len(starts))
    steps = more[1] if len(more) > 1 else [1] * len(starts)
    for axis, start, stop, step in zip(axes, starts, stops, steps, strict=True):
        place = [slice(None)] * values.ndim
        place[axis] = slice(start, stop, step)
        values = values[tuple(place)]
    return values


def _concat(node: OnnxNode, *values: Array) -> Array:
    return np.concatenate(values, axis=node.attributes["axis"].number(3))


_MOVES: dict[str, Callable[..., Array]] = {
    "Identity": _identity,
    "Unsqueeze": _unsqueeze,
    "Slice": _slice,
    "Concat": _concat,
}
