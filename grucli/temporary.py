"""What is on the disk for a moment only: it goes when a block ends, or with the next start.

A temporary file or folder is locked for as long as a process uses it, so that another one knows
what a killed process has left.
"""

import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType

if sys.platform != "win32":
    import fcntl

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
ENDING = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))
"""Signals by which a process is asked to end; the last one Windows has in the place of SIGHUP."""

_HELD = ".held"
"""On Windows, where no folder can be opened, what a process has open in one that it uses."""
_PATIENCE_SECONDS, _PAUSE_SECONDS = 5.0, 0.02
"""How long another program may have open what is to be renamed over, on Windows."""

_LETTERS = "[a-z0-9_]{8}"
"""What ``tempfile`` puts into a name."""


@contextmanager
def signals_wait() -> Iterator[None]:
    """A block that a first signal does not cut off: it acts at the end, and a second one at once.

    What the caller ignores stays ignored, and only the main thread can let signals wait.
    """
    came: list[int] = []
    before: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def wait(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        if len(came) > 1:
            restore()
            signal.raise_signal(number)

    if threading.current_thread() is threading.main_thread():
        handlers = {number: signal.getsignal(number) for number in ENDING}
        before |= {n: h for n, h in handlers.items() if h not in (signal.SIG_IGN, None)}
        for number in before:
            signal.signal(number, wait)
    try:
        yield
    finally:
        restore()
        for number in came[:1]:
            signal.raise_signal(number)


class Temporary:
    """A new file beside another one, open under ``handle`` and locked, to take its place."""

    def __init__(self, handle: int, path: Path) -> None:
        self.handle, self.path = handle, path
        self._is_open = True

    def take_place_of(self, path: Path) -> None:
        """Rename it to ``path``. Raises OSError.

        Windows renames nothing that is open, and over nothing that is: there it is closed first,
        and who reads the old file at that moment is waited for.
        """
        if sys.platform != "win32":
            self.path.replace(path)
            return
        self.close()
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                self.path.replace(path)
                return
            except PermissionError:
                if time.monotonic() > until:
                    raise
            time.sleep(_PAUSE_SECONDS)

    def close(self) -> None:
        """Close it, if that has not been done."""
        if self._is_open:
            self._is_open = False
            os.close(self.handle)


@contextmanager
def temporary_beside(path: Path) -> Iterator[Temporary]:
    """A new file beside ``path``, removed where the block fails. Raises OSError."""
    start, end = _names(path)

    def make() -> tuple[int, str]:
        return tempfile.mkstemp(dir=path.parent, prefix=start, suffix=end)

    def remove(name: str) -> None:
        Path(name).unlink()

    handle, name = _made_and_locked(make, remove)
    made = Temporary(handle, Path(name))
    try:
        try:
            yield made
        finally:
            made.close()
    except BaseException:
        with suppress(OSError):
            made.path.unlink()
        raise


def clear_leftovers(path: Path) -> None:
    """Remove temporary files that killed processes left beside ``path`` when they wrote to it."""
    start, end = _names(path)
    for entry in _matching(path.parent, start, end):
        with suppress(OSError):
            _if_unlocked(entry, "O_NONBLOCK", entry.unlink)


@contextmanager
def working_folder(kind: str) -> Iterator[Path]:
    """An empty folder among the system's temporary ones, as long as the block lasts.

    Those of the same kind that killed processes of this user left go first. Raises OSError.
    """
    start = f"grucli-{kind}-"
    for entry in _matching(Path(tempfile.gettempdir()), start, ""):
        with suppress(OSError):
            if sys.platform == "win32" or entry.lstat().st_uid == os.geteuid():
                _if_unlocked(entry, "O_DIRECTORY", partial(shutil.rmtree, entry))

    def make() -> tuple[int, str]:
        name = tempfile.mkdtemp(prefix=start)
        if sys.platform == "win32":
            return os.open(Path(name) / _HELD, os.O_RDWR | os.O_CREAT), name
        return os.open(name, os.O_RDONLY), name

    with signals_wait():
        handle, name = _made_and_locked(make, shutil.rmtree)
    try:
        yield Path(name)
    finally:
        os.close(handle)
        shutil.rmtree(name, ignore_errors=True)


def _names(path: Path) -> tuple[str, str]:
    """How the name of a temporary file for ``path`` begins and ends around eight letters."""
    return f".{path.name[:40]}.", ".tmp"


def _matching(folder: Path, start: str, end: str) -> list[Path]:
    name = re.compile(f"{re.escape(start)}{_LETTERS}{re.escape(end)}")
    try:
        return [entry for entry in folder.iterdir() if name.fullmatch(entry.name)]
    except OSError:
        return []


def _if_unlocked(path: Path, flag: str, remove: Callable[[], None]) -> None:
    """Remove what no process uses any more. Raises OSError where one does, or it cannot be.

    On Windows nobody can remove what a process has open, so that no lock is needed; a folder is in
    use as long as the file in it is that says so.
    """
    if sys.platform == "win32":
        if path.is_dir():
            (path / _HELD).unlink()
        remove()
        return
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | getattr(os, flag))
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        remove()
    finally:
        os.close(handle)


def _made_and_locked(
    make: Callable[[], tuple[int, str]], remove: Callable[[str], None]
) -> tuple[int, str]:
    """What was made, open and locked for as long as it is open.

    Another process may take it for a leftover between its making and its locking: then the lock is
    waited for, the name is found gone, and another is made.
    """
    while True:
        handle, name = make()
        try:
            if sys.platform != "win32":
                with suppress(OSError):  # a file system without locks
                    fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink > 0:
                return handle, name
        except OSError:
            os.close(handle)
            with suppress(OSError):
                remove(name)
            raise
        os.close(handle)
