"""Training in several processes: how they meet, and what the others do beside the first.

The first process reads, writes and shows all that one alone does. The others are told each run as
it begins (its recipe, weights and state), go through the same steps with their part of every batch,
and write nothing.
"""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from grucli.data import Panel
from grucli.errors import DataError, GrucliError, TrainingError, UsageError
from grucli.recipe import recipe_from_mapping
from grucli.runs.device import choose_device, flushed_denormals, repeatable, set_threads
from grucli.runs.farewell import EndedError
from grucli.runs.launched import launched_rank, processes_here
from grucli.runs.meeting import joined, launched_meeting, meeting_at
from grucli.runs.memory import memory_watched
from grucli.runs.others import end_with_the_first, others, takes_the_word, wait_for_the_end
from grucli.runs.setting_up import SetUp
from grucli.runs.stopping import Stop
from grucli.runs.training_run import TrainingRun
from grucli.temporary import ENDING, working_folder
from grucli.text import tell_problem
from grucli.training.loop import fit
from grucli.training.observers import Observers
from grucli.training.ranks import LostError, Ranks, TogetherRanks


@contextmanager
def together(processes: int, *, device: str, halt: Stop | None = None) -> Iterator[Ranks]:
    """The processes that train: those that were launched, so many on this machine, or this one.

    Where ``halt`` hears of a signal, the others do not take this process for lost when it ends.
    Raises UsageError where both are asked for.
    """
    if launched_rank() is not None:
        if processes > 1:
            raise UsageError(
                f"--processes {processes}: this process is one of {os.environ['WORLD_SIZE']} that "
                "were launched already; expected one of the two"
            )
        with joined(device, launched_meeting) as ranks:
            yield ranks
    elif processes == 1:
        yield Ranks()
    else:
        with _threads_shared(processes), working_folder("processes") as folder:
            meeting = folder.resolve() / "meeting"
            if halt is not None:
                halt.heard = partial(takes_the_word, meeting.parent)
            meet = meeting_at(meeting, rank=0, size=processes)
            with (
                others(processes - 1, _join, processes, device, meeting) as started,
                joined(device, meet, look=started.look) as ranks,
            ):
                yield ranks


@contextmanager
def _threads_shared(processes: int) -> Iterator[None]:
    """A block in which each of so many processes has its share of the threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, threads // processes))
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _join(rank: int, processes: int, device: str, meeting: Path) -> None:
    """What each of the others runs: asked for an end it goes on, and asks all at the next step.

    Of a process that is lost the first one speaks, or what ``end_with_the_first`` has begun.
    """
    end_with_the_first(meeting.parent, processes)
    asked: list[int] = []
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _frame: asked.append(number))
    try:
        with (
            suppress(LostError),
            joined(device, meeting_at(meeting, rank=rank, size=processes)) as ranks,
        ):
            ranks.ask = lambda: next(iter(asked), None)
            follow(ranks, device=device, halt=Stop())
    except GrucliError as error:
        for line in error.lines:
            tell_problem(f"process {rank}: {line}")
        raise SystemExit(error.exit_code) from None
    wait_for_the_end()


@dataclass(frozen=True)
class Plan:
    """A run that begins: all that another process needs to go through the same steps."""

    recipe: Mapping[str, Any]
    refit_epochs: int | None
    table: str
    threads: int
    weights: Mapping[str, torch.Tensor]
    state: Mapping[str, Any]

    @classmethod
    def of(cls, run: TrainingRun) -> "Plan":
        """That of a run which stands before its next step."""
        return cls(
            recipe=run.recipe.model_dump(mode="json"),
            refit_epochs=run.training.refit_epochs,
            table=run.data.summary["sha256"],
            threads=torch.get_num_threads(),
            weights=dict(run.model.state_dict()),
            state=run.training.state_dict(),
        )


def lead(run: TrainingRun) -> None:
    """Tell the other processes, if there are any, of a run that begins."""
    ranks = run.training.ranks
    if ranks.size > 1:
        ranks.tell(Plan.of(run))


def follow_launched(*, device: str, halt: Stop) -> int:
    """Be one of several launched processes that is not the first (see ``follow``).

    Returns the exit code: that of the first process where it has said why all end.
    """
    halt.words = "with the first process, which saves the state"
    try:
        with joined(device, launched_meeting) as ranks:
            ranks.ask = halt
            follow(ranks, device=device, halt=halt)
    except EndedError as end:
        return end.exit_code
    return 0


def follow(ranks: TogetherRanks, *, device: str, halt: Stop) -> None:
    """Go through every run that the first process tells of, until it says that there is no more.

    An end that ``halt`` is asked for waits for the step after which all processes stop.
    What ends all of them, such as a loss that is not finite, the first one says: this one goes on
    as if there were more to come. Raises LostError where none comes, and what ends it alone.
    """
    place, panel = choose_device(device, processes=processes_here(ranks.size)), None
    with repeatable(place), flushed_denormals():
        while (plan := ranks.told()) is not None:
            setup = _set_up(plan, place, panel)
            panel = setup.data.read.panel
            setup.training.ranks = ranks
            with halt.waiting():
                _go_through(setup)
            if ranks.stopped() is not None:
                return


def _set_up(plan: Plan, device: str, panel: Panel | None) -> SetUp:
    """What the first process has; ``panel`` is the table, once it was read.

    Raises DataError where the table is another one here.
    """
    set_threads(plan.threads)
    recipe = recipe_from_mapping(plan.recipe)
    setup = SetUp.of(recipe, device, is_resumed=True, refit_epochs=plan.refit_epochs, panel=panel)
    if setup.data.summary["sha256"] != plan.table:
        raise DataError(
            f"{setup.data.summary['path']}: not the table that the first process has; expected the "
            "same file at the same path on every machine"
        )
    setup.training.model.load_state_dict(plan.weights)
    setup.training.load_state_dict(plan.state)
    return setup


def _go_through(setup: SetUp) -> None:
    """All steps of a run that are left, up to an end that somebody asks for."""
    with memory_watched(setup.training), suppress(TrainingError):
        for _ in fit(setup.training, setup.objective, Observers()):
            if setup.training.ranks.stopped() is not None:
                return
