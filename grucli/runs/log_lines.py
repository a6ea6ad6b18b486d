"""The lines of a run's logs that belong to a state."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from grucli.files import write_atomically

Row = Mapping[str, Any]


def keep_lines(path: Path, wanted: Callable[[Row], bool]) -> Sequence[Row]:
    """Rewrite a file of JSON lines with the wanted ones before the first that is torn.

    A line that ``wanted`` does not know as one of ours (it raises KeyError or TypeError) is torn
    too. Gives the lines kept; none where there is no file.
    """
    if not path.exists():
        return ()
    kept: list[bytes] = []
    rows: list[Row] = []
    for line in path.read_bytes().split(b"\n"):
        try:
            row = json.loads(line)
            if wanted(row):
                rows.append(row)
                kept.append(line + b"\n")
        except (ValueError, KeyError, TypeError):
            break
    write_atomically(path, b"".join(kept))
    return rows
