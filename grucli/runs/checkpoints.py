"""Which checkpoint a path means: a run folder stands for the one in it."""

from pathlib import Path

from grucli.errors import CheckpointError
from grucli.places import is_folder
from grucli.runs.folder import RunFolder


def checkpoint_in(path: str | Path) -> str:
    """The best weights of a run folder, else the newest; any other path as it is.

    Raises CheckpointError for a folder that holds none.
    """
    if not is_folder(path):
        return str(path)
    weights = RunFolder(Path(path)).newest_weights
    if weights is None:
        raise CheckpointError(
            f"{path}: no best.pt and no last.pt in this folder; expected a checkpoint, or a run "
            "folder that `grucli train` wrote, such as runs/co2"
        )
    return str(weights)
