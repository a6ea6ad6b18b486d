"""The tree of errors; each class carries the exit code the command line ends with.

GrucliError                  1  could not finish: internal fault, disk full, output closed
├── UsageError               2  wrong command line
├── RecipeError              2  wrong recipe
├── DataError                3  wrong data
│   └── FilesError              some of many files, which were told one by one
├── CheckpointError          4  wrong checkpoint
├── TrainingError            5  training failed: not finite, out of memory
├── MissingPackageError      1  a package is not installed
├── CheckFailedError         6  a condition given with --fail-if was met
└── InterruptedRunError    130  stopped by a signal, state saved (143 for SIGTERM)
"""

import errno
import sys
from collections.abc import Mapping, Sequence

SHOWN_PROBLEMS = 20
_EXTRAS = {"torch": "train"}
"""Package -> the extra of grucli that brings it, where that is not by its own name."""


_PERMIT = "change the permissions"
if sys.platform == "win32":  # which says the same of a file that another program has open
    _PERMIT = "close what else has it open, change the permissions"
_REMEDIES: Mapping[str, Sequence[int]] = {
    "free space": (errno.ENOSPC, errno.EDQUOT),
    _PERMIT: (errno.EACCES, errno.EPERM),
    "make the disk writable": (errno.EROFS,),
    "raise the limit (ulimit -f)": (errno.EFBIG,),
    "raise the limit (ulimit -n)": (errno.EMFILE, errno.ENFILE),
    "choose a shorter name": (errno.ENAMETOOLONG,),
    "check the path": (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ELOOP),
}
"""What to do about errors of the system, by their numbers."""


def remedy(error: OSError) -> str:
    """What to do about an error of the system, before the same command can succeed."""
    found = (words for words, numbers in _REMEDIES.items() if error.errno in numbers)
    return next(found, "check the path and the disk")


def pip_install(*extras: str) -> str:
    """The command that installs extras of grucli; quoted, as shells take brackets for a pattern."""
    return f"pip install 'grucli[{','.join(extras)}]'"


class GrucliError(Exception):
    """What went wrong, one line a problem: where, what was found, what was expected, what to do."""

    exit_code = 1

    def __init__(self, *problems: str) -> None:
        """Take one line for each problem; the message shows the first 20 and counts the rest."""
        self.problems: Sequence[str] = problems
        super().__init__("\n".join(self.lines))

    @property
    def lines(self) -> list[str]:
        """The first problems, and how many there are beyond them."""
        shown = list(self.problems[:SHOWN_PROBLEMS])
        if len(self.problems) > SHOWN_PROBLEMS:
            count = len(self.problems)
            shown.append(f"... and {count - SHOWN_PROBLEMS} more ({count} in all)")
        return shown

    @property
    def untold(self) -> list[str]:
        """The lines that nobody was told of before: all of them."""
        return self.lines


class UsageError(GrucliError):
    """The command line asks for something that does not exist or does not fit."""

    exit_code = 2


class RecipeError(GrucliError):
    """The recipe is not what the schema asks for."""

    exit_code = 2


class DataError(GrucliError):
    """The table cannot be read, or does not fit the recipe or the checkpoint."""

    exit_code = 3


class FilesError(DataError):
    """Some of many files failed: the first line counts them, the others were told before."""

    @property
    def lines(self) -> list[str]:
        """The count and all files, of which as many were told."""
        return list(self.problems)

    @property
    def untold(self) -> list[str]:
        """The count alone."""
        return self.lines[:1]


class CheckpointError(GrucliError):
    """The file is not a checkpoint, is damaged, or does not fit what it says of itself."""

    exit_code = 4


class TrainingError(GrucliError):
    """Training could not go on: a loss or gradient that is not finite, or no memory."""

    exit_code = 5


class MissingPackageError(GrucliError, ModuleNotFoundError):
    """A package is not installed that is needed: an error of an import too, as Python has it."""

    def __init__(self, package: str) -> None:
        """Name the package, and say how it comes with grucli or by itself."""
        extra = _EXTRAS.get(package)
        remedy = f"pip install {package}" if extra is None else pip_install(extra)
        super().__init__(f"the package {package} is not installed; {remedy}")
        self.name = package

    def __reduce__(self) -> tuple[type["MissingPackageError"], tuple[str | None]]:
        """Made anew of the package, where another process gets it."""
        return type(self), (self.name,)


class CheckFailedError(GrucliError):
    """A condition given with --fail-if was met."""

    exit_code = 6


class InterruptedRunError(GrucliError):
    """A signal stopped the run after its state was saved."""

    exit_code = 130

    def __init__(self, *problems: str, signal_number: int = 2) -> None:
        """Remember the signal: the process ends with 128 plus its number."""
        super().__init__(*problems)
        self.exit_code = 128 + signal_number
