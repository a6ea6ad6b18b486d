"""Processes that train together and do not meet, are lost, or are asked to end."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from itertools import pairwise
from multiprocessing import active_children, get_context
from pathlib import Path

import pytest
import torch
from torch.distributed import HashStore

from grucli.checkpoint import load_checkpoint
from grucli.errors import DataError, GrucliError, TrainingError, UsageError
from grucli.runs import farewell, meeting, processes
from grucli.runs.farewell import EndedError
from grucli.runs.folder import RunFolder
from grucli.runs.launched import is_started_again, launched_rank
from grucli.runs.others import end_with_the_first, takes_the_word
from grucli.runs.processes import together
from grucli.runs.stopping import CutOffError, Stop
from grucli.training.observers import Observer
from grucli.training.ranks import LostError, TogetherRanks
from tests.conftest import RECIPE, write_wave
from tests.faults import end_early
from tests.test_processes import PLAIN, events, losses, weights

WAITED_SECONDS = 120
FORKED = get_context("fork")

DIES_ONCE = """
import os, signal
from grucli.__main__ import main
from grucli.training.ranks import TogetherRanks

steps, combine = [], TogetherRanks.combine

def counted(self, *parts):
    steps.append(self)
    if len(steps) == 8 and os.environ["RANK"] == "1":
        os.kill(os.getpid(), signal.SIGKILL)
    return combine(self, *parts)

if os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
    TogetherRanks.combine = counted
