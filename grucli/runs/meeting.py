"""How processes that train one model together find each other."""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import torch
import torch.distributed as dist

from grucli.errors import UsageError
from grucli.runs.device import choose_device
from grucli.runs.farewell import last_words
from grucli.runs.launched import processes_here
from grucli.training.ranks import TogetherRanks

MEETING_SECONDS = 120.0
"""How long a process waits for all others to be there: torch itself waits for half an hour."""
_POLL_SECONDS = 0.02

Meeting = tuple[Any, int, int]
"""A store of torch's that all processes reach, the number of this one, and how many there are.

Torch's stores are looked up where they are used: builds without them train in one process.
"""


def meeting_at(path: Path, *, rank: int, size: int) -> Callable[[], Meeting]:
    """A meeting of processes of one machine at a file that is not there yet."""
    from torch.distributed import FileStore  # type: ignore[attr-defined]

    return lambda: (FileStore(str(path), size), rank, size)


def launched_meeting() -> Meeting:
    """That of processes which torchrun, or its like, has started: environment variables say where.

    Raises ValueError or RuntimeError where they do not, or nothing can be reached there.
    """
    from torch.distributed.rendezvous import rendezvous

    meeting: Meeting = next(rendezvous("env://", timeout=timedelta(seconds=MEETING_SECONDS)))
    return meeting


@contextmanager
def joined(
    device: str, meet: Callable[[], Meeting], *, look: Callable[[], None] = lambda: None
) -> Iterator[TogetherRanks]:
    """Torch's process group, over NCCL on CUDA devices and Gloo on CPUs, once all are there.

    The first process has a ``look`` at the others as long as it waits for them. Raises UsageError
    where they do not come together, and of launched ones what ``last_words`` does.
    """
    from torch.distributed import PrefixStore  # type: ignore[attr-defined]

    try:
        store, rank, size = meet()
        name = _called_together(store, size, look) if rank == 0 else _answered(store, rank)
    except (ValueError, RuntimeError) as error:
        raise UsageError(_apart(error, launched=meet is launched_meeting)) from error
    backend = "gloo"
    if choose_device(device, processes=processes_here(size)) == "cuda":
        backend = "nccl"
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", rank)))
    own = PrefixStore(name, store)
    is_launched = meet is launched_meeting
    with last_words(own, rank=rank, size=size) if is_launched else nullcontext():
        dist.init_process_group(backend, store=own, rank=rank, world_size=size)
        try:
            yield TogetherRanks()
        finally:
            dist.destroy_process_group()


def _called_together(store: Any, size: int, look: Callable[[], None]) -> str:
    """What the first process does until all are there; the name of their meeting, a new one.

    A launcher that starts processes again gives them the store of those before, where everything
    that they wrote still stands.
    """
    name, until = uuid4().hex, time.monotonic() + MEETING_SECONDS
    while missing := [o for o in range(1, size) if not store.check([f"{name}/{o}"])]:
        if time.monotonic() > until:
            raise RuntimeError(f"{len(missing)} of {size} timed out")
        for other in missing:
            if store.check([f"{other}"]):
                store.set(store.get(f"{other}").decode(), name)
        look()
        time.sleep(_POLL_SECONDS)
    return name


def _answered(store: Any, rank: int) -> str:
    """What each of the others does: it waits to be told the name of the meeting, and says so."""
    own = uuid4().hex
    store.set(f"{rank}", own)
    store.wait([own], timedelta(seconds=MEETING_SECONDS))
    name: str = store.get(own).decode()
    store.set(f"{name}/{rank}", "")
    return name


def _apart(error: Exception, *, launched: bool) -> str:
    """Why processes did not meet, and what is right."""
    found = (str(error).splitlines() or ["no answer"])[0]
    found = re.sub(r"^(\[\S+\] |.*env:// rendezvous: )|\.$", "", found)
    expected = f"expected all of them within {MEETING_SECONDS:g} seconds"
    if launched:
        expected += (
            ", and RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT as torchrun sets them, with a "
            "free port; to train in one process unset RANK and WORLD_SIZE"
        )
    return f"the processes that train together did not meet: {found}; {expected}"
