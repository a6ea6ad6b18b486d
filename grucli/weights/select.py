"""One matrix by its address, with its rows and columns named."""

import difflib
from collections.abc import Mapping

import numpy as np

from grucli.cells.address import MatrixAddress, column_names
from grucli.cells.naming import NAMINGS, shown_name
from grucli.errors import UsageError
from grucli.results import MatrixValues
from grucli.weights.report import input_names
from grucli.weights.stacks import WeightFile

_EXAMPLES = 6


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
        known = {f"{prefix if full else ''}{name.long}": name.symbol for prefix, name, _ in every}
        raise UsageError(_unclear(address, known, len(found)))
    ((name, values),) = found
    width = values.shape[1] if values.ndim == 2 else 1
    columns = column_names(name.part, name.place.layer, width, inputs=input_names(file))
    return MatrixValues(
        symbol=name.symbol,
        name=name.long,
        gate=name.gate,
        part=name.part,
        cell=name.cell,
        rows=tuple(f"unit {row}" for row in range(len(values))),
        columns=columns,
        values=tuple(map(tuple, values.reshape(len(values), -1).astype(np.float64).tolist())),
    )


def _names(name: MatrixAddress, hidden: int) -> set[str]:
    return {name.long, *(shown_name(naming, name, hidden) for naming in NAMINGS)}


def _unclear(address: str, known: Mapping[str, str], count: int) -> str:
    """``known`` maps addresses to symbols."""
    if count > 1:
        first = next(iter(known))
        return f"{address}: {count} matrices have this name; expected an address such as {first}"
    near = difflib.get_close_matches(address, [*known, *known.values()], n=1)
    both = [f"{name} ({symbol})" for name, symbol in known.items() if {name, symbol} & {*near}]
    if near:
        return f"{address}: no matrix of this file; did you mean {' or '.join(both)}?"
    examples = ", ".join(f"{name} ({symbol})" for name, symbol in [*known.items()][:_EXAMPLES])
    return f"{address}: no matrix of this file; expected one such as {examples}"
