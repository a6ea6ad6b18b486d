"""What stands at a path, and whether a folder can be there: asked before there is work to lose."""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from grucli.errors import GrucliError
from grucli.temporary import signals_wait, temporary_beside

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_NO_RIGHT = (errno.EACCES, errno.EPERM, errno.EROFS)


def is_file(path: str | Path) -> bool:
    """Whether it is a file that can be looked at; of another, reading or writing it says why."""
    return _answered(Path(path).is_file)


def is_folder(path: str | Path) -> bool:
    """The same of a folder."""
    return _answered(Path(path).is_dir)


def is_there(path: str | Path) -> bool:
    """The same of anything."""
    return _answered(Path(path).exists)


def check_folder(path: Path, *, use: str, then: str = "choose another place") -> None:
    """Raise the GrucliError of ``make_folder`` before it is made: by trying in the nearest folder
    above it that is there.
    """
    nearest = next(place for place in (path, *path.absolute().parents) if is_there(place))
    with _made_for(path, use, then):
        try_making(nearest / "file")


def make_folder(path: Path, *, use: str, then: str = "choose another place") -> None:
    """Make a folder, and those above it, where they are not there.

    Raises GrucliError, which says what ``use`` it was for and what to do ``then``.
    """
    with _made_for(path, use, then):
        path.mkdir(parents=True, exist_ok=True)


def remedy(error: OSError) -> str:
    """What has to be done before the same command can come to another end."""
    if error.errno in NO_SPACE:
        return "free space"
    return "change the permissions" if error.errno in _NO_RIGHT else "put that right"


def folder_fault(path: Path, error: OSError) -> str:
    """Why there can be no folder ``path``: a file in its way, or what the system says."""
    for place in (path, *path.parents):
        if is_there(place) and not is_folder(place):
            return f"{place} is a file"
    return error.strerror or str(error)


def try_making(path: Path) -> None:
    """Make a file beside ``path`` and remove it. Raises OSError."""
    with signals_wait(), temporary_beside(path) as made:
        made.close()
        made.path.unlink()


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
