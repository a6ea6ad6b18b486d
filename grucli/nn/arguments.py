"""What a recurrent stack cannot be made of, and what it cannot read."""

import warnings
from collections.abc import Mapping

from grucli.tensors import Tensor, torch


def check_sizes(**sizes: int) -> None:
    """Raise ValueError naming the first size that is not at least 1."""
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name}: {size} is too small; expected at least 1")


def check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    """Raise ValueError for a value that is not among the known ones."""
    if value not in known:
        raise ValueError(f"{name}: {value!r} is unknown; expected one of {', '.join(known)}")


def check_choices(known: Mapping[str, tuple[str, ...]], **values: str) -> None:
    """The same of several values, of which ``known`` has the choices."""
    for name, value in values.items():
        check_choice(name, value, known[name])


def check_stack(
    num_layers: int,
    *,
    bias: bool,
    dropout: float,
    bidirectional: bool,
    recompute_steps: int | None,
) -> None:
    """Raise TypeError or ValueError for what no stack can have; warn of what has no effect."""
    if not isinstance(bias, bool):
        raise TypeError(f"bias: {bias!r} is not True or False")
    if not 0 <= dropout <= 1:
        raise ValueError(f"dropout: {dropout} is not a probability; expected 0 to 1")
    if recompute_steps is not None:
        check_sizes(recompute_steps=recompute_steps)
        if bidirectional:
            raise ValueError("bidirectional: excludes recompute_steps")
    if dropout > 0 and num_layers == 1:
        warnings.warn("dropout acts between layers: no effect with num_layers=1", stacklevel=3)


def check_input(x_TBC: Tensor, *, name: str, columns: int, dtype: torch.dtype) -> None:
    """Raise RuntimeError or ValueError for an input that a stack of this name does not read."""
    steps, _, width = x_TBC.shape
    if width != columns:
        raise RuntimeError(f"{name}: input has {width} columns; expected {columns}")
    if steps == 0:
        raise RuntimeError(f"{name}: input has no time steps; expected at least one")
    if x_TBC.dtype != dtype and not torch.is_autocast_enabled(x_TBC.device.type):
        raise ValueError(f"{name}: input is {x_TBC.dtype}; the weights are {dtype}")
