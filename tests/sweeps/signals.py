"""Signals at any moment of training: an end by the signal, soon, and nothing lost."""

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.sweeps.runs import NEW, Project, check_whole
from tests.sweeps.sweep import Case

SIGNALS, SOON_SECONDS = 60, 2.0
"""Of processor time: on a busy machine the rest is waiting for others."""

KINDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def signals(ground: Path, folder: Path) -> Iterator[Case]:
    """A process that trains and gets one of three signals at any moment after Python's start."""
    project = Project(ground, folder)
    started = time.monotonic()
    with _started(project, folder / "timed") as process:
        process.communicate()
    length = time.monotonic() - started

    def attempt(seed: int) -> str:
        draw, run = random.Random(seed), folder / f"run{seed}"
        number = KINDS[seed % len(KINDS)]
        before = _seconds_of_children()
        with _started(project, run) as process:
            time.sleep(draw.uniform(0.3, length))
            before += _seconds_of(process)
            process.send_signal(number)
            _, said = process.communicate(timeout=120)
        spent = _seconds_of_children() - before
        assert spent < SOON_SECONDS, f"{spent:.1f} s of processor time after the signal"
        assert "Traceback" not in said, said[-300:]
        assert process.returncode in (0, 128 + number, -number), f"ends with {process.returncode}"
        project.go_on(run)
        check_whole(run, project.folder / "new")
        return "was done" if process.returncode == 0 else "ended by the signal, nothing lost"

    for seed in range(SIGNALS):
        yield f"{KINDS[seed % len(KINDS)].name}, seed {seed}", lambda seed=seed: attempt(seed)


def _started(project: Project, run: Path) -> "subprocess.Popen[str]":
    settings = [part for setting in NEW for part in ("--set", setting)]
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "grucli", "train", str(project.recipe), "--run-dir", str(run)),
            *(*settings, "--threads", "1"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_as_from_a_terminal,  # noqa: PLW1509
    )


def _as_from_a_terminal() -> None:
    """Take signals, also where this process ignores some, as those behind nohup do."""
    for number in KINDS:
        signal.signal(number, signal.SIG_DFL)


def _seconds_of(process: "subprocess.Popen[str]") -> float:
    """Processor time of a process that runs, as /proc has it."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _seconds_of_children() -> float:
    """Processor time of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
