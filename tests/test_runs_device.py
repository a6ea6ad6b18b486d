"""How many threads, measured with a clock that is turned by hand, and how they wait."""

import os
import subprocess
import sys

import pytest
import torch

from grucli.results import Step
from grucli.runs import pace


@pytest.fixture
def eight_threads():
    """A torch that would take eight threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(8)
    yield
    torch.set_num_threads(before)


def timed_step(monkeypatch, seconds):
    """A step that takes so many seconds with so many threads, and the list of its calls."""
    now, calls = 0.0, []

    def step():
        nonlocal now
        calls.append(torch.get_num_threads())
        found = seconds[calls[-1]]
        now += found if isinstance(found, float) else next(found)

    monkeypatch.setattr(pace.time, "perf_counter", lambda: now)
    return step, calls


@pytest.mark.parametrize(
    ("seconds", "expected", "tried"),
    [
        ({1: 0.02, 2: 0.03}, 1, {1, 2}),
        ({1: 0.02, 2: 0.019}, 1, {1, 2}),
        ({1: 0.02, 2: 0.012, 4: 0.008, 8: 0.009}, 4, {1, 2, 4, 8}),
        ({1: 0.08, 2: 0.04, 4: 0.02, 8: 0.01}, 8, {1, 2, 4, 8}),
    ],
)
def test_threads_are_doubled_as_long_as_that_pays(
    eight_threads, monkeypatch, seconds, expected, tried
):
    step, calls = timed_step(monkeypatch, seconds)
    assert pace.pick_threads(step) == expected == torch.get_num_threads()
    assert set(calls) == tried


def test_a_long_step_is_tried_once_and_a_short_one_several_times(eight_threads, monkeypatch):
    for seconds, expected in ((0.01, 10), (2.0, 2)):
        step, calls = timed_step(monkeypatch, {1: seconds, 2: seconds})
        pace.pick_threads(step)
        torch.set_num_threads(8)
        assert calls.count(1) == calls.count(2) == expected


@pytest.mark.parametrize(
    ("seconds_of_two", "expected"),
    [([0.03, 0.001, 0.03, 0.03, 0.03], 1), ([0.01, 0.01, 0.01, 0.3, 0.01], 2)],
    ids=["lucky once", "disturbed once"],
)
def test_trials_take_turns_and_one_odd_trial_decides_nothing(
    eight_threads, monkeypatch, seconds_of_two, expected
):
    torch.set_num_threads(2)
    both_steps_of_a_trial = [seconds for seconds in seconds_of_two for _ in range(2)]
    step, calls = timed_step(monkeypatch, {1: 0.02, 2: iter(both_steps_of_a_trial)})
    assert pace.pick_threads(step) == expected
    assert calls == [1, 1, 2, 2] * 5


@pytest.mark.parametrize("failing", [1, 4])
def test_a_step_that_fails_leaves_the_threads_as_they_were(eight_threads, monkeypatch, failing):
    timed, _ = timed_step(monkeypatch, {1: 0.02, 2: 0.01, 4: 0.005})

    def step():
        timed()
        if torch.get_num_threads() == failing:
            raise MemoryError

    with pytest.raises(MemoryError):
        pace.pick_threads(step)
    assert torch.get_num_threads() == 8


def step_of(seconds):
    return Step(1, 1, 1, 1, loss=0.0, lr=0.0, windows=1, seconds=seconds)


class Machine:
    """A clock turned by hand, and a training step whose time is that of the threads allowed."""

    def __init__(self, monkeypatch, seconds):
        self.now, self.limits, self.seconds = 0.0, [], seconds
        monkeypatch.setattr(pace.time, "perf_counter", lambda: self.now)
        monkeypatch.setattr(pace, "limit_threads", self.limits.append)

    def step(self):
        self.now += self.seconds[self.limits[-1] if self.limits else 8]

    def train(self, observer, steps):
        """Takes so many steps, and says which limits were tried or set meanwhile."""
        self.limits[:-1] = []
        for _ in range(steps):
            began = self.now
            self.step()
            observer.after_step(None, step_of(self.now - began))
        return set(self.limits[1:])


QUIET = {1: 0.8, 2: 0.4, 4: 0.2, 8: 0.1}
BUSY = {1: 0.8, 2: 0.5, 4: 2.0, 8: 4.0}


def test_steps_that_come_to_take_twice_as_long_are_measured_again(eight_threads, monkeypatch):
    machine = Machine(monkeypatch, QUIET)
    observer = pace.Pace(machine.step)
    assert machine.train(observer, 100) == set()
    machine.seconds = {count: 1.9 * seconds for count, seconds in QUIET.items()}
    assert machine.train(observer, 100) == set()
    machine.seconds = BUSY
    machine.train(observer, 100)
    assert machine.limits[-1] == 2
    assert torch.get_num_threads() == 8


def test_all_threads_compute_again_when_the_machine_is_quiet_again(eight_threads, monkeypatch):
    machine = Machine(monkeypatch, BUSY)
    observer = pace.Pace(machine.step)
    observer.measure()
    machine.seconds = QUIET
    machine.train(observer, 150)
    assert machine.limits[-1] == 2
    machine.train(observer, 100)
    assert machine.limits[-1] == 8
    assert machine.train(observer, 1000) == set()


def test_a_few_slow_steps_are_not_measured_again(eight_threads, monkeypatch):
    machine = Machine(monkeypatch, QUIET)
    observer = pace.Pace(machine.step)
    machine.train(observer, 40)
    for _ in range(20):
        assert machine.train(observer, 16) == set()
        machine.seconds = BUSY
        assert machine.train(observer, 4) == set()
        machine.seconds = QUIET


def test_a_single_thread_is_never_measured_again(monkeypatch):
    machine = Machine(monkeypatch, {8: 0.1})
    observer = pace.Pace(machine.step)
    machine.train(observer, 50)
    machine.seconds = {8: 9.0}
    assert machine.train(observer, 50) == set()


def errors_of(program, **variables):
    """What a program writes to stderr where nobody has said how OpenMP waits but ``variables``."""
    known = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"}
    environment = {name: value for name, value in os.environ.items() if name not in known}
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, env=environment | variables, stderr=subprocess.PIPE, text=True, check=True
    )
    return done.stderr


def waiting_after(program, **variables):
    """What OpenMP says of its waiting when a program has run, policy and spins."""
    errors = errors_of(program, OMP_DISPLAY_ENV="verbose", **variables)
    lines = [line.split(" = ") for line in errors.splitlines() if " = " in line]
    found = {name.strip(): value.strip("'") for name, value in lines}
    if "GOMP_SPINCOUNT" not in found:
        pytest.skip("this torch has another OpenMP than GNU's")
    return found["OMP_WAIT_POLICY"].lower(), found["GOMP_SPINCOUNT"]


@pytest.mark.parametrize("program", ["import grucli.nn", "import grucli, torch"])
def test_threads_of_torch_sleep_soon_when_grucli_is_imported_first(program):
    assert waiting_after(program) == ("passive", "1000")


@pytest.mark.parametrize(
    "variables",
    [{"OMP_WAIT_POLICY": "active"}, {"GOMP_SPINCOUNT": "77"}, {"KMP_BLOCKTIME": "9"}],
    ids=str,
)
def test_what_the_environment_says_of_waiting_stays(variables):
    assert waiting_after("import grucli.nn", **variables) == waiting_after(
        "import torch", **variables
    )


def test_the_environment_stays_where_torch_is_there_already():
    program = "import os, torch; before = dict(os.environ); import grucli; "
    errors_of(program + "assert os.environ == before")
