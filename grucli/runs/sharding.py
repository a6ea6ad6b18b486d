"""Many files predicted one by one, each into a file of its own: all of them, or one share."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grucli.data import expand
from grucli.errors import UsageError
from grucli.files import check_place
from grucli.places import is_folder, make_folder
from grucli.runs.outputs import refuse_checkpoints
from grucli.runs.predicting import Predictor

_PACKED = {".gz", ".bz2", ".xz", ".zst"}
_SHARD = re.compile(r"([0-9]{1,9})/([0-9]{1,9})")


@dataclass(frozen=True)
class Shard:
    """The part ``number`` of ``count``, counted from 1: every so manieth of a list of files."""

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """From ``3/64``. Raises UsageError for what is no part of a whole."""
        match = _SHARD.fullmatch(text)
        number, count = map(int, match.groups()) if match else (0, 0)
        if not 1 <= number <= count:
            raise UsageError(
                f"--shard {text}: expected I/N, the part I from 1 to N of N parts, such as 3/64"
            )
        return cls(number, count)

    def of(self, files: Sequence[str]) -> Sequence[str]:
        """The files of this part; the parts of one count have each file once."""
        return files[self.number - 1 :: self.count]


def names_folder(output: str) -> bool:
    """Whether an output is a folder of files: it is there as such, or ends as one does (``/``)."""
    return output.endswith(("/", os.sep)) or is_folder(output)


def prepare_targets(
    predictor: Predictor, data: str | None, *, folder: str, shard: Shard, ending: str
) -> dict[str, Path]:
    """The files of a shard, of all that ``data`` (default: the recipe's own) stands for, and what
    each is predicted into: its name with another ``ending``, in a folder that is made.

    Raises UsageError where two would be written into one file, or one that is read would be lost,
    GrucliError where there can be no such folder.
    """
    opened = predictor.opened
    files = expand(data or opened.recipe.data.path)
    readers: dict[Path, str] = {}
    for name in files:
        if name == "-":
            raise UsageError(f"-o {folder}: standard input has no name; expected files as DATA")
        target = Path(folder) / (_stem(name) + ending)
        if target in readers:
            raise UsageError(
                f"-o {folder}: {readers[target]} and {name} would both be written to "
                f"{target.name}; expected files of different names; predict them into two folders"
            )
        readers[target] = name
    read = {Path(name).resolve() for name in files}
    for target in readers:
        refuse_checkpoints({"-o": target}, opened.path)
        if target.resolve() in read:
            raise UsageError(
                f"-o {target}: is a table that is read, which would be lost; choose another folder"
            )
    then = "choose another folder, or leave the slash out to write one file"
    make_folder(Path(folder), use="a folder for forecasts", then=then)
    own = set(shard.of(files))
    targets = {name: target for target, name in readers.items() if name in own}
    for target in targets.values():
        check_place(target)
    return targets


def _stem(name: str) -> str:
    """The name of a file without its place and its endings."""
    path = Path(name)
    return Path(path.stem).stem if path.suffix.lower() in _PACKED else path.stem
