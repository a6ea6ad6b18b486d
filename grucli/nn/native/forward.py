"""A whole layer forward in the compiled kernel: what torch's operator does, and all there is of it
where torch does not compute.

Suffixes are those of ``operators.py``.
"""

from typing import Any

from grucli.nn.native.problem import (
    Layer,
    address,
    native,
    new_problem,
    prepared,
    stored,
)
from grucli.tensors import Tensor, torch


def forward(*arguments: Any) -> tuple[Tensor, ...]:
    """Outputs, final state (c_n empty without c), and what the backward pass reads, if to save."""
    layer, save = prepared(Layer(*arguments[:-1])), arguments[-1]
    steps, batch, _, hidden = layer.sizes
    output_TBH = stored((steps, batch, hidden))
    h_n_BH = layer.x.new_empty((batch, hidden))
    c_n_BH = layer.x.new_empty((batch if layer.variant.has_cell_state else 0, hidden))
    saved = [stored(shape) for shape in layer.saved_shapes(save=save)]
    problem = new_problem(layer, output_TBH, saved)
    problem.h_n, problem.c_n = address(h_n_BH), address(c_n_BH)
    native.forward(problem, address(layer.lengths), torch.get_num_threads())
    return output_TBH, h_n_BH, c_n_BH, *saved
