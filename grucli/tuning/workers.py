"""The processes that work on one study from one folder: who is alive, and who may choose now.

Locks of the kernel, which die with the process that holds them, however it ends: a trial of a
process that was killed is known as such at once, without a time to wait for.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from grucli.errors import GrucliError
from grucli.files import remove_locked
from grucli.places import folder_fault

_CLAIM = "claim.lock"
_POLL_SECONDS = 0.002


def waited_lock(path: Path) -> FileLock:
    """An exclusive lock on a file, waited for; in the form that Optuna's journal asks for."""
    return FileLock(path, poll_interval=_POLL_SECONDS, fallback_to_soft=False)


class Workers:
    """The processes of a folder. A context manager: this one is among them within it.

    Others are asked after only by whoever is ``claiming``: nobody joins meanwhile.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.name = folder, uuid.uuid4().hex[:12]
        self._claim, self._own = waited_lock(folder / _CLAIM), waited_lock(self._file(self.name))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with self.claiming():
                pass
        except OSError as error:
            raise GrucliError(
                f"{folder}: cannot be used for a search: {folder_fault(folder, error)}; choose "
                "another place with --run-dir"
            ) from error

    def __enter__(self) -> Self:
        with self.claiming():
            self._own.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        remove_locked(self._file(self.name), self._own.release)

    @contextmanager
    def claiming(self) -> Iterator[FileLock]:
        """A block that one process at a time is in; it may give the lock back before its end."""
        self._claim.acquire()
        try:
            yield self._claim
        finally:
            self._claim.release()

    def is_alive(self, name: str | None) -> bool:
        """Whether a process still runs; a trial that names none was not begun in earnest."""
        if name is None:
            return False
        file = self._file(name)
        if not file.exists():
            return False
        try:
            with FileLock(file, blocking=False, fallback_to_soft=False):
                pass
        except Timeout:
            return True
        file.unlink(missing_ok=True)
        return False

    @property
    def place(self) -> int:
        """How many others are at work."""
        names = [file.stem for file in self.folder.glob("*.lock") if file.name != _CLAIM]
        return sum(self.is_alive(name) for name in names if name != self.name)

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.lock"
