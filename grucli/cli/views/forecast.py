"""A forecast as a CSV that reads back to the same numbers."""

import csv
from typing import TextIO

from grucli.results import Forecast

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def _neutral(name: str) -> str:
    """Keep a spreadsheet from reading a column name as a formula."""
    return f"'{name}" if name.startswith(_FORMULA_STARTS) else name


def write_forecast_csv(forecast: Forecast, stream: TextIO) -> None:
    """Write one row for each step: the time, then each column in original units.

    Quoted as RFC 4180 asks, lines end with a line feed, numbers are the shortest that read back
    to the same float64. Names that a spreadsheet would run as a formula get a leading quote;
    numbers are left as they are.
    """
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([_neutral(name) for name in (forecast.time, *forecast.columns)])
    columns = [forecast.values[name] for name in forecast.columns]
    for timestamp, *row in zip(forecast.timestamps, *columns, strict=True):
        writer.writerow([timestamp, *(repr(float(value)) for value in row)])
