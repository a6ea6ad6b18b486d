"""How many threads compute, measured before training and while it goes on."""

import math
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from grucli.nn import limit_threads
from grucli.results import Step
from grucli.training.observers import Observer
from grucli.training.progress import Training

_TRIALS = 5
_ENOUGH_SECONDS = 1.0
"""Trials that have taken so long are not repeated."""
_WORTHWHILE = 0.9
"""Twice the threads must bring the time of a step down to this share to be taken."""
_WINDOW_STEPS, _WINDOW_SECONDS = 10, 2.0
"""Training is judged by the median of so many steps and so much time at least."""
_SLOW = 2.0
"""Times the fastest median that a median must be for the threads to be measured again."""
_RETURN_SECONDS = 60.0
"""While fewer threads compute than could, whether more would pay is measured this often."""


def pick_threads(step: Callable[[], None]) -> int:
    """Double the threads, up to torch's own number, as long as ``step`` gets faster; say how many.

    Threads that wait for each other cost more than they bring where steps are short or other
    programs want the cores. What ``step`` raises is passed on, with the threads as they were.
    """
    most = torch.get_num_threads()
    chosen = most
    try:
        chosen = _best_threads(step, most, torch.set_num_threads)
    finally:
        torch.set_num_threads(chosen)
    return chosen


class Pace(Observer):
    """Lets fewer threads compute while other programs want the cores, and all when they do not.

    When steps come to take twice as long, a trial step is
    measured with one thread and more, as for ``pick_threads``. Torch's number of threads, which
    parts the sums, stays; so the bytes of the run do not depend on what is measured, nor when.
    """

    name = "pace"

    def __init__(self, step: Callable[[], None]) -> None:
        """``step`` runs native layers; every thread of torch's computes at first."""
        self._step = step
        self._most = self._limit = torch.get_num_threads()
        self._window: list[float] = []
        self._fastest = math.inf
        self._measured_at = time.perf_counter()

    def after_step(self, _training: Training, step: Step) -> None:
        """Take note of a step, and measure again where it is time. Raises what ``step`` does."""
        self._window.append(step.seconds)
        if len(self._window) < _WINDOW_STEPS or sum(self._window) < _WINDOW_SECONDS:
            return
        median = statistics.median(self._window)
        self._window.clear()
        is_slow = median >= _SLOW * self._fastest
        self._fastest = min(self._fastest, median)
        waited = time.perf_counter() - self._measured_at
        if self._most > 1 and (is_slow or (self._limit < self._most and waited > _RETURN_SECONDS)):
            self.measure()

    def measure(self) -> None:
        """Let as many threads compute as are fastest now."""
        self._limit = _best_threads(self._step, self._most, limit_threads)
        limit_threads(self._limit)
        self._fastest = math.inf
        self._measured_at = time.perf_counter()


@contextmanager
def thread_limit_lifted() -> Iterator[None]:
    """Lift after the block whatever limit a ``Pace`` has set inside."""
    try:
        yield
    finally:
        limit_threads(0)


def _best_threads(step: Callable[[], None], most: int, use: Callable[[int], None]) -> int:
    chosen = 1
    while chosen < most:
        more = min(2 * chosen, most)
        seconds = _medians(step, (chosen, more), use)
        if seconds[more] >= _WORTHWHILE * seconds[chosen]:
            break
        chosen = more
    return chosen


def _medians(
    step: Callable[[], None], counts: tuple[int, int], use: Callable[[int], None]
) -> dict[int, float]:
    """Seconds of a step with either number of threads; the trials take turns.

    So what other programs do meanwhile meets both alike. A step before each trial warms up.
    """
    times: dict[int, list[float]] = {count: [] for count in counts}
    began = time.perf_counter()
    for _ in range(_TRIALS):
        for count, found in times.items():
            use(count)
            step()
            started = time.perf_counter()
            step()
            found.append(time.perf_counter() - started)
        if time.perf_counter() - began >= _ENOUGH_SECONDS:
            break
    return {count: statistics.median(found) for count, found in times.items()}
