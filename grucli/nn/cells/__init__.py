"""The equations of the recurrent cells, written in this folder and nowhere else.

Row vectors: x @ W_xr.T is written xW_r and h @ W_hr.T is hU_r; xW and hU are all gates side by
side, xW_rz two of them. s is the logistic function and * the elementwise product. LN(a) is
(a - mean a) / sqrt(var a + eps), with one mean and one biased variance over everything inside the
brackets, at every time step and for every sample apart. g is a gain and b a bias; both follow the
normalisation, so that no bias is taken off again with the mean. h' is the next state. With
model.norm_bias each product has a bias of its own inside the normalisation: xW + d_x stands where
xW does, and hU + d_h where hU does.

Each file has the equations of one cell in its docstring, a function that computes one step, and the
module that is a drop-in for torch's.
"""

from importlib import import_module

from grucli.cells import CELLS
from grucli.nn.cells.gru import GRU
from grucli.nn.cells.lstm import LSTM
from grucli.nn.cells.rnn import RNN
from grucli.nn.stack import Recurrent


def _module_in(name: str) -> type[Recurrent]:
    """The module that the file of a cell has."""
    names = vars(import_module(f"{__name__}.{name}")).values()
    classes = [value for value in names if isinstance(value, type)]
    return next(each for each in classes if issubclass(each, Recurrent) and each is not Recurrent)


MODULES: dict[str, type[Recurrent]] = {name: _module_in(name) for name in CELLS}
"""Module by the name of its cell: GRU of gru.py, and so on."""

__all__ = ["GRU", "LSTM", "MODULES", "RNN"]
