"""What a screen knows of a run in progress: the events so far, and the pace between them."""

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from grucli.results import Epoch, GateUpdate, Step, TrainingFinished, TrainingStarted

PACE_SECONDS = 10.0
LOSS_SECONDS = 0.25
SAMPLES = 512


@dataclass(frozen=True)
class Pace:
    """Steps a second of late, and the seconds that the epoch and the run will still take.

    The run is judged by its pace since the start, which counts the validations in.
    """

    steps_per_second: float | None = None
    epoch_seconds: float | None = None
    run_seconds: float | None = None


@dataclass
class TrainingState:
    """Events as they came in. ``sample`` is called when the screen is drawn, never by step."""

    clock: Callable[[], float] = time.monotonic
    started: TrainingStarted | None = None
    step: Step | None = None
    epochs: list[Epoch] = field(default_factory=list)
    finished: TrainingFinished | None = None
    losses: deque[float] = field(default_factory=lambda: deque(maxlen=SAMPLES))
    began_at: float = 0.0
    _seen: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=SAMPLES))
    _first: tuple[float, int] | None = None
    _loss_at: float = -math.inf
    _ratios: defaultdict[tuple[str, int, str], list[float]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def begin(self, started: TrainingStarted) -> None:
        """Start the clock; what was before, another run, is forgotten."""
        self.started, self.began_at = started, self.clock()
        self.step, self._first = None, None
        for seen in (self.epochs, self.losses, self._seen, self._ratios):
            seen.clear()

    def close_epoch(self, epoch: Epoch) -> None:
        """Take an epoch in."""
        for update in epoch.gates:
            self._ratios[_place(update)].append(update.update_ratio)
        self.epochs.append(epoch)

    def sample(self) -> None:
        """Note how far the run is, and now and then the loss: reading it may wait for a device."""
        now, step = self.clock(), self.step
        if step is None or self.finished is not None:
            return
        self._first = self._first or (now, self.done_steps)
        self._seen.append((now, self.done_steps))
        while len(self._seen) > 2 and now - self._seen[0][0] > PACE_SECONDS:
            self._seen.popleft()
        if now - self._loss_at >= LOSS_SECONDS and len(self.epochs) < 2:
            self._loss_at = now
            self.losses.append(float(step.loss))

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        if self.finished is not None:
            return self.finished.elapsed_seconds
        return self.clock() - self.began_at

    @property
    def done_steps(self) -> int:
        """Optimiser steps done in the whole run, those before a resumption included."""
        if self.step is None:
            start = 1 if self.started is None else self.started.start_epoch
            return max(start - 1, 0) * (0 if self.started is None else self.started.steps_per_epoch)
        return (self.step.epoch - 1) * self.step.steps_per_epoch + self.step.step_in_epoch

    @property
    def pace(self) -> Pace:
        """Rates over the last seconds; nothing before two samples lie apart."""
        if self.started is None or self.step is None or self._first is None:
            return Pace()
        now = self._seen[-1]
        rate, overall = _rate(self._seen[0], now), _rate(self._first, now)
        if rate is None or overall is None:
            return Pace()
        left = self.started.epochs * self.started.steps_per_epoch - self.done_steps
        left_in_epoch = self.step.steps_per_epoch - self.step.step_in_epoch
        return Pace(rate, left_in_epoch / rate, left / overall)

    @property
    def activity(self) -> str:
        """What happens between steps, or nothing while steps are taken."""
        if self.step is None or self.step.step_in_epoch < self.step.steps_per_epoch:
            return ""
        closed = bool(self.epochs) and self.epochs[-1].epoch == self.step.epoch
        return "scoring" if closed and self._is_over else "" if closed else "validating"

    @property
    def _is_over(self) -> bool:
        last = self.epochs[-1]
        return last.patience_left == 0 or last.epoch == (self.started.epochs if self.started else 0)

    @property
    def best(self) -> Epoch | None:
        """The best epoch, when it was seen by this process."""
        if not self.epochs:
            return None
        wanted = self.epochs[-1].best_epoch
        return next((epoch for epoch in self.epochs if epoch.epoch == wanted), None)

    def ratios(self, update: GateUpdate) -> list[float]:
        """The update ratio of one matrix in every epoch."""
        return self._ratios[_place(update)]


def _rate(before: tuple[float, int], after: tuple[float, int]) -> float | None:
    """Steps a second between two samples, or None when nothing moved."""
    seconds, steps = after[0] - before[0], after[1] - before[1]
    return steps / seconds if seconds > 0 and steps > 0 else None


def _place(update: GateUpdate) -> tuple[str, int, str]:
    return update.matrix, update.layer, update.direction