main()
"""
"""``grucli`` in which the second process is killed in its eighth step, unless it is a new one."""


@pytest.fixture(scope="module")
def waves(tmp_path_factory):
    """A folder with wave.csv and wave.yaml."""
    folder = tmp_path_factory.mktemp("waves")
    write_wave(folder / "wave.csv")
    (folder / "wave.yaml").write_text(RECIPE)
    return folder


@pytest.fixture
def launched(monkeypatch):
    """Environment variables as a launcher sets them; others are as if there was none."""

    def set_all(**variables):
        for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_all


@pytest.mark.parametrize(("rank", "number"), [("0", 0), ("1", 1), ("", None)])
def test_a_launched_process_has_its_number(launched, rank, number):
    launched(RANK=rank, WORLD_SIZE="2")
    assert launched_rank() == number
    launched(RANK=rank, WORLD_SIZE="1")
    assert launched_rank() is None


@pytest.mark.parametrize("rank", ["2", "-1", "first"])
def test_a_number_beyond_the_processes_is_refused(launched, rank):
    launched(RANK=rank, WORLD_SIZE="2")
    with pytest.raises(UsageError, match=rf"RANK={rank}, WORLD_SIZE=2: expected .* from 0 to 1;"):
        launched_rank()


def test_a_launch_without_an_address_is_refused_at_once(launched):
    launched(RANK="0", WORLD_SIZE="2")
    with pytest.raises(
        UsageError, match=r"not meet: environment variable MASTER_ADDR .*; expected"
    ):
        meet_as_launched()


def test_a_launch_at_a_busy_port_is_refused_at_once(launched):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        launched(RANK="0", WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=port)
        with pytest.raises(UsageError, match=rf"not meet: .*port: {port}.*a free port; to train"):
            meet_as_launched()


@pytest.mark.parametrize("rank", ["0", "1"])
def test_a_launched_process_without_the_others_does_not_wait_for_long(launched, monkeypatch, rank):
    monkeypatch.setattr(meeting, "MEETING_SECONDS", 0.2)
    launched(RANK=rank, WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=free_port())
    with pytest.raises(UsageError, match=r"not meet: .*imed out.* within 0.2 seconds"):
        meet_as_launched()


def meet_as_launched():
    with meeting.joined("cpu", meeting.launched_meeting):
        raise AssertionError("met nobody")


def test_processes_here_that_do_not_come_are_not_waited_for_long(monkeypatch):
    monkeypatch.setattr(meeting, "MEETING_SECONDS", 0.1)
    monkeypatch.setattr(processes, "_join", end_early)
    halt = Stop()
    apart = r"^the processes .* did not meet: 2 of 3 timed out; expected all .* 0.1 seconds$"
    with pytest.raises(UsageError, match=apart), together(3, device="cpu", halt=halt):
        raise AssertionError("met somebody")
    assert halt.heard.func is takes_the_word
    assert not active_children()


def test_a_process_that_ends_before_all_meet_ends_the_first_at_once(waves, monkeypatch):
    monkeypatch.setattr(processes, "_join", end_early)
    lost = r"process 2 of the processes 0 to 2 was lost: it ended with exit code 3; .* --resume"
    with pytest.raises(TrainingError, match=lost):
        list(events(waves, "early", processes=3))
    assert not (waves / "early").exists()
    assert not active_children()


@pytest.mark.slow
def test_what_breaks_in_the_first_process_ends_the_others(waves):
    class FullDisk(Observer):
        name = "full disk"

        def after_step(self, *_):
            raise GrucliError("no space")

    with pytest.raises(GrucliError, match="no space"):
        list(events(waves, "full", processes=2, observers=[FullDisk()]))
    assert not active_children()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


def test_of_a_loss_that_is_not_finite_in_one_process_the_first_alone_speaks(tmp_path, launched):
    write_wave(tmp_path / "wave.csv")
    lines = (tmp_path / "wave.csv").read_text().splitlines()
    lines[14] = lines[14].partition(",")[0] + ",1e25"  # a target of the first window alone
    (tmp_path / "wave.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "wave.yaml").write_text(RECIPE)
    one_window = ("data.scale=none", "task.normalise=none", "train.clip=null")
    with pytest.raises(TrainingError) as alone:
        list(events(tmp_path, "alone", *one_window))
    launched(WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=free_port())
    words = "".join(f" --set {setting}" for setting in (*PLAIN, *one_window))
    train = f"{sys.executable} -m grucli train wave.yaml --quiet{words}".split()
    pipes = {"stderr": subprocess.PIPE, "text": True}
    both = [
        subprocess.Popen(train, cwd=tmp_path, env={**os.environ, "RANK": rank}, **pipes)
        for rank in ("0", "1")
    ]
    first, other = map(words_of, both)
    assert [process.returncode for process in both] == [5, 5]
    assert first.partition(";")[0] == f"error: {alone.value}".partition(";")[0]
    assert (first.count("\n"), other) == (1, "")


@pytest.mark.parametrize(
    ("is_there", "end", "raised"),
    [
        (True, DataError("no such file"), EndedError),
        (True, CutOffError(15), EndedError),
        (True, None, LostError),
        (False, DataError("no such file"), LostError),
    ],
)
def test_others_that_lose_the_first_speak_where_it_did_not(
    monkeypatch, launched, is_there, end, raised
):
    meeting_place = socket.create_server(("127.0.0.1", 0))
    launched(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(meeting_place.getsockname()[1]))
    if not is_there:
        meeting_place.close()
    monkeypatch.setattr(farewell, "_HEARD_SECONDS", 10.0 if raised is EndedError else 0.1)
    shared, ends = HashStore(), []

    def other():
        with pytest.raises(raised) as caught, farewell.last_words(shared, rank=1, size=2):
            raise LostError("another process", "it left")
        ends.append(caught.value.exit_code)

    thread = threading.Thread(target=other)
    thread.start()
    with suppress(CutOffError, DataError), farewell.last_words(shared, rank=0, size=2):
        if end:
            raise end
    thread.join(WAITED_SECONDS)
    meeting_place.close()
    assert ends == [{DataError: 3, CutOffError: 143}[type(end)] if raised is EndedError else 5]


def first_that_ends(folder, is_asked, alive):
    """What of two processes the first does: it ends once the other one watches it."""
    if is_asked:
        takes_the_word(folder)
    FORKED.Process(target=other_that_watches, args=(folder, alive)).start()
    wait_for(folder / "ready")
    os._exit(1)


def other_that_watches(folder, _alive):
    sys.stderr = (folder / "said.txt").open("w", buffering=1) if folder.name == "open" else None
    end_with_the_first(folder, 2)
    (folder / "ready").touch()
    time.sleep(WAITED_SECONDS)


@pytest.mark.parametrize(
    ("stream", "is_asked", "lines"), [("open", False, 1), ("open", True, 0), ("closed", False, 0)]
)
def test_another_process_ends_with_the_first_and_speaks_where_it_may(
    tmp_path, stream, is_asked, lines
):
    folder = tmp_path / stream
    folder.mkdir()
    reader, alive = FORKED.Pipe(duplex=False)
    first = FORKED.Process(target=first_that_ends, args=(folder, is_asked, alive))
    first.start()
    alive.close()
    assert reader.poll(WAITED_SECONDS / 2), "the pipe ends with the last that has it"
    first.join()
    said = folder / "said.txt"
    assert len(said.read_text().splitlines() if said.exists() else []) == lines


@pytest.mark.parametrize("size", [2, 3, 5])
def test_every_sample_is_computed_by_one_process(size):
    ranks = [object.__new__(TogetherRanks) for _ in range(size)]
    for rank, one in enumerate(ranks):
        one.rank, one.size = rank, size
    for samples in map(torch.arange, range(1, 20)):
        parts = [one.part(samples) for one in ranks]
        assert torch.cat(parts).tolist() == samples.tolist()
        assert all(0 <= len(a) - len(b) <= 1 for a, b in pairwise(parts))


def test_a_command_that_is_run_once_more_goes_on_or_begins_anew(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path)
    assert not is_started_again()
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    assert is_started_again()
    folder.begin("")
    assert folder.taken_up(False, False) == (False, True), "logs alone are begun anew"
    folder.best.touch()
    assert folder.taken_up(False, False) == (False, False), "weights are nobody's to write over"
    folder.previous.touch()
    assert folder.taken_up(False, True) == (True, False)


def torchrun(folder, program, *settings):
    """Two processes that torchrun launches, and once more, each with a run folder of its own."""
    launch = f"{sys.executable} -m torch.distributed.run --standalone --nproc-per-node 2"
    words = "".join(f" --set {setting}" for setting in (*PLAIN, *settings))
    train = f"exec {sys.executable} {program} train wave.yaml --run-dir run$RANK{words}"
    return subprocess.Popen(
        [*launch.split(), "--max-restarts", "1", "--no-python", "bash", "-c", train],
        cwd=folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def words_of(process):
    """What it says on standard error up to its end; torchrun ends its processes when it is told."""
    try:
        return process.communicate(timeout=WAITED_SECONDS)[1]
    except subprocess.TimeoutExpired:
        process.terminate()
        raise


def test_torchrun_starts_a_run_again_of_which_a_process_was_lost(waves):
    (waves / "dies_once.py").write_text(DIES_ONCE)
    list(events(waves, "whole", processes=2))
    process = torchrun(waves, "dies_once.py")
    said = words_of(process)
    assert process.returncode == 0, said
    assert said.count("epoch 3/3") == 1
    assert losses(waves, "run0").tolist() == losses(waves, "whole").tolist()
    again, whole = (weights(waves / name / "best.pt") for name in ("run0", "whole"))
    assert again.tobytes() == whole.tobytes()
    assert not (waves / "run1").exists(), "the first process alone writes"


@pytest.mark.slow
def test_an_end_of_all_launched_processes_saves_one_state(tmp_path):
    write_wave(tmp_path / "wave.csv")
    (tmp_path / "wave.yaml").write_text(RECIPE)
    process = torchrun(tmp_path, "-m grucli", "train.epochs=5000", "train.patience=null")
    wait_for(tmp_path / "run0" / "last.pt")
    process.send_signal(signal.SIGTERM)
    said = words_of(process)
    assert process.returncode != 0
    assert said.count("the state is in run0/last.pt; go on with --resume") == 1, said
    state = load_checkpoint(tmp_path / "run0" / "last.pt")
    assert state.progress["step"] > 0


def begun(folder, run):
    """The first of two processes that train on after an epoch, in a group of their own."""
    words = ["train", "wave.yaml", "--run-dir", run, "--set", "train.epochs=5000"]
    first = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "grucli",
            *words,
            "--set",
            "train.patience=null",
            "--processes",
            "2",
        ],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for(folder / run / "last.pt")
    return first


def children_of(process):
    """Numbers of the processes that it started."""
    return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()


def tell_all(first, number):
    os.killpg(first.pid, number)


def tell_others(first, number):
    for child in children_of(first):
        os.kill(int(child), number)


@pytest.mark.parametrize(
    ("number", "tell"),
    [
        (signal.SIGTERM, tell_all),
        *(
            pytest.param(number, tell, marks=pytest.mark.slow)
            for number, tell in [(signal.SIGHUP, tell_all), (signal.SIGTERM, tell_others)]
        ),
    ],
)
def test_a_signal_to_any_process_saves_the_state(waves, number, tell):
    first = begun(waves, f"told_{number}_{tell.__name__}")
    tell(first, number)
    said = words_of(first)
    assert said.count("last.pt; go on with --resume") == 1, said
    assert first.returncode == 128 + number


SLOW = """
import sys, time
import {module} as module
from grucli.__main__ import main

