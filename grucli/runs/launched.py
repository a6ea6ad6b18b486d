"""Whether this process is one of several that torchrun, or its like, has started."""

import os


def launched_rank() -> int | None:
    """Its number among them, the first being 0; None of a process that was started alone."""
    rank, size = (os.environ.get(name, "") for name in ("RANK", "WORLD_SIZE"))
    return int(rank) if rank.isdigit() and size.isdigit() and int(size) > 1 else None
