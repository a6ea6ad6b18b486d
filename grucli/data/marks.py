"""What a table says of its rows beside what a model reads: the truth that models are judged by.

Such a column goes through the readers behind the columns of numbers, so that it follows its rows
wherever they are put; a panel holds it apart, never filled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from grucli.data.panel import Panel
from grucli.data.readers.cells import NumberFormat
from grucli.data.time_axis import NAMED_FAULTS
from grucli.data.values import Floats, Table, TextColumn
from grucli.dialect import Dialect
from grucli.errors import DataError
from grucli.text import quoted

Words = Mapping[str, tuple[str, ...]]
"""Column -> its texts, which numbers stand for."""


@dataclass(frozen=True)
class Judged:
    """Columns that are read beside those of a model.

    ``texts`` hold one text for each series. ``numbers``, and ``words``, which are texts, hold
    something for each row, or nothing in an empty cell.
    """

    texts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def number_words(table: Table, names: Sequence[str], dialect: Dialect) -> tuple[Table, Words]:
    """Columns of texts as numbers behind the other columns: which of the texts a row holds.

    Missing, and NaN, is an empty cell and what stands for a missing value.
    """
    if not names:
        return table, {}
    missing = set(NumberFormat(dialect).missing_words)
    by_name = {column.name: column for column in table.texts}
    columns, words = [], {}
    for name in names:
        numbers, words[name] = _numbered(by_name[name], missing)
        columns.append(numbers)
    return replace(
        table,
        columns=(*table.columns, *names),
        values=np.column_stack([table.values, *columns]),
        texts=tuple(column for column in table.texts if column.name not in names),
    ), words


def _numbered(column: TextColumn, missing: set[str]) -> tuple[Floats, tuple[str, ...]]:
    words = tuple(word for word in column.words if word not in missing)
    number_of = {word: number for number, word in enumerate(words)}
    numbers = np.array([number_of.get(word, np.nan) for word in column.words])
    return numbers[column.codes], words


def with_words(panel: Panel, words: Words) -> Panel:
    """A panel whose numbers stand for these texts; those that it has not are put behind them."""
    marks, joined = dict(panel.marks), {}
    for name, own in panel.words.items():
        known = words.get(name, ())
        joined[name] = (*known, *(word for word in own if word not in known))
        number_of = {word: number for number, word in enumerate(joined[name])}
        places = np.array([*(number_of[word] for word in own), np.nan])
        marks[name] = places[np.where(np.isnan(marks[name]), -1, marks[name]).astype(np.int64)]
    return replace(panel, marks=marks, words=joined)


def number_of_series(panel: Panel, name: str) -> NDArray[np.float64]:
    """The one number [S] that a marked column has in the rows of each series.

    Raises DataError for a series with another number in a row, or with none.
    """
    mark, firsts = panel.marks[name], panel.bounds[:-1]
    own = np.repeat(mark[firsts], np.diff(panel.bounds))
    problems = []
    for row in np.flatnonzero(np.isnan(mark) | (mark != own)).tolist():
        place = int(panel.series_of(np.array(row)))
        own_words = f"series {quoted(panel.ids[place])}"
        begin, time = int(firsts[place]), panel.frequency.format(panel.timestamps[row])
        found = (
            f"no number at {time} in {own_words}"
            if np.isnan(mark[row])
            else f"{mark[row]:g} at {time} in {own_words}, which has {mark[begin]:g} at "
            f"{panel.frequency.format(panel.timestamps[begin])}"
        )
        problems.append(
            f"{panel.source}: column {quoted(name)}: {found}; expected one number in all rows of a "
            "series; correct it"
        )
        if len(problems) == NAMED_FAULTS:
            break
    if problems:
        raise DataError(*problems)
    return np.asarray(mark[firsts])
