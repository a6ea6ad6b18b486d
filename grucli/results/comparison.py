"""Runs side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RunSummary:
    """One run in short, from its checkpoint and its log.

    ``scores`` are those on the test span, {} where it was never scored; ``seconds`` what training
    took, None where no log says it; ``bytes`` is the size of the checkpoint. ``is_finished`` says
    whether training came to its end.
    """

    run: str
    name: str
    kind: str
    epoch: int
    best_epoch: int
    valid_loss: float
    scores: Mapping[str, float | None]
    parameters: int
    bytes: int
    seconds: float | None
    is_finished: bool
    grucli: str


@dataclass(frozen=True)
class RunComparison:
    """Runs, the best first, and the keys of their recipes that are not the same in all.

    ``sorted_by`` is a metric on the test span, or ``valid_loss`` where not all were scored alike.
    ``differences`` maps a key to its value in each of ``runs``. ``notes`` name what could not be
    read.
    """

    sorted_by: str
    runs: tuple[RunSummary, ...]
    differences: Mapping[str, tuple[Any, ...]]
    notes: tuple[str, ...] = ()
