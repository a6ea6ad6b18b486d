"""The folder of one run: recipe, metrics, record of the weights, best.pt, last.pt; for one process.

No time stamps in paths; whole files are replaced atomically and the .jsonl files only grow, so that
a Makefile can depend on them and an interrupted run can go on.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from grucli.errors import GrucliError, UsageError
from grucli.files import append, changing, clear_leftovers, same_file, sync, write_atomically
from grucli.results import Epoch, Snapshot, TrainingFinished, WeightRecord, to_json
from grucli.runs.log_lines import keep_lines
from grucli.runs.replacing import STAGING, drop_staged, finish_moving, replace_run, stage

WRITTEN = ("recipe.yaml", "metrics.jsonl", "weights.jsonl", "snapshots.jsonl", "best.pt", "last.pt")
"""What a run has from its first epoch on."""
FOLLOWING = ("last.previous.pt", "last.damaged.pt", "report.html")
"""What comes of it later, and would mislead beside another run."""
FILES = WRITTEN + FOLLOWING
LOCK = ".lock"
RUNS = "runs"
"""Where runs are, a folder for each name."""


@dataclass(frozen=True)
class RunFolder:
    """Paths of one run's files. One that is to replace another has that one's place as ``home``."""

    path: Path
    home: "RunFolder | None" = None

    @classmethod
    def named(cls, name: str) -> "RunFolder":
        """The usual folder of a run of this name."""
        return cls(Path(RUNS) / name)

    @property
    def newest_weights(self) -> Path | None:
        """The best weights, else the newest; None in a folder that is no run's."""
        return next((path for path in (self.best, self.last) if path.is_file()), None)

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
    def previous(self) -> Path:
        """The state before the newest."""
        return self.path / "last.previous.pt"

    @property
    def damaged(self) -> Path:
        """A newest state that could not be read."""
        return self.path / "last.damaged.pt"

    @property
    def report(self) -> Path:
        """The page that `grucli report` writes."""
        return self.path / "report.html"

    @property
    def refit(self) -> "RunFolder":
        """The folder of the same model, trained once more on all rows."""
        return RunFolder(self.path / "refit")

    def emptied(self) -> "RunFolder":
        """The folder, made where it is not there, without the files of a run."""
        with changing(self.path):
            self.path.mkdir(exist_ok=True)
            for name in FILES:
                (self.path / name).unlink(missing_ok=True)
        return self

    @property
    def has_state(self) -> bool:
        """Whether there is something to go on from."""
        return self.last.is_file() or self.previous.is_file()

    def refuse_inputs(self, inputs: Iterable[str | Path | None]) -> None:
        """Raise UsageError where a file that a run reads lies among those that it writes."""
        for path in inputs:
            if path is not None and any(same_file(path, self.path / name) for name in FILES):
                raise UsageError(
                    f"{path}: is read by this run and lies where it would be written over; choose "
                    "another place with --run-dir"
                )

    @contextmanager
    def held(self, *, resume: bool, overwrite: bool) -> Iterator["RunFolder"]:
        """Create or take over the folder and keep other processes out until the block ends.

        Gives the folder to write into: this one, or one inside it for a run that is to replace
        another. Raises UsageError when the folder is in use, holds something while neither
        ``resume`` nor ``overwrite`` is given, or has nothing to resume. What was made to hold the
        folder goes when the block ends, the folder too if nothing was written into it.
        """
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
                yield self._prepared(resume=resume, overwrite=overwrite)
            finally:
                if not self._staged.has_state:
                    drop_staged(self.path)
                with suppress(OSError):
                    (self.path / LOCK).unlink(missing_ok=True)
                    if not was_there and not any(self.path.iterdir()):
                        self.path.rmdir()

    @property
    def _staged(self) -> "RunFolder":
        return RunFolder(self.path / STAGING, home=self)

    def _prepared(self, *, resume: bool, overwrite: bool) -> "RunFolder":
        """The folder to write into, after clearing up behind a process that was killed."""
        finish_moving(self.path)
        staged = self._staged
        staged.moved_in()
        for folder in (self, staged):
            for name in FILES:
                clear_leftovers(folder.path / name)
        if resume:
            self._check_resumable()
            return staged if staged.has_state else self
        present = sorted(entry.name for entry in self.path.iterdir() if entry.name != LOCK)
        if not present:
            return self
        if not overwrite:
            go_on = "--resume to go on from last.pt, " if self.has_state or staged.has_state else ""
            raise UsageError(
                f"{self.path}: already holds {', '.join(present[:4])}; add {go_on}--overwrite to "
                "start again, or --run-dir for another place"
            )
        self._check_a_run()
        stage(self.path)
        return staged

    def _check_a_run(self) -> None:
        """A recipe or a page alone is somebody's own: a run begins with its logs."""
        if any(map(self._holds, WRITTEN[1:])):
            return
        for name in filter(self._holds, FILES):
            raise UsageError(
                f"{self.path / name}: belongs to no run here and would be written over; choose "
                "another place with --run-dir"
            )

    def _check_resumable(self) -> None:
        if self.has_state or self._staged.has_state:
            return
        other = "with --overwrite" if any(map(self._holds, WRITTEN)) else "without --resume"
        raise UsageError(
            f"{self.last}: nothing to resume; expected the state of an earlier run; "
            f"run the command {other}"
        )

    def _holds(self, name: str) -> bool:
        return (self.path / name).exists()

    def moved_in(self) -> "RunFolder":
        """Take the place of the run before, as soon as everything is there; else stay."""
        if self.home is None or not (self.last.is_file() and self.best.is_file()):
            return self
        replace_run(self.home.path, stale=FOLLOWING)
        if self.home.refit.path.is_dir():
            self.home.refit.emptied()
        return self.home

    def begin(self, recipe: str) -> None:
        """Begin the logs, and keep the resolved recipe beside the weights."""
        for path in (self.metrics, self.weights, self.snapshots):
            self._add(path, b"")
        self.write_recipe(recipe)

    def write_recipe(self, text: str) -> None:
        """Keep the resolved recipe beside the weights."""
        write_atomically(self.recipe, text.encode())

    def append(self, event: Epoch | TrainingFinished | WeightRecord | Snapshot) -> None:
        """Add one line to the file that keeps such events."""
        paths = {WeightRecord: self.weights, Snapshot: self.snapshots}
        line = to_json(event, indent=None) + "\n"
        self._add(paths.get(type(event), self.metrics), line.encode())

    def _add(self, path: Path, content: bytes) -> None:
        with self._logged(path):
            append(path, content)

    def sync_logs(self) -> None:
        """Wait until all lines lie on the disk: before a state is saved that builds on them."""
        for path in (self.metrics, self.weights, self.snapshots):
            with self._logged(path):
                sync(path)

    @contextmanager
    def _logged(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            kept, then = "", "run the command again"
            if self.has_state:
                kept, then = "best.pt and last.pt hold the training so far; ", "go on with --resume"
            problem = (
                f"{path}: could not be written: {error.strerror}; {kept}make room, then {then}"
            )
            raise GrucliError(problem) from error

    def rewind(self, *, epochs_done: int, steps_done: int) -> Sequence[str]:
        """Drop lines beyond what the state knows: of later steps, of an end, or torn by a crash.

        Says which epochs before it are not in the log, as after a loss of the disk or by hand.
        """
        epochs = keep_lines(
            self.metrics, lambda row: row["kind"] == "Epoch" and row["epoch"] <= epochs_done
        )
        keep_lines(self.weights, lambda row: not row["is_end"] and row["step"] <= steps_done)
        keep_lines(self.snapshots, lambda row: not row["is_best"] and row["step"] <= steps_done)
        lost = set(range(1, epochs_done + 1)) - {row["epoch"] for row in epochs}
        if not lost:
            return ()
        listed = ", ".join(map(str, sorted(lost)))
        return (f"{self.metrics}: has no line of epoch {listed}; what is learned is not affected",)


def _locked(file: IO[str]) -> bool:
    """Lock a file for this process; false where another has it, or has just removed it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(file.fileno()).st_nlink > 0
