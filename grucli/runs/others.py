"""The processes that the first one starts on its machine, and what is said when one is lost."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from grucli.errors import TrainingError
from grucli.text import tell_problem
from grucli.training.ranks import LostError

_LOOKED_SECONDS = 1.0
"""How long it may take until the end of one is known that has left the others."""


class Others:
    """The other processes: those of ranks 1 and up, which end with the first."""

    def __init__(self, processes: Sequence[BaseProcess]) -> None:
        self._processes = processes

    def look(self) -> None:
        """Raise LostError where one has ended that is still needed."""
        for rank, process in enumerate(self._processes, start=1):
            if code := process.exitcode:
                size = len(self._processes) + 1
                raise LostError(_name(rank, size), _end_words(code))

    def look_closely(self) -> None:
        """The same, after one has left the group: how it ended is known a moment later."""
        until = time.monotonic() + _LOOKED_SECONDS
        while time.monotonic() < until:
            self.look()
            time.sleep(0.01)


@contextmanager
def others(count: int, run: Callable[..., None], *given: object) -> Iterator[Others]:
    """So many other processes, each of which runs ``run(rank, *given)``; ended with the block.

    Raises LostError in the place of one that does not know which process was lost.
    """
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=run, args=(rank, *given), daemon=True)
        for rank in range(1, count + 1)
    ]
    started = Others(processes)
    for process in processes:
        process.start()
    try:
        yield started
    except LostError:
        started.look_closely()
        raise
    finally:
        for process in processes:
            process.kill()
            process.join()


def takes_the_word(folder: Path) -> bool:
    """Whether this process is to say how all ended: the first to ask, of all that have a folder."""
    try:
        (folder / "said").touch(exist_ok=False)
    except OSError:
        return False
    return True


def end_with_the_first(folder: Path, processes: int) -> None:
    """End this process when the first one is lost, which else ends it before itself.

    One of the others says so, whoever ``takes_the_word``: none where the first one was asked for an
    end, as it took the word then.
    """
    first = multiprocessing.parent_process()
    assert first is not None

    def watch() -> None:
        wait([first.sentinel])
        try:
            if takes_the_word(folder):
                which = f"{_name(0, processes)}, which reads and writes for all,"
                tell_problem(str(LostError(which, "it ended without a word")))
        finally:
            os._exit(TrainingError.exit_code)

    threading.Thread(target=watch, daemon=True).start()


def wait_for_the_end() -> None:
    """Wait until the first process ends this one, or is lost."""
    threading.Event().wait()


def _name(rank: int, size: int) -> str:
    return f"process {rank} of the processes 0 to {size - 1}"


def _end_words(code: int) -> str:
    """How a process ended that has an exit code, which is that of a signal below 0."""
    if code > 0:
        return f"it ended with exit code {code}"
    with suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"
