"""The way through a stack: every layer in every direction, in the order in which they need another.

Suffixes: T time, B batch, C inputs, H hidden.
"""

from collections.abc import Callable
from typing import TypeVar

from grucli.cells.address import Place
from grucli.tensors import Tensor, torch

Found = TypeVar("Found")


def walk(
    layers: int,
    directions: int,
    x_TBC: Tensor,
    visit: Callable[[Place, Tensor], tuple[Tensor, Found]],
    *,
    between: Callable[[Tensor], Tensor] | None = None,
) -> tuple[Tensor, list[Found]]:
    """Outputs [T, B, H * directions] of the top, and what ``visit`` found at every place.

    ``visit`` gets a place and what its layer reads, and gives its outputs [T, B, H] and whatever it
    found. ``between`` acts on what one layer hands to the next.
    """
    found: list[Found] = []
    for layer in range(layers):
        if layer > 0 and between is not None:
            x_TBC = between(x_TBC)
        outputs = []
        for direction in range(directions):
            output_TBH, here = visit(Place(layer, direction == 1), x_TBC)
            outputs.append(output_TBH)
            found.append(here)
        x_TBC = torch.cat(outputs, dim=-1) if directions == 2 else outputs[0]
    return x_TBC, found