def slow(*given, **named):
    print("HERE", file=sys.stderr, flush=True)
    time.sleep(3)
    return function(*given, **named)

function, module.{function} = module.{function}, slow
if __name__ == "__main__":
    main()
"""
"""``grucli`` that says where it is, and stays there for a while; so do its other processes."""
STAGES = {
    "reading": ("grucli.runs.preparing", "read_judged"),
    "validating": ("grucli.tasks.forecast.objective", "ForecastObjective._validate"),
    "scoring": ("grucli.tasks.forecast.task", "score_model"),
}
SAVED = "expected all to go on; see what ended it, then go on with --resume if an epoch was done"


def killed(folder, stage, rank):
    """The first of three processes once one of them was killed in a stage, and what was said."""
    module, function = STAGES[stage]
    (folder / f"{stage}.py").write_text(SLOW.format(module=module, function=function))
    words = f"{stage}.py train wave.yaml --run-dir {stage}{rank} --processes 3 --quiet"
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    command = [sys.executable, *words.split()]
    with subprocess.Popen(command, cwd=folder, text=True, start_new_session=True, **pipes) as first:
        too_late = threading.Timer(WAITED_SECONDS, os.killpg, [first.pid, signal.SIGKILL])
        too_late.start()  # nobody else ends the reading of a pipe
        while "HERE" not in first.stderr.readline():
            assert first.poll() is None
        others = sorted(map(int, children_of(first)))[-2:]
        os.kill([first.pid, *others][rank], signal.SIGKILL)
        said = first.stderr.read().replace("HERE\n", "")  # up to the end of all
        too_late.cancel()
    return first.returncode, said


@pytest.mark.parametrize(
    "stage",
    ["validating", *(pytest.param(s, marks=pytest.mark.slow) for s in ("reading", "scoring"))],
)
def test_of_a_first_process_that_is_killed_one_other_speaks(waves, stage):
    code, said = killed(waves, stage, 0)
    first = "process 0 of the processes 0 to 2, which reads and writes for all, was lost: "
    assert (code, said) == (-9, f"error: {first}it ended without a word; {SAVED}\n")


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["reading", "validating"])
def test_of_another_process_that_is_killed_the_first_speaks(waves, stage):
    code, said = killed(waves, stage, 2)
    lost = "process 2 of the processes 0 to 2 was lost: killed by SIGKILL; "
    assert (code, said) == (5, f"error: {lost}{SAVED}\n")


@pytest.mark.slow
def test_whoever_is_killed_when_all_is_learned_is_not_missed(waves):
    assert killed(waves, "scoring", 1) == (0, "")


def wait_for(path):
    until = time.monotonic() + WAITED_SECONDS
    while not path.exists():
        assert time.monotonic() < until, f"{path} does not come"
        time.sleep(0.05)
