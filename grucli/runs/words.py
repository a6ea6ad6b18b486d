"""The words of --layer and --gate, checked against what there is; imports no torch."""

from collections.abc import Collection, Iterable, Sequence

from grucli.cells import CELLS


def gate_words(cells: Iterable[str]) -> dict[str, str]:
    """Word on the command line -> gate: letters first, then the gates' own names."""
    gates = [gate for cell in cells for gate in CELLS[cell].gates]
    return {gate.letter: gate.name for gate in gates} | {gate.name: gate.name for gate in gates}


def unknown_layers(layers: Sequence[str], known: Collection[str]) -> list[str]:
    """A problem for each layer that is not among ``known``, such as 0 and 0r."""
    return [
        f"--layer {name}: no such layer; expected one of {', '.join(known)}"
        for name in layers
        if name not in known
    ]


def unknown_gates(gates: Sequence[str], cells: Sequence[str]) -> list[str]:
    """A problem for each word that names no gate of these cells."""
    words = gate_words(cells)
    return [
        f"--gate {gate}: no gate of a {' or '.join(cells)}; expected one of {', '.join(words)}"
        for gate in gates
        if gate not in words
    ]
