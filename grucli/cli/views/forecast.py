"""A forecast as a CSV that reads back to the same numbers."""

import csv
import re
from typing import TextIO

from grucli.results import Forecast

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def neutral(name: str) -> str:
    """Keep a spreadsheet from reading a name as a formula; a number is none."""
    is_safe = not name.startswith(_FORMULA_STARTS) or _NUMBER.fullmatch(name)
    return name if is_safe else f"'{name}"


def write_forecast_csv(forecast: Forecast, stream: TextIO) -> None:
    """Write one row for each step: names of the series, the time, each column, ends of intervals.

    Quoted as RFC 4180 asks, lines end with a line feed, numbers are the shortest that read back
    to the same float64. Texts that a spreadsheet would run as a formula get a leading quote;
    numbers are left as they are.
    """
    writer = csv.writer(stream, lineterminator="\n")
    head = (*forecast.ids, forecast.time, *forecast.columns, *forecast.bounds)
    writer.writerow([neutral(name) for name in head])
    values = [*(forecast.values[name] for name in forecast.columns), *forecast.bounds.values()]
    columns = [map(repr, numbers) for numbers in values]
    ids = [map(neutral, texts) for texts in forecast.ids.values()]
    writer.writerows(zip(*ids, forecast.timestamps, *columns, strict=True))
