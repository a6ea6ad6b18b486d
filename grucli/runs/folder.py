"""The folder of one run, which one process at a time writes into. No time stamps in paths."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from grucli.errors import GrucliError, UsageError
from grucli.files import changing, remove_locked, same_file
from grucli.places import folder_fault, is_there
from grucli.runs.replacing import STAGING, drop_staged, finish_moving, replace_run, stage
from grucli.runs.run_files import FILES, FOLLOWING, WRITTEN, RunFiles
from grucli.temporary import clear_leftovers
from grucli.weights import SEEDS

LOCK = ".lock"
RUNS = "runs"
"""Where runs are, a folder for each name."""


@dataclass(frozen=True)
class RunFolder(RunFiles):
    """The folder of a run. One that is to replace another has that one's place as ``home``."""

    home: "RunFolder | None" = None

    @classmethod
    def named(cls, name: str, place: str | Path | None = None) -> "RunFolder":
        """The folder at ``place``, by default the usual one of a run of this name."""
        return cls(Path(RUNS) / name if place is None else Path(place))

    @property
    def refit(self) -> "RunFolder":
        """The folder of the same model, trained once more on all rows."""
        return RunFolder(self.path / "refit")

    def of_seed(self, seed: int) -> "RunFolder":
        """The folder of another of several models, which began with this seed."""
        return RunFolder(self.path / SEEDS / str(seed))

    def taken_up(self, resume: bool, overwrite: bool) -> tuple[bool, bool]:
        """Whether to resume and to overwrite where the command that wrote here is run once more."""
        if self.has_state or self._staged.has_state:
            return True, False
        return resume, overwrite or not self.best.exists()

    def emptied(self) -> "RunFolder":
        """The folder, made where it is not there, without the files of a run."""
        with changing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            for name in FILES:
                (self.path / name).unlink(missing_ok=True)
        return self

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
        was_there = is_there(self.path)
        lock = FileLock(self.path / LOCK, blocking=False, fallback_to_soft=False)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise UsageError(
                f"{self.path}: another process is training into this folder; "
                "wait for it or choose another place with --run-dir"
            ) from None
        except OSError as error:
            raise GrucliError(
                f"{self.path}: cannot be used as a run folder: {folder_fault(self.path, error)}; "
                "choose another place with --run-dir"
            ) from error
        try:
            yield self._prepared(resume=resume, overwrite=overwrite)
        finally:
            if not self._staged.has_state:
                drop_staged(self.path)
            remove_locked(self.path / LOCK, lock.release)
            with suppress(OSError):
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
        for folder in (self.home.refit, *map(RunFolder, self.home.path.glob(f"{SEEDS}/*"))):
            if folder.path.is_dir():
                folder.emptied()
        return self.home
