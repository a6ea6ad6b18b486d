"""Tables that are in memory already: frames of pandas, polars or pyarrow, without a way over CSV.

What is needed of a frame is names, columns, and a column as an array of numpy.
"""

import math
from collections.abc import Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from grucli.data.readers.cells import BLANKS, NumberFormat
from grucli.data.readers.frame_cells import as_array, cells_of, is_missing, text_cells
from grucli.data.readers.header import Layout, read_layout
from grucli.data.readers.kinds import text_columns_of
from grucli.data.readers.problems import Problems
from grucli.data.readers.time_cells import explain_time, style_of, time_text
from grucli.data.readers.vocabulary import NO_TEXT, Vocabulary, vocabularies_of
from grucli.data.readers.wanted import Wanted
from grucli.data.timestamps import OF_THE_ZONE, Numbers, TimeStyle, parse_cells
from grucli.data.values import Floats, Table, TextColumn, table_of_times
from grucli.dialect import Dialect, is_time_zone
from grucli.errors import DataError, UsageError
from grucli.text import quoted

_DAY = 86_400_000_000
_LAST_YEAR = 9999


def read_frame(frame: Any, wanted: Wanted, *, source: str) -> Table:
    """The columns of a frame as a table; rows are counted from 0 in errors.

    Numbers stay what they are, texts are read as the cells of a CSV are; named levels of an index
    of pandas are columns too. Raises DataError for what is no time or no number, UsageError for
    what is no frame.
    """
    dialect, held = wanted.dialect, _columns_of(frame, wanted)
    undecided = [name for name in wanted.undecided if name in held]
    wanted = wanted.decided(text_columns_of(held, undecided, dialect))
    layout = read_layout(list(held), source, wanted)
    rows = _count_rows(frame, source)
    problems, numbers = Problems(source, "row"), NumberFormat(dialect)
    values = np.empty((rows, len(layout.wanted)))
    for place, name in enumerate(layout.columns):
        values[:, place] = _numbers(held[name], name, numbers, problems)
    named = tuple(_text_column(held[v.name], v, problems) for v in vocabularies_of(wanted))
    moments, style = _times(held, layout, dialect, problems)
    problems.check()
    return table_of_times(
        moments,
        style,
        dialect,
        source=source,
        time=layout.time,
        columns=layout.columns,
        values=values,
        lines=np.arange(rows),
        unit="row",
        texts=named,
    )


def _count_rows(frame: Any, source: str) -> int:
    """How many rows a frame has. Raises DataError for none."""
    rows = len(frame)
    if rows == 0:
        raise DataError(
            f"{source}: no rows; expected some below the names of the columns; add some"
        )
    return rows


def _columns_of(frame: Any, wanted: Wanted) -> dict[str, Any]:
    """The columns of a frame by name, and those that are ``wanted`` of the index of pandas."""
    if not hasattr(frame, "__getitem__") or not hasattr(frame, "__len__"):
        remedy = "; call its method collect first" if hasattr(frame, "collect") else ""
        raise _no_frame(frame, remedy)
    names = getattr(frame, "column_names", None)
    if names is None:
        names = getattr(frame, "columns", None)
    if names is None:
        raise _no_frame(frame)
    texts = [str(name) for name in names]
    if len(set(texts)) < len(texts):
        twice = next(name for name in texts if texts.count(name) > 1)
        raise DataError(f"the table: two columns {quoted(twice)}; expected each name once")
    held = {text: frame[name] for text, name in zip(texts, names, strict=True)}
    index = getattr(frame, "index", None)
    asked = {*wanted.times, *wanted.texts, *(wanted.columns or ())} - held.keys()
    levels = [name for name in getattr(index, "names", ()) if name in asked]
    if index is None or not levels:
        return held
    return {name: index.get_level_values(name).to_series() for name in levels} | held


def _no_frame(frame: Any, remedy: str = "") -> UsageError:
    return UsageError(
        f"a table of type {type(frame).__name__}; expected a path, or a frame of pandas, polars or "
        f"pyarrow{remedy}"
    )


def _numbers(column: Any, name: str, numbers: NumberFormat, problems: Problems) -> Floats:
    """A column as float64, NaN where a value is missing."""
    array = as_array(column)
    if array.dtype.kind in "fiu":
        values = array.astype(np.float64)
        for row in np.flatnonzero(np.isinf(values)).tolist():
            _note(problems, row, name, numbers.explain(str(array[row])))
        missing = np.isin(values, list(numbers.missing_numbers))
        return np.where(missing, np.nan, values)
    values = np.full(len(array), np.nan)
    for row, cell in enumerate(cells_of(array)):
        number = _number(cell, numbers)
        if number is None:
            _note(problems, row, name, numbers.explain(str(cell)))
        else:
            values[row] = number
    return values


def _text_column(column: Any, vocabulary: Vocabulary, problems: Problems) -> TextColumn:
    """A column of texts, such as the names of series."""
    inside, cells = _distinct(column)
    words = [cell.strip(BLANKS) for cell in cells]
    wrong = np.array([not (word or vocabulary.sparse) for word in words], bool)
    for row in np.flatnonzero(wrong[inside]).tolist():
        _note(problems, row, vocabulary.name, NO_TEXT)
    return vocabulary.column(np.array(list(map(vocabulary.code, words)), np.int32)[inside])


