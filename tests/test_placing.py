"""Which device a run takes, on machines with and without CUDA devices that are made up here."""

import pytest
import torch

from grucli.errors import UsageError
from grucli.recipe import load_recipe
from grucli.runs import placing
from grucli.runs.device import choose_device
from grucli.training.ranks import Ranks
from grucli.training.replay import SEEN, Replay


@pytest.fixture
def with_devices(monkeypatch):
    """Have torch see so many CUDA devices."""

    def see(count):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)

    return see


@pytest.fixture
def timed(monkeypatch, folder, with_devices):
    """``placed`` of the wave's recipe where a batch takes so many seconds on each device."""
    with_devices(1)

    def place(*overrides, device="auto", **seconds):
        asked = []

        class SetUp(placing.SetUp):
            @classmethod
            def of(cls, recipe, device, **rest):
                asked.append(device)
                return super().of(recipe, "cpu", **rest)

        def measured(_setup):
            found = seconds[asked[-1]]
            if isinstance(found, Exception):
                raise found
            return found

        monkeypatch.setattr(placing, "SetUp", SetUp)
        monkeypatch.setattr(placing, "batch_seconds", measured)
        recipe = load_recipe(str(folder / "wave.yaml"), overrides)
        return placing.placed(recipe, device, threads=1), asked

    return place


def test_auto_takes_the_device_that_computes_a_batch_faster(timed):
    assert timed(cpu=0.1, cuda=0.2) == ("cpu", ["cpu", "cuda"])
    assert timed(cpu=0.2, cuda=0.1) == ("cuda", ["cpu", "cuda"])


def test_nothing_is_measured_where_there_is_no_choice(timed, with_devices):
    assert timed(device="cuda") == ("cuda", [])
    assert timed("model.precision=bfloat16") == ("cpu", [])
    with_devices(0)
    assert timed() == ("cpu", [])


def test_a_device_without_memory_for_a_batch_is_not_taken(timed):
    full = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9.00 GiB")
    assert timed(cpu=0.2, cuda=full)[0] == "cpu"
    with pytest.raises(RuntimeError, match="another"):
        timed(cpu=0.2, cuda=RuntimeError("another error"))


def test_what_a_device_compiles_in_its_first_batch_does_not_count(monkeypatch):
    now, batches = [0.0], iter([9.0, 0.5, 0.3, 0.2, *[0.1] * 20])

    class Batches:
        device = "cuda"

        def try_step(self):
            now[0] += next(batches)

    monkeypatch.setattr(placing.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    assert placing.batch_seconds(Batches()) == pytest.approx(0.1)


def test_threads_are_as_they_were_also_where_a_trial_fails(timed, monkeypatch):
    chosen = []
    monkeypatch.setattr(placing, "set_threads", chosen.append)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
    with pytest.raises(RuntimeError, match="another"):
        timed(cpu=0.2, cuda=RuntimeError("another error"))
    assert chosen[-1] == 7


@pytest.mark.parametrize(("devices", "place"), [(0, "cpu"), (1, "cpu"), (2, "cuda")])
def test_processes_have_a_device_each_or_none(with_devices, folder, monkeypatch, devices, place):
    with_devices(devices)
    ranks = Ranks()
    ranks.size = 2
    recipe = load_recipe(str(folder / "wave.yaml"))
    assert placing.placed(recipe, "auto", ranks=ranks) == place
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "1")
    assert placing.placed(recipe, "auto", ranks=ranks) == ("cuda" if devices else "cpu")


def test_a_device_too_few_is_said_in_one_line(with_devices):
    with_devices(1)
    assert choose_device("cuda") == "cuda"
    with pytest.raises(UsageError) as raised:
        choose_device("cuda", processes=2)
    assert str(raised.value) == (
        "--device cuda: found 1 CUDA device for 2 processes; expected one for each; use --device "
        "cpu or fewer processes"
    )


def test_calls_are_recorded_for_each_shape_once_it_was_seen_often_enough(monkeypatch):
    recorded = []

    class Recorded:
        def __init__(self, compute, batch):
            recorded.append(batch[0].shape)

        def of(self, batch):
            return "replayed", batch[0].shape

    monkeypatch.setattr("grucli.training.replay._Recorded", Recorded)
    replay, whole, rest = Replay(), (torch.zeros(4, 2), None), (torch.zeros(3, 2), None)
    found = [replay(lambda _batch: "computed", batch) for batch in [whole, rest] * (SEEN + 2)]
    assert found[: 2 * SEEN] == ["computed"] * 2 * SEEN
    assert found[2 * SEEN :] == [("replayed", (4, 2)), ("replayed", (3, 2))] * 2
    assert recorded == [(4, 2), (3, 2)]
