"""Whatever a run does to its folder may fail or be the last thing it does: nothing is lost."""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from grucli.errors import GrucliError
from tests.faults import EndedError, broken, ended, fault_at, killed, no_space
from tests.sweeps.runs import Project, check_whole
from tests.sweeps.sweep import Case

WAYS: dict[str, tuple[str | None, dict[str, Any], Callable[[Project, Path], None]]] = {
    "a new run": (None, {}, Project.go_on),
    "in place of another": ("old", {"overwrite": True}, Project.go_on_from_either),
    "from a damaged state": ("damaged", {"resume": True}, Project.go_on_from_damage),
}
"""What is there before, how training starts, and how a person goes on."""

KILLS = 100


def places(ground: Path, folder: Path) -> Iterator[Case]:
    """At every place where a run touches its folder: no space, a broken disk, the end, a kill."""
    project = Project(ground, folder)
    for words, (before, options, go_on) in WAYS.items():
        count = _places(project, before, options)
        for fault in (no_space, broken, ended, killed):
            for place in range(count):

                def attempt(
                    fault: Callable[[], None] = fault,
                    place: int = place,
                    before: str | None = before,
                    options: dict[str, Any] = options,
                    go_on: Callable[[Project, Path], None] = go_on,
                ) -> str:
                    run = _prepared(project, before)
                    disturb = _killed if fault is killed else _failing
                    disturb(project, run, place, fault, options)
                    go_on(project, run)
                    check_whole(run, project.folder / "new")
                    return "nothing lost"

                yield f"{words}, {fault.__name__} at place {place}", attempt


def kills(ground: Path, folder: Path) -> Iterator[Case]:
    """A run that is killed at any moment."""
    project = Project(ground, folder)
    started = time.monotonic()
    _wait(_in_child(lambda: project.start(folder / "timed")))
    length = time.monotonic() - started

    def attempt(seed: int) -> str:
        run = _prepared(project, None)
        child = _in_child(lambda: project.start(run))
        time.sleep(random.Random(seed).uniform(0, length))
        os.kill(child, signal.SIGKILL)
        _wait(child)
        project.go_on(run)
        check_whole(run, project.folder / "new")
        return "nothing lost"

    for seed in range(KILLS):
        yield f"seed {seed}", lambda seed=seed: attempt(seed)


def _places(project: Project, before: str | None, options: dict[str, Any]) -> int:
    """How many calls such a run makes that touch its folder."""
    run = _prepared(project, before)
    with fault_at(-1, broken, run) as calls:
        project.start(run, **options)
    return len(calls)


def _prepared(project: Project, before: str | None) -> Path:
    """The folder for a run: a copy of another, or not there yet."""
    run = project.folder / "run"
    shutil.rmtree(run, ignore_errors=True)
    if before is not None:
        shutil.copytree(project.folder / before, run)
    return run


def _failing(
    project: Project, run: Path, place: int, fault: Callable[[], None], options: dict[str, Any]
) -> None:
    try:
        with fault_at(place, fault, run):
            project.start(run, **options)
    except (GrucliError, EndedError):
        pass


def _killed(
    project: Project, run: Path, place: int, fault: Callable[[], None], options: dict[str, Any]
) -> None:
    """The same in a process that kills itself there, really."""

    def begin() -> None:
        with fault_at(place, fault, run):
            project.start(run, **options)

    assert _wait(_in_child(begin)) == signal.SIGKILL, "was not killed"


def _in_child(work: Callable[[], None]) -> int:
    """The process that does the work and ends."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def _wait(child: int) -> int:
    """The signal that ended a process; 0 for none."""
    return os.WTERMSIG(os.waitpid(child, 0)[1])
