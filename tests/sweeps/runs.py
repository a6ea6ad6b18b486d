"""Runs that are disturbed, what a person does then, and that nothing is lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from grucli import train
from grucli.checkpoint import load_checkpoint
from grucli.errors import UsageError
from grucli.runs import saving
from tests.test_runs_training import metrics_of, weights_of

SMALL = ["model.layers=1", "model.hidden=4"]
OLD = [*SMALL, "train.epochs=1", "train.seed=1"]
NEW = [*SMALL, "train.epochs=3", "train.seed=7"]


@contextmanager
def every_epoch() -> Iterator[None]:
    """A block in which every epoch is saved, however short it is."""
    saving.SAVE_SECONDS, before = 0.0, saving.SAVE_SECONDS
    try:
        yield
    finally:
        saving.SAVE_SECONDS = before


class Project:
    """A recipe, its table, and runs: ``old``, ``new``, and ``damaged``, whose last.pt is."""

    def __init__(self, ground: Path, folder: Path) -> None:
        """Train the runs, which no case changes."""
        self.recipe, self.folder = ground / "wave.yaml", folder
        train(self.recipe, OLD, run_dir=folder / "old", threads=1)
        train(self.recipe, NEW, run_dir=folder / "new", threads=1)
        with every_epoch():
            given = [*NEW, "train.epochs=2"]
            train(self.recipe, given, run_dir=folder / "damaged", threads=1)
        (folder / "damaged" / "last.pt").write_bytes(b"damaged")

    def start(self, run: Path, **options: Any) -> None:
        """Train the new run in a folder."""
        with every_epoch():
            train(self.recipe, NEW, run_dir=run, threads=1, **options)

    def go_on(self, run: Path) -> None:
        """What a person does next: resume, or start again where nothing was saved."""
        for path in run.rglob("*.pt") if run.exists() else ():
            load_checkpoint(path)
        try:
            self.start(run, resume=True)
        except UsageError as refused:
            if "nothing to resume" not in str(refused):
                raise
            self.start(run, overwrite=True)

    def go_on_from_either(self, run: Path) -> None:
        """The same after a run was to take the place of another, which may be there, whole."""
        try:
            self.go_on(run)
        except UsageError:
            if not self.is_old(run):
                raise
            self.start(run, overwrite=True)

    def go_on_from_damage(self, run: Path) -> None:
        """The same where last.pt could not be read: it is kept."""
        self.start(run, resume=True)
        assert (run / "last.damaged.pt").read_bytes() == b"damaged"
        (run / "last.damaged.pt").unlink()

    def is_old(self, run: Path) -> bool:
        """Whether a run is the old one, not touched at all."""
        old = self.folder / "old"
        return all((run / file.name).read_bytes() == file.read_bytes() for file in old.iterdir())


def check_whole(run: Path, whole: Path) -> None:
    """The run has all that an undisturbed one has, and nothing else."""
    assert metrics_of(run) == metrics_of(whole), "other lines in metrics.jsonl"
    for name in ("weights.jsonl", "snapshots.jsonl", "recipe.yaml"):
        assert (run / name).read_bytes() == (whole / name).read_bytes(), f"another {name}"
    for name in ("best.pt", "last.pt"):
        assert weights_of(run / name) == weights_of(whole / name), f"other weights in {name}"
    known = {*(entry.name for entry in whole.iterdir()), "last.previous.pt"}
    more = {entry.name for entry in run.iterdir()} - known
    assert not more, f"left over: {more}"
