"""What stands at a path, and whether a folder can be there: asked before there is work to lose."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from grucli.errors import GrucliError
from grucli.temporary import clear_leftovers, signals_wait, temporary_beside

_HANDLES = ("/dev/fd", "/proc/self/fd", "/proc/thread-self/fd")
"""Folders in which systems show a process what it has open."""
_MOST_LINKS = 40


def is_file(path: str | Path) -> bool:
    """Whether it is a file that can be looked at; of another, reading or writing it says why."""
    return _answered(Path(path).is_file)


def is_folder(path: str | Path) -> bool:
    """The same of a folder."""
    return _answered(Path(path).is_dir)


def is_there(path: str | Path) -> bool:
    """The same of anything."""
    return _answered(Path(path).exists)


def resolved(path: Path) -> Path:
    """Behind all links. Raises OSError for one that leads to itself.

    Python 3.13 and later take such a path as it is; earlier ones raise an error of their own.
    """
    try:
        place = path.resolve()
    except RuntimeError:
        place = path
    if place.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return place


def open_handle(path: Path) -> int | None:
    """The handle of this process that a path stands for, such as ``/dev/stdout``, by any links.

    Raises OSError for links that cannot be followed.
    """
    handles = [resolved(Path(folder)) for folder in _HANDLES]
    for _ in range(_MOST_LINKS):
        folder = resolved(path.parent)
        if folder in handles and path.name.isdecimal():
            return int(path.name)
        if not path.is_symlink():
            return None
        path = folder / path.readlink()
    return None


def check_folder(path: Path, *, use: str, then: str = "choose another place") -> None:
    """Raise the GrucliError of ``make_folder`` before it is made: by trying in the nearest folder
    above it that is there, where what killed processes left of that goes first.
    """
    with _made_for(path, use, then):
        above = (path, *path.absolute().parents)
        nearest = next((place for place in above if is_there(place)), None)
        if nearest is None:  # a drive that is not there
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        probe = nearest / "grucli"
        clear_leftovers(probe)
        try_making(probe)


def make_folder(path: Path, *, use: str, then: str = "choose another place") -> None:
    """Make a folder, and those above it, where they are not there.

    Raises GrucliError, which says what ``use`` it was for and what to do ``then``.
    """
    with _made_for(path, use, then):
        path.mkdir(parents=True, exist_ok=True)


def folder_fault(path: Path, error: OSError) -> str:
    """Why there can be no folder ``path``: a file in its way, or what the system says."""
    for place in (path, *path.parents):
        if is_there(place) and not is_folder(place):
            return f"{place} is a file"
    return error.strerror or str(error)


def try_making(path: Path) -> None:
    """Make a file beside ``path`` and remove it. Raises OSError.

    Another process may have removed it meanwhile, as left by a killed one.
    """
    with signals_wait(), temporary_beside(path) as made:
        made.close()
        made.path.unlink(missing_ok=True)


def _answered(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except (OSError, ValueError):
        return False


@contextmanager
def _made_for(path: Path, use: str, then: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        problem = f"{path}: cannot be used as {use}: {folder_fault(path, error)}; {then}"
        raise GrucliError(problem) from error
