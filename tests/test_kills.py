"""A process that is really killed, anywhere: the run goes on as if it had not been."""

import os
import random
import shutil
import signal
import time

import pytest

from tests.faults import fault_at, killed
from tests.test_faults_of_saving import (  # noqa: F401
    check_whole,
    every_epoch,
    go_on,
    go_on_from_either,
    places,
    prepared,
    runs,
    start,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


def in_child(work):
    """The process that does the work and ends."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def ended_by(child):
    """The signal that ended it; 0 for none."""
    return os.WTERMSIG(os.waitpid(child, 0)[1])


def killed_at(runs, run, place, **options):  # noqa: F811
    """A process that starts a run and kills itself at a place, really."""

    def begin():
        with fault_at(place, killed, run):
            start(runs, run, **options)

    assert ended_by(in_child(begin)) == signal.SIGKILL


def test_a_kill_at_every_place_of_a_run_loses_nothing(runs, tmp_path):  # noqa: F811
    for place in range(places(runs)):
        run = tmp_path / str(place)
        killed_at(runs, run, place)
        go_on(runs, run)
        check_whole(run, runs / "new")
        shutil.rmtree(run)


def test_a_kill_at_every_place_of_taking_over_leaves_one_run_or_the_other(runs, tmp_path):  # noqa: F811
    for place in range(places(runs, "old", overwrite=True)):
        run = prepared(runs, tmp_path / str(place), "old")
        killed_at(runs, run, place, overwrite=True)
        go_on_from_either(runs, run)
        check_whole(run, runs / "new")
        shutil.rmtree(run)


def test_kills_at_a_hundred_random_moments_lose_nothing(runs, tmp_path):  # noqa: F811
    started = time.monotonic()
    ended_by(in_child(lambda: start(runs, tmp_path / "timed")))
    length = time.monotonic() - started
    moments = random.Random(0)
    for number in range(100):
        run = tmp_path / str(number)
        child = in_child(lambda: start(runs, run))  # noqa: B023
        time.sleep(moments.uniform(0, length))
        os.kill(child, signal.SIGKILL)
        ended_by(child)
        go_on(runs, run)
        check_whole(run, runs / "new")
        shutil.rmtree(run)