def _distinct(column: Any) -> tuple[Numbers, list[str]]:
    """The number of each cell [N] among the texts that follow, in the order of first appearance.

    Cells that are all of one kind are compared as they are, so that each is put into words once.
    """
    import pandas as pd

    array = as_array(column)
    if array.dtype.kind not in "iuMU" and pd.api.types.infer_dtype(array) != "string":
        cells = list(text_cells(array))
        return np.arange(len(cells)), cells
    inside, distinct = pd.factorize(array, use_na_sentinel=False)
    return inside, list(text_cells(distinct))


def _note(problems: Problems, row: int, column: str, what: str) -> None:
    problems.add(row, f"column {quoted(column)}: {what}")


def _number(cell: Any, numbers: NumberFormat) -> float | None:
    if isinstance(cell, str):
        return numbers.parse(cell)
    if is_missing(cell):
        return math.nan
    if isinstance(cell, bool) or not isinstance(cell, Real | Decimal):
        return None
    try:
        number = float(cell)
    except OverflowError:
        return None
    if number in numbers.missing_numbers:
        return math.nan
    return number if math.isfinite(number) else None


def _times(
    held: dict[str, Any], layout: Layout, dialect: Dialect, problems: Problems
) -> tuple[Numbers, TimeStyle]:
    """The times of all rows, and how they are to be written."""
    columns = [held[layout.names[place]] for place in layout.times]
    zone = _zone_of(columns[0])
    array = np.asarray(_without_zone(columns[0]) if zone else columns[0])
    if len(columns) == 1 and array.dtype.kind == "M":
        return _moments(array, zone, layout, dialect, problems)
    inside, parts = _distinct_rows(columns)
    texts = [time_text(cells, dialect) for cells in parts]
    styles = [style_of(text, dialect) for text in texts]
    first = next((style for style in styles if style), None)
    fitting = np.array([style == first and first is not None for style in styles], bool)
    for row in np.flatnonzero(~fitting[inside]).tolist():
        _note(problems, row, layout.time, explain_time(texts[inside[row]], first, dialect))
    problems.check()
    assert first is not None
    moments, valid = parse_cells(texts, first)
    for row in np.flatnonzero(~valid[inside]).tolist():
        _note(problems, row, layout.time, explain_time(texts[inside[row]], first, dialect))
    return moments[inside], first


def _distinct_rows(columns: Sequence[Any]) -> tuple[Numbers, list[tuple[str, ...]]]:
    """The same of the cells of several columns side by side."""
    if len(columns) == 1:
        inside, cells = _distinct(columns[0])
        return inside, [(cell,) for cell in cells]
    rows = list(zip(*map(text_cells, columns), strict=True))
    return np.arange(len(rows)), rows


def _moments(
    array: Any, zone: str, layout: Layout, dialect: Dialect, problems: Problems
) -> tuple[Numbers, TimeStyle]:
    """Times that a frame holds as such: in UTC where they have a zone, else by their clock."""
    for row in np.flatnonzero(np.isnat(array)).tolist():
        _note(problems, row, layout.time, explain_time("", None, dialect))
    years = 1970 + array.astype("datetime64[Y]").astype(np.int64)
    for row in np.flatnonzero(((years < 1) | (years > _LAST_YEAR)) & ~np.isnat(array)).tolist():
        what = f"{array[row]} is beyond the years 1 to 9999; expected a time within; correct it"
        _note(problems, row, layout.time, what)
    problems.check()
    micros = array.astype("datetime64[us]")
    for row in np.flatnonzero((micros != array) & ~np.isnat(array)).tolist():
        _note(
            problems,
            row,
            layout.time,
            f"{array[row]} is finer than a microsecond; expected at most 6 digits of a second; "
            "round it",
        )
    problems.check()
    numbers = micros.view(np.int64)
    if not zone and (numbers % _DAY == 0).all():
        return numbers, TimeStyle()
    digits = next(d for d in (0, 3, 6) if (numbers % 10 ** (6 - d) == 0).all())
    own = dialect.time_zone or (zone if is_time_zone(zone) else "UTC")
    style = TimeStyle(separator=" ", seconds=True, digits=digits)
    if zone:
        style = TimeStyle(separator=" ", seconds=True, digits=digits, offset=OF_THE_ZONE, zone=own)
    return numbers, style


def _zone_of(column: Any) -> str:
    """The time zone of a column, '' where it has none."""
    kind = getattr(column, "dtype", None)
    if kind is None:
        kind = getattr(column, "type", None)
    for name in ("tz", "time_zone"):
        zone = getattr(kind, name, None)
        if zone is not None:
            return str(zone)
    return ""


def _without_zone(column: Any) -> Any:
    """The same times in UTC; polars and pyarrow give them so by themselves."""
    if hasattr(column, "dt") and hasattr(column.dt, "tz_convert"):
        return column.dt.tz_convert("UTC").dt.tz_localize(None)
    return column
