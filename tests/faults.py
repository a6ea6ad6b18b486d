"""Faults at every place where a run touches its folder: the disk is full or broken, or all ends;
a user without rights; a process that ends, or never comes.
"""

import ctypes
import errno
import fcntl
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = "open write fsync close chmod ftruncate replace rename link unlink mkdir rmdir"
PLACES = {os: NAMES.split(), fcntl: ["flock"]}
"""Every call by which a run changes what is on the disk."""


class EndedError(BaseException):
    """The process is no more: what comes after does not happen either."""


def no_space() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def broken() -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def ended() -> None:
    raise EndedError


def killed() -> None:
    """End this process really."""
    os.kill(os.getpid(), signal.SIGKILL)


def end_early(rank: int, *_: object) -> None:
    """What a process of several does: the second one ends, others meet nobody."""
    if rank == 2:
        raise SystemExit(3)
    time.sleep(120)


@contextmanager
def fault_at(place: int, fault: Callable[[], None], folder: Path) -> Iterator[list[str]]:
    """Let the call number ``place`` (from 0) that touches ``folder`` fail; lists the calls made.

    Of a write half is done before; a handle is closed in any case. After an end every call fails.
    """
    calls: list[str] = []
    handles: set[int] = set()
    original = {
        (module, name): getattr(module, name) for module in PLACES for name in PLACES[module]
    }

    def touches(first: Any) -> bool:
        if isinstance(first, int):
            return first in handles
        return isinstance(first, str | Path) and str(first).startswith(str(folder))

    def wrapped(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(first: Any, *others: Any, **options: Any) -> Any:
            if not touches(first):
                return function(first, *others, **options)
            calls.append(name)
            ends = fault is ended and len(calls) > place
            if name == "close":
                handles.discard(first)
                function(first)
            if len(calls) == place + 1 or ends:
                if name == "write" and len(others[0]) > 1 and len(calls) == place + 1:
                    function(first, others[0][: len(others[0]) // 2])
                fault()
            if name == "close":
                return None
            done = function(first, *others, **options)
            if name == "open":
                handles.add(done)
            return done

        return call

    for (module, name), function in original.items():
        setattr(module, name, wrapped(name, function))
    try:
        yield calls
    finally:
        for (module, name), function in original.items():
            setattr(module, name, function)


_CAPABILITIES = 0x20080522
"""The form of capabilities that is used here, of 64 bits: three words for each half."""
_PAST_PERMISSIONS = 1 << 1 | 1 << 2
"""What root reads, writes and searches by whatever a file's permissions are."""


@contextmanager
def permissions_count() -> Iterator[None]:
    """A block in which permissions bind this thread, also root's."""
    if os.geteuid() != 0:
        yield
        return
    header, held = (ctypes.c_uint32 * 2)(_CAPABILITIES, 0), (ctypes.c_uint32 * 6)()
    system = ctypes.CDLL(None)
    assert system.capget(header, held) == 0
    less = (ctypes.c_uint32 * 6)(*held)
    less[0] &= ~_PAST_PERMISSIONS
    assert system.capset(header, less) == 0
    try:
        yield
    finally:
        assert system.capset(header, held) == 0


@contextmanager
def files_of_at_most(length: int) -> Iterator[None]:
    """A block in which the system writes no file beyond a length: a disk that is full there.

    Python would cut the compiled form of a module short that is first imported inside, and fail to
    read it ever after.
    """
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "dont_write_bytecode", True)
        patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        resource.setrlimit(resource.RLIMIT_FSIZE, (length, former[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, former)
