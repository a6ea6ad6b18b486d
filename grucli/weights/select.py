"""One matrix by its address, with its rows and columns named."""

import difflib
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from grucli.cells.address import PARTS, MatrixAddress, column_names
from grucli.cells.naming import NAMINGS, shown_name
from grucli.errors import UsageError
from grucli.results import MatrixValues
from grucli.weights.report import input_names
from grucli.weights.stacks import Floats, WeightFile

_EXAMPLES = 6

Entry = tuple[str, MatrixAddress, Floats]
"""The prefix of its stack, a matrix's address, its values."""


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
    found = _found(address, every, _names) or _found(address, every, _names_elsewhere)
    if len(found) != 1:
        full = len(file.modules) > 1
        known = {f"{prefix if full else ''}{name.long}": name.symbol for prefix, name, _ in every}
        meant = _meant(address, every)
        raise UsageError(meant or _unclear(address, known, len(found)))
    ((name, values),) = found
    width = values.shape[1] if values.ndim == 2 else 1
    columns = column_names(name.part, name.place.layer, width, inputs=input_names(file))
    return MatrixValues(
        member=file.member,
        members=file.members,
        symbol=name.symbol,
        name=name.long,
        gate=name.gate,
        part=name.part,
        cell=name.cell,
        rows=tuple(f"unit {row}" for row in range(len(values))),
        columns=columns,
        values=tuple(map(tuple, values.reshape(len(values), -1).astype(np.float64).tolist())),
    )


def _found(
    address: str, every: Sequence[Entry], names: Callable[[MatrixAddress, int], set[str]]
) -> list[tuple[MatrixAddress, Floats]]:
    return [
        (name, values)
        for prefix, name, values in every
        if address.removeprefix(prefix) in names(name, len(values))
    ]


def _names(name: MatrixAddress, hidden: int) -> set[str]:
    return {name.long, *(shown_name(naming, name, hidden) for naming in NAMINGS)}


def _names_elsewhere(name: MatrixAddress, _: int) -> set[str]:
    """Symbols with the letters that other texts have for the gate: W_hu for W_hz."""
    prefix, words = PARTS[name.kind].prefix, name.spec.gate_words
    return {prefix + word for word, gate in words.items() if gate == name.gate}


def _meant(address: str, every: Sequence[Entry]) -> str:
    """What to say of a symbol without its side, such as W_u; empty for all others."""
    start, underscore, letter = address.partition("_")
    if not underscore or f"{start}_" not in {PARTS[name.kind].prefix[:2] for _, name, _ in every}:
        return ""
    specs = {name.cell: name.spec for _, name, _ in every}.values()
    gates = {spec.gate_words.get(letter) for spec in specs} - {None}
    meant = [
        f"{name.symbol} ({prefix}{name.long})"
        for prefix, name, _ in every
        if name.gate in gates and name.symbol.startswith(f"{start}_")
    ]
    if meant:
        return f"{address}: of which side? expected one of {', '.join(meant[:_EXAMPLES])}"
    hints = [spec.foreign_gates[letter] for spec in specs if letter in spec.foreign_gates]
    return f"{address}: {hints[0]}" if hints else ""


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
