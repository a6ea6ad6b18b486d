"""Whether this process is one of several that torchrun, or its like, has started."""

import os

from grucli.errors import UsageError


def launched_rank() -> int | None:
    """Its number among them, the first being 0; None of a process that was started alone.

    Raises UsageError where there cannot be such a number.
    """
    rank, size = (os.environ.get(name, "") for name in ("RANK", "WORLD_SIZE"))
    if not (size.isdigit() and int(size) > 1 and rank):
        return None
    if rank.isdigit() and int(rank) < int(size):
        return int(rank)
    raise UsageError(
        f"RANK={rank}, WORLD_SIZE={size}: expected a RANK from 0 to {int(size) - 1}; start the "
        "processes with torchrun, or unset both to train in one"
    )


def processes_here(size: int) -> int:
    """How many of ``size`` processes that train together run on this machine."""
    told = os.environ.get("LOCAL_WORLD_SIZE", "")
    return int(told) if told.isdigit() else size


def is_started_again() -> bool:
    """Whether torchrun starts it once more, after one of its processes was lost."""
    return os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") != "0"
