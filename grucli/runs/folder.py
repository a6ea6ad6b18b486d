"""The folder of one run: recipe, metrics, record of the weights, best.pt, last.pt; for one process.

No time stamps in paths; whole files are replaced atomically and the .jsonl files only grow, so that
a Makefile can depend on them and an interrupted run can go on.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from grucli.errors import GrucliError, UsageError
from grucli.files import write_atomically
from grucli.results import Epoch, Snapshot, TrainingFinished, WeightRecord, to_json

FILES = (
    "recipe.yaml",
    "metrics.jsonl",
    "weights.jsonl",
    "snapshots.jsonl",
    "best.pt",
    "last.pt",
    "report.html",
)
LOCK = ".lock"


@dataclass(frozen=True)
class RunFolder:
    """Paths of one run's files."""

    path: Path

    @property
    def recipe(self) -> Path:
        """The resolved recipe."""
        return self.path / "recipe.yaml"

    @property
    def metrics(self) -> Path:
        """One JSON line for each epoch and one for the end."""
        return self.path / "metrics.jsonl"

    @property
    def weights(self) -> Path:
        """One JSON line for each record of the weights."""
        return self.path / "weights.jsonl"

    @property
    def snapshots(self) -> Path:
        """One JSON line for each snapshot of the matrices."""
        return self.path / "snapshots.jsonl"

    @property
    def best(self) -> Path:
        """The weights with the lowest validation loss."""
        return self.path / "best.pt"

    @property
    def last(self) -> Path:
        """The newest state, from which --resume goes on."""
        return self.path / "last.pt"

    @property
    def report(self) -> Path:
        """The page that `grucli report` writes; of an earlier run, it would mislead."""
        return self.path / "report.html"

    @contextmanager
    def held(self, *, resume: bool, overwrite: bool) -> Iterator[None]:
        """Create or take over the folder and keep other processes out until the block ends.

        Raises UsageError when the folder is in use, holds something while neither ``resume`` nor
        ``overwrite`` is given, or has nothing to resume. ``overwrite`` removes the files of
        ``FILES`` only. What was made to hold the folder goes when the block ends, the folder too
        if nothing was written into it.
        """
        if resume and not self.last.is_file():
            raise UsageError(
                f"{self.last}: nothing to resume; expected the state of an earlier run; "
                "run the command without --resume"
            )
        was_there = self.path.exists()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / LOCK).open("w")
        except OSError as error:
            raise GrucliError(
                f"{self.path}: cannot be used as a run folder: {error.strerror}; "
                "choose another place with --run-dir"
            ) from error
        with lock:
            if not _locked(lock):
                raise UsageError(
                    f"{self.path}: another process is training into this folder; "
                    "wait for it or choose another place with --run-dir"
                )
            try:
                self._prepare(resume=resume, overwrite=overwrite)
                yield
            finally:
                (self.path / LOCK).unlink(missing_ok=True)
                if not was_there and not any(self.path.iterdir()):
                    self.path.rmdir()

    def _prepare(self, *, resume: bool, overwrite: bool) -> None:
        present = sorted(entry.name for entry in self.path.iterdir() if entry.name != LOCK)
        if present and not (resume or overwrite):
            raise UsageError(
                f"{self.path}: already holds {', '.join(present[:4])}; add --resume to go on from "
                "last.pt, --overwrite to start again, or --run-dir for another place"
            )
        if overwrite and not resume:
            for name in FILES:
                (self.path / name).unlink(missing_ok=True)

    def write_recipe(self, text: str) -> None:
        """Keep the resolved recipe beside the weights."""
        write_atomically(self.recipe, text.encode())

    def append(self, event: Epoch | TrainingFinished | WeightRecord | Snapshot) -> None:
        """Add one line to the file that keeps such events."""
        paths = {WeightRecord: self.weights, Snapshot: self.snapshots}
        path = paths.get(type(event), self.metrics)
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(to_json(event, indent=None) + "\n")
        except OSError as error:
            raise GrucliError(
                f"{path}: could not be written: {error.strerror}; best.pt and last.pt hold "
                "the training so far; make room, then go on with --resume"
            ) from error

    def rewind(self, *, epochs_done: int, steps_done: int) -> None:
        """Drop lines beyond what last.pt knows: of later steps, of an end, or torn by a crash."""
        _keep_lines(
            self.metrics, lambda row: row["kind"] == "Epoch" and row["epoch"] <= epochs_done
        )
        _keep_lines(self.weights, lambda row: not row["is_end"] and row["step"] <= steps_done)
        _keep_lines(self.snapshots, lambda row: not row["is_best"] and row["step"] <= steps_done)


def _locked(file: IO[str]) -> bool:
    """Lock a file for this process; false where another has it, or has just removed it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(file.fileno()).st_nlink > 0


def _keep_lines(path: Path, wanted: Callable[[Mapping[str, Any]], bool]) -> None:
    """Rewrite a file of JSON lines with the wanted ones before the first that is torn."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            break
        if wanted(row):
            kept.append(line + "\n")
    write_atomically(path, "".join(kept).encode())
