"""One run takes the place of another in its folder: nothing old goes before the new is safe.

The new run is written into a folder inside, ``STAGING``, until its first best.pt and last.pt are
there. Renaming that folder to ``MOVING`` is the moment of the change; then its files are moved one
by one, last.pt at the end. A process killed before that moment has changed nothing of the old run,
and after it the next start moves what is left.
"""

from collections.abc import Iterable
from pathlib import Path

from grucli.files import changing, sync

STAGING = ".new"
MOVING = ".moving"
_LAST = "last.pt"


def stage(folder: Path) -> None:
    """Make an empty place for the new run."""
    drop_staged(folder)
    with changing(folder / STAGING):
        (folder / STAGING).mkdir()


def drop_staged(folder: Path) -> None:
    """Remove a run that is not wanted, or of which nothing was saved."""
    staged = folder / STAGING
    with changing(staged):
        if staged.is_dir():
            for entry in staged.iterdir():
                entry.unlink()
            staged.rmdir()


def replace_run(folder: Path, *, stale: Iterable[str]) -> None:
    """Move the staged run in; ``stale`` names the files of the old one that it does not have."""
    with changing(folder):
        for name in stale:
            (folder / name).unlink(missing_ok=True)
        sync(folder / STAGING)
        (folder / STAGING).rename(folder / MOVING)
        sync(folder)
    finish_moving(folder)


def finish_moving(folder: Path) -> None:
    """Move what is left of a run whose moving has begun."""
    moving = folder / MOVING
    with changing(folder):
        if moving.is_dir():
            names = [entry.name for entry in moving.iterdir()]
            for name in sorted(names, key=lambda name: name == _LAST):
                (moving / name).replace(folder / name)
            sync(folder)
            moving.rmdir()
