"""The state of a stack: one tensor h, or the pair (h, c) of a cell with two parts.

Suffixes: B batch, H hidden, L layers times directions (as in torch's h_n).
"""

from collections.abc import Sequence

from grucli.tensors import Tensor, torch

State = Tensor | tuple[Tensor, Tensor]
"""h [L, B, H], for a cell with two parts the pair (h, c)."""


def parts_of(state: State, *, name: str, count: int, shape: tuple[int, ...]) -> list[Tensor]:
    """The ``count`` parts of an initial state, each of ``shape``.

    Raises RuntimeError, in the name of a module, for another number or another shape.
    """
    parts = taken_apart(state)
    if len(parts) != count or any(tuple(part.shape) != shape for part in parts):
        found = ", ".join(str(tuple(part.shape)) for part in parts)
        expected = " and ".join([str(shape)] * count)
        raise RuntimeError(f"{name}: initial state has shape {found}; expected {expected}")
    return parts


def taken_apart(state: State) -> list[Tensor]:
    """The parts of a state, h first."""
    return [state] if isinstance(state, Tensor) else list(state)


def joined(parts: Sequence[Tensor]) -> State:
    """A state of its parts."""
    return parts[0] if len(parts) == 1 else (parts[0], parts[1])


def in_order(parts: list[Tensor], order_B: Tensor | None) -> list[Tensor]:
    """A state's parts [L, B, H] with their rows in another order; None is the order that is."""
    return parts if order_B is None else [part.index_select(1, order_B) for part in parts]


def last_step(h_LBH: Tensor, directions: int) -> Tensor:
    """A copy of the last layer's final h, all directions side by side: [1, B, H * directions]."""
    last = h_LBH[-directions:]
    return last.clone() if directions == 1 else torch.cat(last.unbind(0), dim=-1).unsqueeze(0)
