"""Signals in every phase of training: a word, an end by the signal soon, and nothing lost."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from grucli import train
from grucli.checkpoint import load_checkpoint
from grucli.cli.app import run
from grucli.cli.kit.interrupting import catch_signals
from grucli.errors import InterruptedRunError
from grucli.runs.stopping import CutOffError, Stop

READING = ("read_judged", "grucli.runs.preparing")
SCORING = ("score_model", "grucli.tasks.forecast.task")
VALIDATING = ("ForecastObjective._validate", "grucli.tasks.forecast.objective")
SLOW_SCORING = (
    "import grucli.tasks.forecast.task as t; "
    "t.score_model = lambda *a, **k: [time.sleep(.01) for _ in range(3000)]"
)
LONG_SCORING, LONG_READING = (
    f"import {place} as p; "
    f"p.{function} = lambda *a, **k: hashlib.pbkdf2_hmac('sha256', b'', b'', 10**9)"
    for function, place in (SCORING, READING)
)
"""Calls of C that take minutes and see no signal."""
SLOW_VALIDATION = (
    "import grucli.tasks.batches as b, grucli.tasks.forecast.objective as f; "
    "b.EVALUATION_CELLS = 1; loss = f.ForecastObjective._validate; "
    "f.ForecastObjective._validate = lambda *a: (time.sleep(.2), loss(*a))[1]"
)


@pytest.fixture(autouse=True, scope="module")
def heard():
    """SIGHUP as a terminal leaves it: under nohup processes inherit that it is ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def started(folder, prepared, *options, verb="train"):
    """The command line with something in it made slow; it says when it has begun."""
    program = (
        f"import time, hashlib, sys; {prepared}; "
        "from grucli.__main__ import main; sys.argv = ['grucli', *sys.argv[1:]]; main()"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program, verb, "wave.yaml", "--threads", "1", *options],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )


def say_at(function, module):
    """Code that says a word as soon as a function of a module is entered."""
    return (
        f"import {module} as m; entered = m.{function}; "
        f"m.{function} = lambda *a, **k: (print('HERE', file=sys.stderr, flush=True), "
        "entered(*a, **k))[1]"
    )


def signalled(process, number):
    """Send a signal as soon as the process says HERE; its exit code and what it said after."""
    for line in process.stderr:
        if "HERE" in line:
            break
    time.sleep(0.3)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert "Traceback" not in said
    return process.returncode, said


def check_finishes(folder):
    train(folder / "wave.yaml", run_dir=folder / "runs" / "wave", resume=True)
    rows = (folder / "runs" / "wave" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(row).get("epoch") for row in rows] == [1, 2, 3, None]


def slow(*values):
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("number", "scoring"),
    [
        (signal.SIGINT, SLOW_SCORING),
        slow(signal.SIGTERM, SLOW_SCORING),
        slow(signal.SIGHUP, LONG_SCORING),
    ],
)
def test_scoring_is_cut_off_and_done_again_by_resuming(folder, number, scoring):
    process = started(folder, f"{scoring}; {say_at(*SCORING)}")
    ended, said = signalled(process, number)
    assert ended == 128 + number
    said = said.splitlines()
    assert said[:2] == ["", "stopping ..."]
    assert said[2:] == (scoring is SLOW_SCORING) * [
        "error: stopped before the best weights were scored; runs/wave/best.pt has them; "
        "go on with --resume"
    ]
    check_finishes(folder)


def test_a_long_call_of_c_is_not_waited_for(folder):
    process = started(folder, "; ".join([LONG_READING, say_at(*READING)]))
    ended, said = signalled(process, signal.SIGINT)
    assert (ended, said) == (130, "\nstopping ...\n")


def test_validation_is_left_between_two_batches_and_the_state_saved(folder):
    process = started(folder, f"{SLOW_VALIDATION}; {say_at(*VALIDATING)}")
    ended, said = signalled(process, signal.SIGINT)
    assert ended == 130
    assert "stopped in epoch 1 after step 5; the state is in" in said
    assert load_checkpoint(folder / "runs" / "wave" / "last.pt").progress["step"] == 5
    check_finishes(folder)


