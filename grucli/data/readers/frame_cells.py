"""The cells of a column of a frame of pandas, polars or pyarrow."""

import math
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np


def as_array(column: Any) -> np.ndarray[Any, Any]:
    """A column as an array of numpy.

    That which pyarrow makes of a dictionary has the last of its values for a missing one.
    """
    if str(getattr(column, "type", "")).startswith("dictionary"):
        return np.array(column.to_pylist(), object)
    return np.asarray(column)


def cells_of(array: np.ndarray[Any, Any]) -> list[Any]:
    """The cells of an array as Python's objects: times and durations as such, of numpy's finer
    ones to the microsecond, where numpy would give bare counts of their units.
    """
    is_time = array.dtype.kind in "mM"
    cells: list[Any] = (array.astype(f"{array.dtype.kind}8[us]") if is_time else array).tolist()
    return cells


def text_cells(column: Any) -> Iterator[str]:
    """The cells of a column as a CSV would have them."""
    for cell in cells_of(as_array(column)):
        if isinstance(cell, datetime):
            yield cell.isoformat(" ", "microseconds")
        elif isinstance(cell, date):
            yield cell.isoformat()
        else:
            yield "" if is_missing(cell) else str(cell)


def is_missing(cell: Any) -> bool:
    """None, a NaN, or what pandas has for a missing value."""
    if isinstance(cell, Decimal):
        return cell.is_nan()
    is_nan = isinstance(cell, float | np.floating) and math.isnan(cell)
    return cell is None or is_nan or type(cell).__name__ in {"NAType", "NaTType"}
