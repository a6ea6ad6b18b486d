"""One matrix by its address, with its rows and columns named."""

import difflib

import numpy as np

from grucli.errors import UsageError
from grucli.gates import NAMINGS, WORDS, MatrixName, shown_name
from grucli.reports import MatrixValues
from grucli.weights.report import input_names
from grucli.weights.stacks import WeightFile


def select_matrix(file: WeightFile, address: str) -> MatrixValues:
    """The matrix at an address such as ``0.update.hh`` or, in a single layer, ``W_hz``.

    Other names are those that a screen shows, such as ``weight_hh_l0[64:128]``. With several
    recurrent stacks the address begins with the stack's prefix: ``coder.0.update.hh``.
    Rows are the units of the gate (``unit 0``, ...), columns the inputs by name where the file
    knows them, or the units of the state or of the layer below; a vector has one column.

    Raises UsageError when no matrix or more than one has this address.
    """
    every = [
        (module.prefix, name, values)
        for module in file.modules
        for name, values in module.matrices()
    ]
    found = [
        (name, values)
        for prefix, name, values in every
        if address.removeprefix(prefix) in _names(name, len(values))
    ]
    if len(found) != 1:
        full = len(file.modules) > 1
        known = [f"{prefix if full else ''}{name.long}" for prefix, name, _ in every]
        raise UsageError(_unclear(address, known, len(found)))
    ((name, values),) = found
    inputs = input_names(file) if name.kind == "weight_ih" and name.layer == 0 else ()
    columns = inputs or _column_names(name.kind, name.layer, values)
    return MatrixValues(
        symbol=name.symbol,
        name=name.long,
        gate=name.gate,
        part=WORDS[name.kind],
        rows=tuple(f"unit {row}" for row in range(len(values))),
        columns=columns,
        values=tuple(map(tuple, values.reshape(len(values), -1).astype(np.float64).tolist())),
    )


def _names(name: MatrixName, hidden: int) -> set[str]:
    return {name.long, *(shown_name(naming, name.long, hidden) for naming in NAMINGS)}


def _column_names(kind: str, layer: int, values: np.ndarray) -> tuple[str, ...]:
    if values.ndim == 1:
        return (kind.partition("_")[0],)
    source = "input" if kind == "weight_ih" and layer == 0 else "state"
    if kind == "weight_ih" and layer > 0:
        source = "below"
    return tuple(f"{source} {column}" for column in range(values.shape[1]))


def _unclear(address: str, known: list[str], count: int) -> str:
    if count > 1:
        return f"{address}: {count} matrices have this name; expected an address such as {known[0]}"
    near = difflib.get_close_matches(address, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"expected one such as {', '.join(known[:6])}"
    return f"{address}: no matrix of this file; {hint}"
