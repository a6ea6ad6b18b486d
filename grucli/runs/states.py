"""last.pt, from which a run goes on, and the one before it, for when last.pt cannot be read."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from grucli.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from grucli.errors import CheckpointError
from grucli.files import changing, write_atomically
from grucli.runs.folder import RunFolder


@dataclass(frozen=True)
class SavedState:
    """What a run goes on from, the file it lies in, and what is to be said of it."""

    checkpoint: Checkpoint
    path: Path
    notes: tuple[str, ...] = ()


def save_state(checkpoint: Checkpoint, folder: RunFolder) -> None:
    """Write last.pt. The one there was stays as last.previous.pt if it reads back whole.

    So one whole state is always there, also when the disk gives back other bytes than it was given.
    """
    if folder.last.is_file():
        with suppress(CheckpointError):
            load_checkpoint(folder.last)
            _keep_previous(folder)
    save_checkpoint(checkpoint, folder.last)


def load_state(folder: RunFolder) -> SavedState:
    """The state in last.pt, or in last.previous.pt where that cannot be read, which is said.

    Raises CheckpointError where neither can be read.
    """
    try:
        return SavedState(load_checkpoint(folder.last), folder.last)
    except CheckpointError as fault:
        problem = fault.problems[0]
        if not folder.previous.is_file():
            raise CheckpointError(
                *fault.problems,
                f"{folder.path}: holds no earlier state to go on from; start again with "
                "--overwrite; best.pt is not touched before then",
            ) from fault
    try:
        saved = load_checkpoint(folder.previous)
    except CheckpointError as error:
        raise CheckpointError(problem, *error.problems) from error
    progress = saved.progress
    kept = f"; the unreadable file is kept as {folder.damaged}" if folder.last.exists() else ""
    note = (
        f"{problem}; going on from {folder.previous}, epoch {progress['epoch']}, "
        f"step {progress['step']}{kept}"
    )
    return SavedState(saved, folder.previous, (note,))


def set_aside(folder: RunFolder, state: SavedState) -> None:
    """Give a last.pt that could not be read another name, so that nothing is written over it."""
    if state.path != folder.last and folder.last.exists():
        with changing(folder.last):
            folder.last.replace(folder.damaged)


def _keep_previous(folder: RunFolder) -> None:
    """Make last.previous.pt another name of last.pt, or a copy where files have one name only."""
    with changing(folder.previous):
        folder.previous.unlink(missing_ok=True)
        try:
            folder.previous.hardlink_to(folder.last)
        except OSError:
            write_atomically(folder.previous, folder.last.read_bytes())
