"""The words of --layer and --gate, checked against what there is; imports no torch."""

import re
from collections.abc import Collection, Iterable, Sequence

from grucli.cells import CELLS

_PREFIX = re.compile(r"^[Wbgd]_[xh]?(?=.)")
"""What a symbol such as W_hz has before its letter: --gate W_u is the gate u."""


def gate_words(cells: Iterable[str]) -> dict[str, str]:
    """Word on the command line -> gate: letters of these and other texts, and names."""
    return {word: gate for cell in cells for word, gate in CELLS[cell].gate_words.items()}


def gate_of(word: str, known: dict[str, str]) -> str | None:
    """The gate that a word or a symbol such as W_u means, None where it means none."""
    return known.get(word) or known.get(_PREFIX.sub("", word))


def unknown_layers(layers: Sequence[str], known: Collection[str]) -> list[str]:
    """A problem for each layer that is not among ``known``, such as 0 and 0r."""
    return [
        f"--layer {name}: no such layer; expected one of {', '.join(known)}"
        for name in layers
        if name not in known
    ]


def unknown_gates(
    gates: Sequence[str], cells: Sequence[str], known: dict[str, str] | None = None
) -> list[str]:
    """A problem for each word that names no gate of these cells, nor one of ``known``."""
    words = gate_words(cells) | (known or {})
    specs = [CELLS[cell] for cell in cells]
    own = [letter for spec in specs for letter in spec.letters]
    own += [name for spec in specs for name in spec.gate_names]
    expected = ", ".join(dict.fromkeys([*own, *(known or {})]))
    problems = []
    for gate in gates:
        if gate_of(gate, words) is None:
            hints = [CELLS[cell].foreign_gates.get(_PREFIX.sub("", gate), "") for cell in cells]
            kinds = " or ".join(cells)
            said = "; ".join(dict.fromkeys(filter(None, hints))) or f"no gate of a {kinds}"
            problems.append(f"--gate {gate}: {said}; expected one of {expected}")
    return problems
