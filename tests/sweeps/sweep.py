"""What a sweep is: thousands of faults of one kind, each tried and judged, and counted."""

import resource
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from grucli.errors import GrucliError

LIMIT_SECONDS = 20
"""Processor time after which an attempt counts as one that hangs."""

Case = tuple[str, Callable[[], str]]
"""What is tried in words, and the attempt, which returns how it ended.

An AssertionError in it is a wrong end, with what it says; a GrucliError is a refusal.
"""


@dataclass(frozen=True)
class Sweep:
    """One kind of fault: its cases, made in an empty folder, and how many of them are a sample.

    ``cases`` gets a folder with a table, a recipe and a finished run (``tests.conftest.trained``),
    which it must not change, and the empty one. ``make test`` tries one case in ``every``,
    none where that is None.
    """

    words: str
    cases: Callable[[Path, Path], Iterator[Case]]
    every: int | None


class HangError(BaseException):
    """An attempt took too long."""


@dataclass
class Tally:
    """How the cases of a sweep ended; ``wrong`` says of each wrong end what was tried."""

    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0
    peak_mebibytes: int = 0

    @property
    def tried(self) -> int:
        """The number of cases."""
        return self.ends.total()


def swept(cases: Iterator[Case], *, every: int = 1, tally: Tally | None = None) -> Tally:
    """Try each case, or one in ``every`` of them, and add to ``tally`` how it ended."""
    tally, before = tally or Tally(), _peak()
    for words, attempt in islice(cases, 0, None, every):
        started = time.process_time()
        end, fault = _end_of(attempt)
        tally.slowest = max(tally.slowest, time.process_time() - started)
        tally.ends[end] += 1
        if fault:
            tally.wrong.append(f"{words}: {end}: {fault}")
        tally.peak_mebibytes = _peak() - before
    return tally


def _end_of(attempt: Callable[[], str]) -> tuple[str, str]:
    """How an attempt ended, and what is wrong with that, nothing for a right end."""
    try:
        with limited(LIMIT_SECONDS):
            return attempt(), ""
    except GrucliError as error:
        return f"refused ({error.exit_code})", ""
    except HangError:
        return "hangs", f"more than {LIMIT_SECONDS} s of processor time"
    except AssertionError as error:
        return "wrong", str(error)
    except Exception as error:
        return "internal fault", f"{type(error).__name__}: {error}"


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """A block that raises HangError after so much processor time."""

    def end(*_: object) -> None:
        raise HangError

    former = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, former)


def _peak() -> int:
    """The most memory this process had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
