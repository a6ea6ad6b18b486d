"""A search for good settings: what happens in it, trial by trial, and what it comes to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from grucli.results.training import Epoch, Step

TrialState = Literal["complete", "pruned", "failed", "running", "waiting"]


@dataclass(frozen=True)
class Trial:
    """One choice of settings, and how well it did.

    ``score`` is the lowest validation loss of its epochs, reached in ``best_epoch`` of ``epochs``;
    ``reason`` says why it has none or was ended. With ``is_own`` the settings are the recipe's.
    """

    number: int
    state: TrialState
    score: float | None
    best_epoch: int | None
    epochs: int
    seconds: float | None
    settings: Mapping[str, Any]
    reason: str = ""
    is_own: bool = False


@dataclass(frozen=True)
class TuningStarted:
    """What is searched, where, and how far an earlier search came: ``done`` of ``trials``.

    ``space`` has the values of each key in words; ``is_built_in`` says that the recipe names none.
    """

    study: str
    storage: str
    run_dir: str
    sampler: str
    pruner: str
    space: Mapping[str, str]
    is_built_in: bool
    trials: int
    done: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrialStarted:
    """A trial begins in this process, with at most so many epochs."""

    number: int
    settings: Mapping[str, Any]
    epochs: int


@dataclass(frozen=True)
class TrialFinished:
    """A trial has ended, in this process: the study has ``done`` of ``trials``."""

    trial: Trial
    best: Trial | None
    done: int
    trials: int


@dataclass(frozen=True)
class TuningResult:
    """All trials of a study by number, the best of them, and what mattered.

    ``importances`` are shares of the variance of the score that each key accounts for among the
    best trials (PED-ANOVA, Watanabe et al. 2023), empty with few trials. ``recipe_path`` has the
    best recipe.
    """

    study: str
    storage: str
    trials: tuple[Trial, ...]
    best: Trial
    importances: Mapping[str, float]
    recipe_path: str

    @property
    def own(self) -> Trial | None:
        """The trial with the settings that the recipe has itself."""
        own = (trial for trial in self.trials if trial.is_own)
        return next((trial for trial in own if trial.score is not None), None)


TuningEvent = TuningStarted | TrialStarted | Step | Epoch | TrialFinished
"""What a search tells: once, then of each trial its start, steps, epochs and end."""
