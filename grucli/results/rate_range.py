"""How the training loss answers to learning rates from small to large."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RateRange:
    """One step at each of ``rates``, which rise; ``losses`` are those of the batches before it.

    ``smoothed`` are their running means; training diverged behind the last of them where
    ``is_complete`` is false. ``suggested`` is the rate at which they fell fastest, at most a tenth
    of ``lowest``, the one at which they were lowest; ``own`` is the recipe's.
    """

    recipe: str
    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    suggested: float
    lowest: float
    own: float
    is_complete: bool
