"""Which files a path stands for: itself, those that fit a pattern, or those of a list."""

import glob
import os
import re
from collections.abc import Sequence
from pathlib import Path

from grucli.errors import DataError
from grucli.places import is_there


def expand(path: str | Sequence[str]) -> list[str]:
    """The files of a path, a pattern or a list of these; those of a pattern by name, 2 before 10.

    Raises DataError where no file fits a pattern, a folder of it cannot be read, or a file is named
    twice.
    """
    paths = [path] if isinstance(path, str) else path
    files = [name for one in paths for name in _fitting(one)]
    for place, name in enumerate(files):
        if name in files[:place]:
            raise DataError(f"{name}: named twice in data.path; expected each file once")
    return files


def _fitting(path: str) -> list[str]:
    if not glob.has_magic(path) or "\0" in path or is_there(path):
        return [path]
    _check_folders(path)
    files = sorted(glob.glob(path, recursive=True), key=_in_parts)  # noqa: PTH207
    if not files:
        raise DataError(
            f"{path}: no file fits this pattern; expected at least one; check the path (data.path "
            "is relative to the recipe)"
        )
    return files


def _check_folders(pattern: str) -> None:
    """Raise DataError for a folder in which nobody may look for files of a pattern: those in it
    would be missing without a word.
    """
    above = str(Path(pattern).parent)
    folders = [above]
    if glob.has_magic(above):
        _check_folders(above)
        folders = glob.glob(above, recursive=True)  # noqa: PTH207
    for folder in folders:
        try:
            os.scandir(folder).close()
        except PermissionError as error:
            raise DataError(
                f"{pattern}: the folder {folder} cannot be read: {error.strerror}; expected files "
                "in it; change its permissions, or the pattern so that it leaves the folder out"
            ) from error
        except OSError:
            continue  # a file, or gone meanwhile


def _in_parts(name: str) -> list[tuple[int, str]]:
    """A name to sort by: its digits as numbers, the rest as text."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]+)", name)
    ]
