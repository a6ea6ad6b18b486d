"""What a recurrent cell is, without torch: one value for each, and the addresses of its matrices.

The rest of the house asks these values; no other room knows a cell by its name. To add a cell, add
its file here and to the table, and its file of equations in ``grucli.nn.cells``.
"""

from grucli.cells.activations import Activation
from grucli.cells.gru import GRU
from grucli.cells.lstm import LSTM
from grucli.cells.rnn import RNN
from grucli.cells.spec import CellSpec, Gate, LayerNorm

CELLS: dict[str, CellSpec] = {spec.name: spec for spec in (GRU, RNN, LSTM)}
"""Every cell by its name; the first is what a recipe gets that names none."""

ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for spec in CELLS.values()
    for activation in (*(gate.activation for gate in spec.gates), *spec.activations)
}
"""Every activation of a gate by its name."""

ACTIVATION_NAMES: tuple[str, ...] = tuple(
    dict.fromkeys(a.name for spec in CELLS.values() for a in spec.activations)
)
"""What a recipe may choose between; not every cell has every one."""

NORM_NAMES: tuple[str, ...] = tuple(
    dict.fromkeys(name for spec in CELLS.values() for name in spec.norm_names)
)
"""The layer normalisations of all cells."""

__all__ = [
    "ACTIVATIONS",
    "ACTIVATION_NAMES",
    "CELLS",
    "GRU",
    "LSTM",
    "NORM_NAMES",
    "RNN",
    "Activation",
    "CellSpec",
    "Gate",
    "LayerNorm",
]
