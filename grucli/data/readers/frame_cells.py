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


def text_cells(column: Any) -> Iterator[str]:
    """The cells of a column as a CSV would have them."""
    for cell in as_array(column).tolist():
        if isinstance(cell, datetime):
            yield cell.isoformat(" ", "microseconds")
        elif isinstance(cell, date):
            yield cell.isoformat()
        else:
            yield "" if is_missing(cell) else str(cell)


def is_missing(cell: Any) -> bool:
    """None, a NaN, or what pandas has for a missing value."""
    is_nan = isinstance(cell, float | Decimal) and math.isnan(cell)
    return cell is None or is_nan or type(cell).__name__ in {"NAType", "NaTType"}
