"""Writing files so that a reader finds the old bytes or the new ones, never half of either."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from grucli.errors import GrucliError, remedy
from grucli.places import (
    is_file,
    is_folder,
    open_handle,
    resolved,
    try_making,
)
from grucli.temporary import clear_leftovers, signals_wait, temporary_beside

_BINARY = getattr(os, "O_BINARY", 0)
"""Without it Windows puts a carriage return before every line feed that is written."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write to a temporary file beside ``path``, sync it, rename it and sync the folder.

    A link is followed; a pipe, a device or what this process has open (``/dev/stdout``) is written
    into, a file behind its newest bytes. What dead processes left of their own attempts goes first,
    and a signal waits for the end. Raises GrucliError naming the path and the
    system's reason; the old file is then untouched and the temporary one removed.
    """
    with _writing(path) as place:
        if not isinstance(place, Path):
            _write_into(path if place is None else place, content)
            return
        clear_leftovers(place)
        with signals_wait():
            _replace(place, content)
        sync(place.parent)


def check_place(path: str | Path) -> None:
    """Raise the GrucliError of ``write_atomically`` before there is anything to write: where a
    folder is not there, takes no file, or is what ``path`` names.

    The system is asked by making a file beside ``path``, which goes at once.
    """
    if str(path).endswith(("/", os.sep)):
        raise GrucliError(
            f"{path}: could not be written: the slash at its end names a folder; leave it out, or "
            "name a file behind it"
        )
    with _writing(Path(path)) as place:
        if is_folder(path):
            raise IsADirectoryError
        if isinstance(place, Path):
            try_making(place)
        elif place is not None:
            os.write(place, b"")


def make_wait(stream: TextIO | None) -> None:
    """Have reads and writes of an open stream, if it is one, wait for the other side.

    They return at once where whoever opened it asked for that, as if there were nothing more.
    """
    with suppress(AttributeError, OSError, ValueError):
        os.set_blocking(stream.fileno(), True)  # type: ignore[union-attr]


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """A block that renames or removes. Raises GrucliError naming ``path`` where it cannot."""
    try:
        yield
    except OSError as error:
        raise GrucliError(
            f"{path}: could not be changed: {error.strerror or error}; nothing is lost; "
            f"{remedy(error)}, then run the command again"
        ) from error


def append(path: Path, content: bytes) -> None:
    """Add bytes to the end of a file, which is made where it is not there: all of them or none.

    Raises OSError; only a process that is killed at that moment can leave a part.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _BINARY, 0o666)
    try:
        length = os.fstat(handle).st_size
        try:
            _write_all(handle, content)
        except BaseException:
            with suppress(OSError):
                os.ftruncate(handle, length)
            raise
    finally:
        os.close(handle)


def sync(path: Path) -> None:
    """Wait until the bytes of a file or the names in a folder lie on the disk. Raises OSError.

    Windows opens no folder, and syncs only what may be written: its names lie where its file system
    has put them.
    """
    if sys.platform == "win32" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY if sys.platform != "win32" else os.O_RDWR | _BINARY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_locked(path: Path, release: Callable[[], object]) -> None:
    """Remove a file and release the lock on it; what cannot be is left to the end of the process.

    The file goes first: who waits for the lock then makes another. Windows removes none that is
    open, nor one that somebody else has locked meanwhile.
    """

    def remove() -> None:
        path.unlink(missing_ok=True)

    for part in (release, remove) if sys.platform == "win32" else (remove, release):
        with suppress(OSError):
            part()


def same_file(one: str | Path, other: str | Path) -> bool:
    """Whether two paths name one file that is there, by whatever links."""
    try:
        return Path(one).samefile(other)
    except (OSError, ValueError):
        return False


@contextmanager
def _writing(path: Path) -> Iterator[Path | int | None]:
    """A block that writes ``path``: the file behind all links, or the handle that it stands for,
    which would be lost to who opened it if its file were replaced; None for a pipe or a device.

    Raises GrucliError naming it for an OSError in the block.
    """
    place = path
    try:
        handle = open_handle(path)
        is_other = path.exists() and not path.is_file() and not path.is_dir()
        place = path if handle is not None or is_other else resolved(path)
        yield handle if handle is not None or is_other else place
    except OSError as error:
        raise GrucliError(f"{path}: could not be written: {_reason(place, error)}") from error


def _replace(path: Path, content: bytes) -> None:
    """Put a file of this content in the place of ``path``. Raises OSError, nothing being left."""
    with temporary_beside(path) as new:
        _write_all(new.handle, content)
        os.fsync(new.handle)
        new.path.chmod(_mode(path))
        new.take_place_of(path)


def _write_all(handle: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _reason(path: Path, error: OSError) -> str:
    """What stands in the way of writing ``path``, and what to do."""
    if is_folder(path):
        return f"it is a folder; name a file, such as {path / 'FILE'}"
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return f"no such folder: {path.parent}; make it first or choose another place"
    reason = error.strerror or str(error)
    is_kept = is_file(path) and open_handle(path) is None
    kept = "the previous file is unchanged; " if is_kept else ""
    return f"{reason}; {kept}{remedy(error)} or choose another place, then run the command again"


def _write_into(place: Path | int, content: bytes) -> None:
    """Write into a pipe, a device or a handle, which must stay what it is."""
    if isinstance(place, int) and sys.stdout is not None:
        sys.stdout.flush()  # it may be that handle
    with open(place, "wb", closefd=isinstance(place, Path)) as file:
        file.write(content)


def _mode(path: Path) -> int:
    """The mode of the file to be replaced, or what the umask gives a new one."""
    if path.exists():
        return path.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
