"""Recurrent stacks by torch's names: those of torch.nn.GRU, LSTM, RNN, their cells, and our own.

Names and shapes must agree. The cell is the one that a recipe names, where its gates fit; else the
rows of ``weight_hh`` for each hidden unit tell it: 3 gates are a GRU, 4 an LSTM, 1 a plain network.
A layer normalisation of ours is told by its gains.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grucli.cells import CELLS, CellSpec
from grucli.cells.address import ParameterName, Place, parse_parameter
from grucli.cells.side import STATE
from grucli.errors import CheckpointError
from grucli.text import printable
from grucli.weights.foreign.states import Tensors
from grucli.weights.stacks import Floats, RecurrentModule

_CELLS = {len(spec.gates): spec for spec in reversed(CELLS.values()) if STATE in spec.sides}
"""Gates -> the first cell with so many."""
_CELL_PARAMETER = re.compile(r"^(?:.*\.)?(?:weight|bias)_(?:ih|hh)$")


def canonical(name: str) -> str:
    """The parameters of torch's cells are those of a layer 0."""
    return f"{name}_l0" if _CELL_PARAMETER.match(name) else name


def parsed(name: str) -> ParameterName | None:
    """The parts of a recurrent parameter's name, also of torch's cells; None for another name."""
    return parse_parameter(canonical(name))


def named_modules(
    path: str, tensors: Tensors, cell: CellSpec | None = None
) -> tuple[RecurrentModule, ...]:
    """The stacks of a state dictionary, of ``cell`` where their gates are as many as it has.

    Raises CheckpointError where their shapes do not agree.
    """
    stacks: dict[str, dict[str, Floats]] = {}
    for name, values in tensors.items():
        parts = parsed(name)
        if parts is not None:
            stack = stacks.setdefault(parts.prefix, {})
            stack[canonical(name).removeprefix(parts.prefix)] = values
    problems: list[str] = []
    modules = (_module(prefix, stack, tensors, problems, cell) for prefix, stack in stacks.items())
    whole = tuple(module for module in modules if module is not None)
    if problems:
        raise CheckpointError(*(f"{path}: {problem}" for problem in problems))
    return whole


def _module(
    prefix: str,
    stack: dict[str, Floats],
    tensors: Tensors,
    problems: list[str],
    cell: CellSpec | None,
) -> RecurrentModule | None:
    """A stack whose shapes agree, or None with what is wrong added to ``problems``."""
    where = printable(prefix)
    told = _told(stack, tensors.get(f"{prefix}weight_hr_l0"), cell)
    if isinstance(told, str):
        problems.append(where + told)
        return None
    spec, hidden, state = told
    kinds = {name: parts.kind for name in stack if (parts := parse_parameter(name))}
    shapes = {name: (kind, stack[name]) for name, kind in kinds.items()}
    faults = list(shape_faults(spec, shapes, hidden=hidden, state=state))
    faults += _missing(spec, stack)
    problems += (f"{where}{fault}" for fault in faults)
    if faults:
        return None
    every = set(kinds.values())
    fitting = [norm.name for norm in spec.norms_with(every)]  # a recipe tells them apart
    if not fitting:
        gains = ", ".join(sorted(kind for kind in every if kind.startswith("gain")))
        problems.append(f"{where}{gains}: no layer normalisation of a {spec.name} has these gains")
        return None
    return RecurrentModule(prefix, spec.name, " or ".join(fitting), hidden, stack)


def _missing(spec: CellSpec, stack: Mapping[str, Any]) -> Iterator[str]:
    """What one layer or direction of a stack lacks of what another has, or its gains go with."""
    places: dict[Place, set[str]] = {}
    for name in stack:
        parts = parse_parameter(name)
        if parts is not None:
            places.setdefault(parts.place, set()).add(parts.kind)
    numbers = {place.layer for place in places}
    if max(numbers) >= len(numbers):
        last = f"{spec.weights[-1]}_l{max(numbers)}"
        yield f"{last}: one of {len(numbers)} layers; expected 0, 1 and so on"
    every = set().union(*places.values())
    if any(kind.startswith("gain") for kind in every):
        every |= set(spec.weights)
    for place, kinds in places.items():
        for kind in sorted(every - kinds):
            yield f"{kind}{place.suffix}: not there; expected the same in every layer"


class _Told(NamedTuple):
    """Which cell a stack is of, its units, and how long the state is that its gates read."""

    spec: CellSpec
    hidden: int
    state: int


def _told(
    stack: Mapping[str, Floats], projection: Floats | None, cell: CellSpec | None
) -> _Told | str:
    """What the first layer tells, or what is wrong with it."""
    square = stack.get("weight_hh_l0")
    if square is None and cell is not None and STATE not in cell.sides:
        hidden, rest = divmod(_rows(stack.get("weight_ih_l0")), len(cell.gates))
        if rest or not hidden:
            return f"weight_ih_l0: not there or no matrix of {len(cell.gates)} rows for each unit"
        return _Told(cell, hidden, hidden)
    if square is None or not _rows(square):
        return "weight_hh_l0: not there or no matrix; expected [gates * H, H]"
    hidden = projection.shape[-1] if projection is not None and projection.ndim else square.shape[1]
    gates, rest = divmod(square.shape[0], hidden)
    is_asked = cell is not None and STATE in cell.sides and len(cell.gates) == gates
    spec = cell if is_asked else _CELLS.get(gates)
    if rest or spec is None:
        known = [f"{count} ({spec.name})" for count, spec in sorted(_CELLS.items())]
        return (
            f"weight_hh_l0: {square.shape[0]} rows for {hidden} units; expected "
            f"{', '.join(known[:-1])} or {known[-1]} rows for each unit"
        )
    return _Told(spec, hidden, square.shape[1])


def _rows(values: Floats | None) -> int:
    """How many rows a matrix has; 0 for what is none."""
    return values.shape[0] if values is not None and values.ndim == 2 and values.size else 0


def shape_faults(
    spec: CellSpec,
    parameters: Mapping[str, tuple[str, NDArray[Any]]],
    *,
    hidden: int,
    state: int,
) -> Iterator[str]:
    """What is wrong with parameters of layers of ``hidden`` units, each after its name.

    ``parameters`` maps names to kind and values; ``weight_hh`` reads ``state`` values.
    """
    for name, (kind, values) in parameters.items():
        rows = len(spec.blocks(kind)) * hidden
        dimensions = 2 if kind.startswith("weight") else 1
        if not np.issubdtype(values.dtype, np.floating):
            yield f"{name}: {values.dtype}; expected floating-point weights"
        elif values.ndim != dimensions or values.shape[0] != rows or not values.size:
            yield (
                f"{name}: shape {values.shape}; expected {dimensions} dimensions and {rows} rows"
            )
        elif kind == "weight_hh" and values.shape[1] != state:
            yield f"{name}: shape {values.shape}; expected {state} columns"
