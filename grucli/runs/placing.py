"""Which device trains a recipe faster: measured, since a small model waits for a large device."""

import math
import statistics
import time

import torch

from grucli.data import Panel
from grucli.errors import TrainingError
from grucli.recipe import Recipe
from grucli.runs.device import Threads, choose_device, repeatable, set_threads
from grucli.runs.launched import processes_here
from grucli.runs.memory import memory_watched
from grucli.runs.pace import pick_threads
from grucli.runs.setting_up import SetUp
from grucli.training.ranks import Ranks
from grucli.training.replay import SEEN

_TRIALS, _ENOUGH_SECONDS = 3, 2.0


def placed(
    recipe: Recipe,
    device: str,
    *,
    threads: Threads = "auto",
    ranks: Ranks | None = None,
    panel: Panel | None = None,
) -> str:
    """The device of a run: ``auto`` is the one that computes a batch of the recipe faster.

    Processes that train together have a cuda each, or none. ``panel`` is the table, where it was
    read before. Raises UsageError for a cuda that is not there, and the errors of whatever the
    recipe names.
    """
    size = 1 if ranks is None else ranks.size
    if device != "auto" or size > 1:
        return choose_device(device, processes=processes_here(size))
    if choose_device(device) == "cpu" or recipe.model.precision != "float32":
        return "cpu"
    seconds: dict[str, float] = {}
    before = torch.get_num_threads()
    try:
        with repeatable("cuda"):
            for place in ("cpu", "cuda"):
                setup = SetUp.of(recipe, place, panel=panel)
                panel = setup.data.read.panel
                seconds[place] = _seconds(setup, threads)
    finally:
        set_threads(before)
    return min(seconds, key=seconds.__getitem__)


def _seconds(setup: SetUp, threads: Threads) -> float:
    """Those of a batch; without end where a device has no memory for one."""
    try:
        with memory_watched(setup.training):
            if threads != "auto":
                set_threads(threads)
            elif setup.device == "cpu":
                pick_threads(setup.try_step)
            return batch_seconds(setup)
    except TrainingError:
        return math.inf


def batch_seconds(setup: SetUp) -> float:
    """The median time of a batch; the first ones warm up, and count where they take long.

    The very first one on a device does not: it may wait for kernels to be compiled.
    """
    times: list[float] = []
    warming = 1
    if setup.device != "cpu":
        warming += SEEN
        _seconds_of_one(setup)
    while len(times) < warming + _TRIALS and sum(times) < _ENOUGH_SECONDS:
        times.append(_seconds_of_one(setup))
    return statistics.median(times[warming:] or times[-1:])


def _seconds_of_one(setup: SetUp) -> float:
    started = time.perf_counter()
    setup.try_step()
    if setup.device != "cpu":
        torch.cuda.synchronize()
    return time.perf_counter() - started