@pytest.mark.parametrize("number", [signal.SIGTERM, slow(signal.SIGINT), slow(signal.SIGHUP)])
def test_a_backtest_that_is_cut_off_leaves_nothing_behind(folder, number, monkeypatch):
    (folder / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(folder / "tmp"))
    process = started(folder, f"{SLOW_SCORING}; {say_at(*SCORING)}", verb="backtest")
    ended, said = signalled(process, number)
    assert ended == 128 + number
    assert said.splitlines()[1:] == [
        "stopping ...",
        "error: stopped before all windows were scored; nothing is kept",
    ]
    assert list((folder / "tmp").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, slow(signal.SIGTERM), slow(signal.SIGHUP)])
def test_a_read_that_waits_is_cut_off_by_the_first_signal(folder, number):
    os.mkfifo(folder / "pipe.csv")
    process = started(folder, say_at(*READING), "--set", "data.path=pipe.csv")
    ended, said = signalled(process, number)
    assert ended == 128 + number
    assert said.splitlines()[1:] == [
        "stopping ...",
        "error: stopped before training began; nothing was changed",
    ]
    assert list((folder / "runs").iterdir()) == []


def test_an_interrupt_that_a_callback_would_swallow_ends_the_process(folder):
    deaf = (
        "types, signal; app = types.ModuleType('app'); app.run = lambda _: [exec(ONCE) for _ in "
        "range(9)]; ONCE = 'try: print(\\'HERE\\', file=sys.stderr, flush=True), "
        "time.sleep(9)\\nexcept KeyboardInterrupt: pass'; sys.modules['grucli.cli.app'] = app"
    )
    process = started(folder, f"import {deaf}")
    assert signalled(process, signal.SIGINT) == (-signal.SIGINT, "")


def test_a_request_cuts_off_at_once_where_nothing_is_half_done():
    with pytest.raises(CutOffError):
        Stop().request(2)


def test_a_request_waits_while_something_is_half_done():
    answers = []

    def half_done(stop):
        with stop.waiting():
            stop.request(15)
            answers.append(stop())

    with pytest.raises(CutOffError):
        half_done(Stop())
    assert answers == [15]


def test_a_signal_is_heard_of_before_anything_ends():
    heard = []

    def half_done(stop):
        stop.heard = lambda: heard.append(stop())
        with stop.waiting():
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(InterruptedRunError), catch_signals() as stop:
        half_done(stop)
    assert heard == [None], "once, whoever sees it first"


def test_training_leaves_no_thread_and_no_handler_behind(folder, monkeypatch):
    monkeypatch.chdir(folder)
    before = threading.active_count(), signal.getsignal(signal.SIGTERM)
    assert run(["train", "wave.yaml", "--set", "train.epochs=1", "--quiet"]) == 0
    assert (threading.active_count(), signal.getsignal(signal.SIGTERM)) == before


def test_training_into_a_full_standard_error_ends_as_it_would_without_one(folder):
    command = [sys.executable, "-m", "grucli", "train", "wave.yaml", "--threads", "1"]
    with open("/dev/full", "w") as full:  # noqa: PTH123
        ended = [subprocess.run(command, cwd=folder, stderr=full, check=False) for _ in range(2)]
    assert [done.returncode for done in ended] == [0, 2]  # trained; the folder is in use
    assert load_checkpoint(folder / "runs/wave/best.pt").progress["test_scores"]


@pytest.mark.slow
def test_a_reader_of_standard_error_that_goes_away_ends_no_training(folder):
    command = f"{sys.executable} -m grucli train wave.yaml --threads 1 2>&1 >/dev/null | head -n 1"
    subprocess.run(command, shell=True, cwd=folder, check=True, capture_output=True, timeout=120)
    assert load_checkpoint(folder / "runs/wave/best.pt").progress["test_scores"]
