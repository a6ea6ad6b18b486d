"""A study in a file of our own: Optuna's journal, of whole lines alone."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from optuna.storages.journal import JournalFileBackend

from grucli.files import append, sync
from grucli.tuning.workers import waited_lock


class Journal(JournalFileBackend):  # type: ignore[misc]  # Optuna is not looked into
    """Optuna's file, which by itself keeps half a line where a disk is full or a process dies.

    What another process wrote behind that half would be read by nobody, and the study be lost.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError where there can be no such file."""
        self.path, self.lock = path, waited_lock(path.with_name(f"{path.name}.lock"))
        with self.lock:
            _take_off_torn_line(path)
        super().__init__(str(path), lock_obj=self.lock)

    def append_logs(self, logs: Sequence[Mapping[str, Any]]) -> None:
        """Write all of these lines, on the disk when this returns, or none. Raises OSError."""
        lines = [f"{json.dumps(log, separators=(',', ':'))}\n" for log in logs]
        with self.lock:
            _take_off_torn_line(self.path)
            append(self.path, "".join(lines).encode())
            sync(self.path)


def _take_off_torn_line(path: Path) -> None:
    """Nothing was told with a line that was not written to its end."""
    if not path.exists() or not path.stat().st_size:
        return
    with path.open("r+b") as file:
        file.seek(-1, 2)
        if file.read() != b"\n":
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)
