"""Writing files so that a reader finds the old bytes or the new ones, never half of either."""

import errno
import os
import tempfile
from pathlib import Path

from grucli.errors import GrucliError


def write_atomically(path: Path, content: bytes) -> None:
    """Write to a temporary file beside ``path``, sync it, rename it and sync the folder.

    A link is followed; a pipe or device is written into. Raises GrucliError naming the path and
    the system's reason; the old file is then untouched and the temporary one removed.
    """
    temporary: str | None = None
    path = path.resolve()
    try:
        if path.exists() and not path.is_file():
            _write_into(path, content)
            return
        handle, temporary = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".tmp"
        )
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(_mode(path))
        Path(temporary).replace(path)
        temporary = None
        _sync_folder(path.parent)
    except OSError as error:
        raise GrucliError(f"{path}: could not be written: {_reason(path, error)}") from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _reason(path: Path, error: OSError) -> str:
    """What stands in the way of writing ``path``, and what to do."""
    if isinstance(error, IsADirectoryError):
        return f"it is a folder; name a file, such as {path / 'FILE'}"
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return f"no such folder: {path.parent}; make it first or choose another place"
    reason = error.strerror or str(error)
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return f"{reason}; choose another place, then run the command again"
    kept = "the previous file is unchanged; " if path.is_file() else ""
    return f"{reason}; {kept}free space or choose another place, then run the command again"


def _write_into(path: Path, content: bytes) -> None:
    """Write into a pipe or device, which must stay what it is."""
    with path.open("wb") as file:
        file.write(content)


def _mode(path: Path) -> int:
    """The mode of the file to be replaced, or what the umask gives a new one."""
    if path.exists():
        return path.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
