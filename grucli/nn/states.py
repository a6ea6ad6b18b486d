"""The state of a stack: one tensor h, or the pair (h, c) of a cell with two parts.

Suffixes: B batch, H hidden, L layers times directions (as in torch's h_n).
"""

from collections.abc import Sequence

from grucli.tensors import Tensor

State = Tensor | tuple[Tensor, Tensor]
"""h [L, B, H], for a cell with two parts the pair (h, c)."""


def parts_of(
    state: State | None, like: Tensor, *, name: str, count: int, shape: tuple[int, ...]
) -> list[Tensor]:
    """The ``count`` parts of an initial state, each of ``shape``; None is zeros like a tensor.

    Raises RuntimeError, in the name of a module, for another number or another shape.
    """
    if state is None:
        return [like.new_zeros(shape) for _ in range(count)]
    parts = [state] if isinstance(state, Tensor) else list(state)
    if len(parts) != count or any(tuple(part.shape) != shape for part in parts):
        found = ", ".join(str(tuple(part.shape)) for part in parts)
        expected = " and ".join([str(shape)] * count)
        raise RuntimeError(f"{name}: initial state has shape {found}; expected {expected}")
    return parts


def joined(parts: Sequence[Tensor]) -> State:
    """A state of its parts."""
    return parts[0] if len(parts) == 1 else (parts[0], parts[1])
