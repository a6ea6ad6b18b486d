"""ONNX's recurrent nodes as stacks of layers with the gates in this project's order.

A node whose input is another's whole output, with nothing computed between them, is the layer
above it; any other begins a stack of its own.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.cells import CELLS
from grucli.errors import CheckpointError
from grucli.formats import OnnxModel, RecurrentNode
from grucli.text import printable
from grucli.weights.stacks import Floats, RecurrentModule, WeightFile

_CELLS = {form.operator: spec for spec in CELLS.values() if (form := spec.onnx)}
_FORMS = {form.operator: form for spec in CELLS.values() if (form := spec.onnx)}
_DIRECTIONS = {
    "forward": ("",),
    "reverse": ("_reverse",),
    "bidirectional": ("", "_reverse"),
}


def onnx_weights(path: str, model: OnnxModel) -> WeightFile:
    """Raises CheckpointError where there is no recurrent node, or its shapes do not agree."""
    shown = printable(path)
    if not model.nodes:
        raise CheckpointError(f"{shown}: {_nothing_recurrent(model)}")
    problems = [problem for node in model.nodes for problem in _problems(node)]
    if problems:
        raise CheckpointError(*(f"{shown}: {problem}" for problem in problems))
    modules = tuple(_module(nodes) for nodes in _stacks(model))
    notes = [note for node in model.nodes for note in _notes(node)]
    notes += [f"Not looked into: {printable(part)}." for part in model.unread]
    return WeightFile(
        path=path,
        format="ONNX model",
        tensors={m.prefix + name: values for m in modules for name, values in m.tensors.items()},
        modules=modules,
        other_tensors=model.other_tensors,
        notes=tuple(notes),
        obstacles=tuple(notes),
    )


def _nothing_recurrent(model: OnnxModel) -> str:
    unread = f" (not looked into: {', '.join(map(printable, model.unread))})" * bool(model.unread)
    return (
        f"an ONNX model with no recurrent layer{unread}; expected a GRU, LSTM or RNN node in its "
        "graph; export the recurrent module itself"
    )


def _problems(node: RecurrentNode) -> Iterator[str]:
    """Shapes and types that the operator does not have."""
    where = f"{node.op} node {printable(node.name)}"
    if node.direction not in _DIRECTIONS:
        yield (
            f"{where}: direction {printable(node.direction)}; expected one of "
            f"{', '.join(_DIRECTIONS)}; export the model again"
        )
        return
    directions, gates = len(_DIRECTIONS[node.direction]), len(_CELLS[node.op].gates)
    hidden = node.weights["R"].shape[-1] if node.weights["R"].ndim else 0
    if node.hidden_size not in (0, hidden):
        yield (
            f"{where}: hidden_size {node.hidden_size}, but R is of {hidden} units; expected both "
            "to agree; export the model again"
        )
    shapes = {
        "W": (directions, gates * hidden, node.weights["W"].shape[-1:]),
        "R": (directions, gates * hidden, (hidden,)),
        "B": (directions, 2 * gates * hidden, ()),
    }
    for letter, values in node.weights.items():
        *sizes, last = shapes[letter]
        expected = (*sizes, *last)
        if values.shape != expected or not values.size:
            yield (
                f"{where}: {letter} has shape {values.shape}; expected {expected} for "
                f"{hidden} units in {directions} directions; export the model again"
            )
        if not np.issubdtype(values.dtype, np.floating):
            yield f"{where}: {letter} is {values.dtype}; expected floating-point weights"


def _stacks(model: OnnxModel) -> list[list[RecurrentNode]]:
    stacks: list[list[RecurrentNode]] = []
    for node in model.nodes:
        under = next((stack for stack in stacks if _continues(node, stack[-1])), None)
        if under is None:
            stacks.append([node])
        else:
            under.append(node)
    return stacks


def _continues(node: RecurrentNode, top: RecurrentNode) -> bool:
    """Whether a node is the layer above ``top`` in a stack of equal layers."""
    square, below = node.weights["R"].shape, top.weights["R"].shape
    return (
        node.below == top.name
        and (node.op, node.direction) == (top.op, top.direction)
        and square == below
        and node.weights["W"].shape[-1] == below[0] * below[-1]
    )


def _module(nodes: list[RecurrentNode]) -> RecurrentModule:
    first = nodes[0]
    tensors = {
        name: values
        for layer, node in enumerate(nodes)
        for name, values in _parameters(node, layer)
    }
    hidden = first.weights["R"].shape[-1]
    return RecurrentModule(f"{first.name}.", _CELLS[first.op].name, "none", hidden, tensors)


def _parameters(node: RecurrentNode, layer: int) -> Iterator[tuple[str, Floats]]:
    """Parameters by torch's names; B holds both biases one behind the other."""
    for direction, suffix in enumerate(_DIRECTIONS[node.direction]):
        place = f"l{layer}{suffix}"
        yield f"weight_ih_{place}", _reordered(node.weights["W"][direction], node.op)
        yield f"weight_hh_{place}", _reordered(node.weights["R"][direction], node.op)
        if "B" in node.weights:
            for side, values in zip("ih", np.split(node.weights["B"][direction], 2), strict=True):
                yield f"bias_{side}h_{place}", _reordered(values, node.op)


def _reordered(values: NDArray[Any], operator: str) -> NDArray[Any]:
    """Rows [gates * H, ...] in ONNX's order of gates to those in the cell's own."""
    order = _FORMS[operator].order
    blocks = dict(zip(order, np.split(values, len(order)), strict=True))
    return np.concatenate([blocks[gate] for gate in _CELLS[operator].gate_names])


def _notes(node: RecurrentNode) -> Iterator[str]:
    """Where a node is another cell than the one whose names its matrices get here."""
    where = f"{node.op} node {printable(node.name)}"
    spec, onnx = _CELLS[node.op], _FORMS[node.op]
    if onnx.before_reset and not node.linear_before_reset:
        yield f"{where} has linear_before_reset = 0: {onnx.before_reset}"
    used = tuple(name.lower() for name in node.activations)
    directions = len(_DIRECTIONS[node.direction])
    if used and used != onnx.activations * directions:
        words = ", ".join(map(printable, node.activations))
        ours = [choice.name for choice in spec.activations if used == (choice.name,) * directions]
        if ours:
            yield f"{where} has the activation {ours[0]}, as with model.activation {ours[0]}."
        else:
            yield f"{where} has other activations than usual: {words}."
    if node.is_clipped:
        yield f"{where} clips its pre-activations."
    if node.input_forget:
        yield f"{where} couples its gates: the forget gate is 1 - i, its own weights do nothing."
    if node.has_peepholes:
        yield f"{where} has peepholes (P, among the other tensors): its gates also read the cell."
