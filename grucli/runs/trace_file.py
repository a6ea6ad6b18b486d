"""Traced values as a file: one row for each time, layer, direction and unit."""

import csv
import importlib.util
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from grucli.errors import UsageError, pip_install
from grucli.files import write_atomically
from grucli.runs.tracing import Traced
from grucli.text import neutral


def header(traced: Traced) -> list[str]:
    """Names of the columns: the place of a value, then the values. ``column`` only where each
    target column goes through the network on its own.
    """
    place = ["time", "layer", "direction", "unit"]
    return [*place, *(["column"] if _has_columns(traced) else []), *traced.names]


def write_trace_csv(traced: Traced, stream: TextIO) -> None:
    """Write in order of time; numbers are the shortest that read back to the same float32."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header(traced))
    for place, numbers in _rows(traced):
        writer.writerow([*place, *numbers.astype(str)])


def write_trace(traced: Traced, path: Path) -> None:
    """Write a .csv or a .parquet file, whole or not at all.

    Raises UsageError for another ending, and for parquet where pyarrow is not installed.
    """
    check_output(path)
    if path.suffix.lower() == ".parquet":
        write_atomically(path, _parquet(traced))
        return
    text = io.StringIO()
    write_trace_csv(traced, text)
    write_atomically(path, text.getvalue().encode())


def check_output(path: Path) -> None:
    """Raise the errors of ``write_trace`` before the work is done."""
    ending = path.suffix.lower()
    if ending == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise UsageError(
            f"--output {path}: parquet needs pyarrow, which is not installed; write .csv, or "
            f"{pip_install('parquet')}"
        )
    if ending not in (".csv", ".parquet"):
        raise UsageError(f"--output {path}: ends in {path.suffix!r}; expected .csv or .parquet")


def _has_columns(traced: Traced) -> bool:
    return traced.report.samples != ("",)


def _rows(traced: Traced) -> Iterator[tuple[list[str], NDArray[np.float32]]]:
    for step, time in enumerate(traced.times):
        for (layer, direction), values in traced.layers.items():
            for sample, column in enumerate(traced.report.samples):
                named = [neutral(column)] if _has_columns(traced) else []
                for at, unit in enumerate(traced.units):
                    place = [time, str(layer), direction, str(unit), *named]
                    yield place, values[step, sample, at]


def _parquet(traced: Traced) -> bytes:
    import pandas as pd

    places, numbers = zip(*_rows(traced), strict=True)
    names = header(traced)
    frame = pd.DataFrame(list(places), columns=names[: -len(traced.names)])
    values = pd.DataFrame(np.stack(numbers), columns=list(traced.names))
    whole = {"layer": "int64", "unit": "int64"}
    buffer = io.BytesIO()
    pd.concat([frame.astype(whole), values], axis=1).to_parquet(buffer, index=False)
    return buffer.getvalue()
