"""The files of one run: where each is, the logs that grow, and how they are cut back.

Whole files are replaced atomically and the .jsonl files only grow, so that a Makefile can depend on
them and an interrupted run can go on.
"""

import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from grucli.errors import GrucliError, remedy
from grucli.files import append, sync, write_atomically
from grucli.results import Epoch, Snapshot, TrainingFinished, WeightRecord, to_json
from grucli.runs.log_lines import keep_lines

WRITTEN = ("recipe.yaml", "metrics.jsonl", "weights.jsonl", "snapshots.jsonl", "best.pt", "last.pt")
"""What a run has from its first epoch on."""
FOLLOWING = ("last.previous.pt", "last.damaged.pt", "report.html")
"""What comes of it later, and would mislead beside another run."""
FILES = WRITTEN + FOLLOWING


@dataclass(frozen=True)
class RunFiles:
    """Paths of one run's files, and its logs."""

    path: Path

    @property
    def newest_weights(self) -> Path | None:
        """The best weights, else the newest; None in a folder that is no run's.

        In a folder that nobody may look into they may be there: reading them says what is wrong.
        """
        try:
            return next(filter(_is_file, (self.best, self.last)), None)
        except PermissionError:
            return self.best

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
    def has_state(self) -> bool:
        """Whether there is something to go on from."""
        return self.last.is_file() or self.previous.is_file()

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
            raise GrucliError(
                f"{path}: could not be written: {error.strerror}; {kept}{remedy(error)}, "
                f"then {then}"
            ) from error

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


def _is_file(path: Path) -> bool:
    """Raises PermissionError, for which ``Path.is_file`` says no from Python 3.14 on."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except PermissionError:
        raise
    except (OSError, ValueError):
        return False
