"""Signals while models are trained: a word at once, what is half done saved or removed, and an end
within a second.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from grucli.errors import InterruptedRunError
from grucli.runs.stopping import CutOffError, Stop
from grucli.temporary import ENDING

GRACE_SECONDS = 0.7
"""How long an end is waited for that nothing stands in the way of, before it is made."""


@contextmanager
def catch_signals() -> Iterator[Stop]:
    """Turn the signals that ask for an end into a request that training answers between two steps.

    Where nothing is half done the block is cut off at once and InterruptedRunError raised. A second
    signal of the same kind ends the process. Signals that the caller ignores (nohup, a background
    job) stay ignored.
    """
    stop = Stop()
    say = _word(stop)

    def catch(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        say()
        stop.request(number)

    before = {
        number: signal.signal(number, catch)
        for number in ENDING
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        with _watched(stop, set(before), say):
            yield stop
    except CutOffError as cut:
        raise InterruptedRunError(f"stopped {stop.words}", signal_number=cut.number) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _word(stop: Stop) -> Callable[[], None]:
    """Says once that the signal has come, whoever sees it first."""
    first = threading.Lock()

    def say() -> None:
        if not first.acquire(blocking=False):
            return
        stop.heard()
        if sys.stderr is None:
            return
        saving = " after this step; the state is being saved" if stop.waits else ""
        text = f"\nstopping{saving} ...\n"
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except RuntimeError:  # the signal came while this very stream was being written to
            os.write(2, text.encode())

    return say


@contextmanager
def _watched(stop: Stop, numbers: set[int], say: Callable[[], None]) -> Iterator[None]:
    """Look after signals in a thread: Python's handler waits for the end of a long call of C."""
    reader, writer = os.pipe()
    if sys.platform != "win32":  # there a thread of its own writes, which may wait
        os.set_blocking(writer, False)
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    over = threading.Event()

    def watch() -> None:
        while came := os.read(reader, 1):
            if came[0] in numbers:
                say()
                if not over.wait(GRACE_SECONDS) and not stop.waits:
                    _end(128 + came[0])

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(before)
        os.close(writer)
        thread.join()
        os.close(reader)


def _end(code: int) -> None:
    """End the process as it stands; a terminal gets its cursor back."""
    if sys.stderr is not None and sys.stderr.isatty():
        os.write(2, b"\x1b[?25h\n")
    os._exit(code)
