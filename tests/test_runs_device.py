"""How many threads: measured by doubling them, with a clock that is turned by hand."""

import pytest
import torch

from grucli.runs import device


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
        now += seconds[calls[-1]]

    monkeypatch.setattr(device.time, "perf_counter", lambda: now)
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
    assert device.pick_threads(step) == expected == torch.get_num_threads()
    assert set(calls) == tried


def test_a_long_step_is_tried_once_and_a_short_one_several_times(eight_threads, monkeypatch):
    for seconds, expected in ((0.01, 4), (2.0, 2)):
        step, calls = timed_step(monkeypatch, {1: seconds, 2: seconds})
        device.pick_threads(step)
        torch.set_num_threads(8)
        assert calls.count(1) == calls.count(2) == expected


@pytest.mark.parametrize("failing", [1, 4])
def test_a_step_that_fails_leaves_the_threads_as_they_were(eight_threads, monkeypatch, failing):
    timed, _ = timed_step(monkeypatch, {1: 0.02, 2: 0.01, 4: 0.005})

    def step():
        timed()
        if torch.get_num_threads() == failing:
            raise MemoryError

    with pytest.raises(MemoryError):
        device.pick_threads(step)
    assert torch.get_num_threads() == 8
