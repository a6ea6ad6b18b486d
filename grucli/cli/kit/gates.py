"""The colours of gates, the same wherever they appear."""

from collections.abc import Sequence

from grucli.cells import CELLS
from grucli.cli.kit.columns import Named

_STYLES = ("cyan", "yellow", "magenta", "green")


def gate_style(cell: str, gate: str) -> str:
    """The colour of a cell's gate; none for a part of the state."""
    gates = CELLS[cell].gate_names
    return _STYLES[gates.index(gate)] if gate in gates else ""


def matrix_styles(items: Sequence[Named]) -> list[str]:
    """The colours of the matrices' gates."""
    return [gate_style(item.address.cell, item.address.gate) for item in items]
