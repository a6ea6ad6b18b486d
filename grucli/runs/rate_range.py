"""The learning-rate range test: one step at each of many rates from small to large.

Smith 2017, arXiv 1506.01186, section 3.3, with rates that rise by a factor; nothing is kept of what
is learned.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grucli.errors import InterruptedRunError, TrainingError
from grucli.recipe import Recipe
from grucli.results import RateRange, Step
from grucli.runs.device import Threads, flushed_denormals, set_threads
from grucli.runs.memory import memory_watched
from grucli.runs.pace import pick_threads, thread_limit_lifted
from grucli.runs.placing import placed
from grucli.runs.setting_up import SetUp
from grucli.runs.stopping import Stop
from grucli.training.loop import fit
from grucli.training.observers import Observers
from grucli.training.schedules import LearningRate

LOWEST, HIGHEST, STEPS = 1e-6, 1.0, 200
SMOOTHING = 0.9
"""Share of the running mean of the losses that a step leaves."""
DIVERGED = 4.0
"""Times the lowest running mean at which the test ends."""
_FIRST_STEPS = 10
"""Steps before any rate is suggested: the first batches are unlike each other."""


@dataclass
class _Ramp(LearningRate):
    """A rate that rises by the same factor at every step, whatever the recipe's schedule."""

    def at(self, step: int, _epoch: int) -> float:
        """That of a step, counted from 0."""
        return LOWEST * float((HIGHEST / LOWEST) ** (step / (STEPS - 1)))


def find_rates(
    recipe: Recipe,
    *,
    device: str = "auto",
    threads: Threads = "auto",
    stop: Callable[[], int | None] = lambda: None,
) -> RateRange:
    """Train a fresh model of a recipe on batch after batch, each with a larger learning rate.

    Raises TrainingError where the loss never falls, and the errors of whatever the recipe names.
    """
    halt = stop if isinstance(stop, Stop) else Stop(stop)
    halt.words = "before a learning rate was found; nothing was changed"
    settings = {"epochs": STEPS, "patience": None, "average": "none", "skip_not_finite": 0}
    train = recipe.train.model_copy(update=settings)
    with flushed_denormals(), thread_limit_lifted():
        asked = recipe.model_copy(update={"train": train})
        setup = SetUp.of(asked, placed(asked, device, threads=threads))
        if threads != "auto":
            set_threads(threads)
        elif setup.device == "cpu":
            pick_threads(setup.try_step)
        setup.training.schedule = _Ramp("ramp", LOWEST, STEPS)
        steps = _steps(setup, halt)
    return _range(recipe, steps)


def _steps(setup: SetUp, halt: Stop) -> list[Step]:
    """The steps until all rates were tried or the loss has diverged."""
    steps: list[Step] = []
    try:
        with memory_watched(setup.training):
            for event in fit(setup.training, setup.objective, Observers()):
                number = halt()
                if number is not None:
                    raise InterruptedRunError(f"stopped {halt.words}", signal_number=number)
                if isinstance(event, Step):
                    steps.append(event)
                    means = smoothed([step.loss for step in steps])
                    if len(steps) == STEPS or means[-1] > DIVERGED * min(means):
                        break
    except TrainingError:
        if len(steps) <= _FIRST_STEPS:
            raise
    return steps


def smoothed(losses: Sequence[float]) -> list[float]:
    """The exponential running mean of losses, each divided by the weights that it has so far."""
    means, total, weight = [], 0.0, 0.0
    for loss in losses:
        total = SMOOTHING * total + (1 - SMOOTHING) * loss
        weight = SMOOTHING * weight + (1 - SMOOTHING)
        means.append(total / weight)
    return means


def _range(recipe: Recipe, steps: Sequence[Step]) -> RateRange:
    losses = [step.loss for step in steps]
    means, rates = smoothed(losses), [step.lr for step in steps]
    lowest = min(range(len(means)), key=means.__getitem__)
    steepest = steepest_fall(means, lowest)
    if steepest is None:
        raise TrainingError(
            f"the training loss never fell at rates from {LOWEST:g} to {rates[-1]:.2g}; look for "
            "extreme values in the training span, or try data.scale: standard"
        )
    return RateRange(
        recipe=recipe.name,
        rates=tuple(rates),
        losses=tuple(losses),
        smoothed=tuple(means),
        suggested=suggested_rate(rates, steepest, lowest),
        lowest=rates[lowest],
        own=recipe.train.lr,
        is_complete=len(steps) == STEPS,
    )


def suggested_rate(rates: Sequence[float], steepest: int, lowest: int) -> float:
    """The rate of the steepest fall, but at most a tenth of that of the lowest point: one pass says
    little about what many at a high rate do.
    """
    most = rates[lowest] / 10
    return max((rate for rate in rates[: steepest + 1] if rate <= most), default=rates[steepest])


def steepest_fall(means: Sequence[float], lowest: int) -> int | None:
    """Where the logarithm of the running mean falls fastest before its lowest point; None where it
    does not fall. A slope is taken over a tenth of all steps: a single batch is no trend.
    """
    reach = max(1, STEPS // 20)
    falls = {
        place: math.log(means[place - reach] / means[place + reach])
        for place in range(_FIRST_STEPS + reach, min(lowest, len(means) - 1 - reach) + 1)
        if means[place + reach] > 0
    }
    best = max(falls, key=falls.__getitem__, default=None)
    return best if best is not None and falls[best] > 0 else None
