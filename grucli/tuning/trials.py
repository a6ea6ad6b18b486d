"""One of Optuna's trials: as a result, and given back when its process ends before it does."""

import math
from collections.abc import Mapping
from typing import Any

from grucli.results import Trial, TrialState

WORKER, AGAIN, TRIES, OWN, WHY = "worker", "again", "tries", "own", "why"
"""What we note at a trial: who runs it, which it is run again for and how many died of it, whether
its settings are the recipe's own, and why it has no score."""

MOST_TRIES = 3
"""A trial whose processes died so often is left: it needs more than the machine has."""


def give_back(study: Any, trial: Any, *, has_died: bool = True) -> None:
    """Let whoever comes next run the settings of a trial whose process died, or was told to stop.

    It is queued before the old one is closed: a death in between leaves two, not none.
    """
    notes = trial.user_attrs
    tries = notes.get(TRIES, 0) + has_died
    others = study.get_trials(deepcopy=False)
    if tries >= MOST_TRIES or any(t.user_attrs.get(AGAIN) == trial.number for t in others):
        return
    kept = {OWN: notes[OWN]} if OWN in notes else {}
    study.enqueue_trial(dict(trial.params), user_attrs={**kept, AGAIN: trial.number, TRIES: tries})


def trial_of(trial: Any, settings: Mapping[str, Any]) -> Trial:
    """What a trial came to."""
    losses: Mapping[int, float] = trial.intermediate_values
    best = min(losses, key=losses.__getitem__, default=None)
    why = trial.user_attrs.get(WHY, "")
    state = _state(trial, why)
    if state == "failed" and not why:
        why = "the processes that ran it died"
    score = None if best is None or state == "failed" else losses[best]
    return Trial(
        number=trial.number,
        state=state,
        score=score if score is not None and math.isfinite(score) else None,
        best_epoch=best,
        epochs=max(losses, default=0),
        seconds=None if trial.duration is None else trial.duration.total_seconds(),
        settings=settings,
        reason=why,
        is_own=bool(trial.user_attrs.get(OWN)),
    )


def _state(trial: Any, why: str) -> TrialState:
    name: str = trial.state.name
    if name == "FAIL" or why:
        return "failed"
    known: Mapping[str, TrialState] = {
        "COMPLETE": "complete",
        "PRUNED": "pruned",
        "RUNNING": "running",
        "WAITING": "waiting",
    }
    return known[name]
