"""Which files a path stands for: itself, those that fit a pattern, or those of a list."""

import glob
import os
import re
from collections.abc import Sequence
from pathlib import Path

from grucli.errors import DataError
from grucli.places import is_folder, is_there
from grucli.text import some


def expand(path: str | Sequence[str]) -> list[str]:
    """The files of a path, a pattern or a list of these; those of a pattern by name, 2 before 10.

    Raises DataError where no file fits a pattern, or a file is named twice.
    """
    paths = [path] if isinstance(path, str) else path
    files = [name for one in paths for name in _fitting(one)]
    for place, name in enumerate(files):
        if name in files[:place]:
            raise DataError(f"{name}: named twice in data.path; expected each file once")
    return files


def folders_left_out(path: str | Sequence[str]) -> tuple[str, ...]:
    """A sentence for each pattern of which a folder cannot be read, while others have files."""
    return tuple(
        f"{pattern}: {some([*closed], 3)} cannot be read; the files in it are left out"
        for pattern in ([path] if isinstance(path, str) else path)
        if _is_pattern(pattern) and (closed := _closed(pattern))
    )


def _is_pattern(path: str) -> bool:
    return glob.has_magic(path) and "\0" not in path and not is_there(path)


def _fitting(path: str) -> list[str]:
    if not _is_pattern(path):
        return [path]
    files = glob.glob(path, recursive=True)  # noqa: PTH207
    if Path(path).name == "**":  # which fits folders too
        files = [name for name in files if not is_folder(name)]
    if files:
        return sorted(files, key=_in_parts)
    for folder, error in _closed(path).items():
        raise DataError(
            f"{path}: the folder {folder} cannot be read: {error.strerror}; expected files in it; "
            "change its permissions, or the pattern so that it leaves the folder out"
        ) from error
    raise DataError(
        f"{path}: no file fits this pattern; expected at least one; check the path (data.path "
        "is relative to the recipe)"
    )


def _closed(pattern: str) -> dict[str, PermissionError]:
    """Folders in which nobody may look for files of a pattern: those in them are not found.

    A folder is looked through only where what follows it is a pattern too.
    """
    above, name = os.path.split(pattern)
    closed = _closed(above) if glob.has_magic(above) else {}
    found = [above or "."]
    if glob.has_magic(above) or name == "**":
        within = os.path.join(pattern if name == "**" else above, "")  # noqa: PTH118
        found = glob.glob(within, recursive=True)  # noqa: PTH207
    for folder in found:
        try:
            if glob.has_magic(name):
                os.scandir(folder).close()
            else:
                (Path(folder) / name).lstat()
        except PermissionError as error:
            closed[str(Path(folder))] = error
        except OSError:
            continue  # a file, or gone meanwhile
    return closed


def _in_parts(name: str) -> list[tuple[int, str]]:
    """A name to sort by: its digits as numbers, the rest as text."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]+)", name)
    ]
