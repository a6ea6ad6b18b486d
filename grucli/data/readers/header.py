"""The first line of a table: names of columns, each there once, and where the wanted ones are."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grucli.data.readers.cells import BLANKS, NumberFormat, setting
from grucli.data.readers.time_cells import style_of
from grucli.data.readers.wanted import Wanted
from grucli.dialect import Dialect
from grucli.errors import DataError
from grucli.text import quoted

COLUMN_LIMIT = 100_000
_LOOKED_THROUGH = 1000
"""Columns among which one of a similar name is looked for."""


_MARKS = {";": "';'", "\t": "a tab", "|": "'|'", ",": "a comma"}
UNNAMED = "Unnamed: 0"
"""The name of a first column without one, such as an index; pandas calls it so too."""


@dataclass(frozen=True)
class Layout:
    """Columns of a table in file order, and the places of the time and of the wanted ones.

    ``wanted`` are columns of numbers, ``texts`` columns of texts.
    """

    names: tuple[str, ...]
    times: tuple[int, ...]
    wanted: tuple[int, ...]
    texts: tuple[int, ...] = ()

    @property
    def time(self) -> str:
        """The name of the time column; ``time`` where it is built from several."""
        return self.names[self.times[0]] if len(self.times) == 1 else "time"

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the wanted columns, in the order they were asked for."""
        return tuple(self.names[place] for place in self.wanted)


def delimiter_of(source: str, dialect: Dialect) -> str:
    """What separates the cells of a table: what the dialect says, or by the name of the file."""
    if dialect.delimiter is not None:
        return dialect.delimiter
    return "\t" if ".tsv" in Path(source.lower()).suffixes else ","


def read_layout(cells: Sequence[str], where: str, asked: Wanted) -> Layout:
    """Check a header and find the columns. ``where`` is ``file:line``.

    Raises DataError for blank or double names, for columns that are not there, and for a line that
    is no header.
    """
    if len(cells) > COLUMN_LIMIT:
        raise DataError(
            f"{where}: {len(cells)} columns; expected at most {COLUMN_LIMIT}; check that this is "
            "the right file"
        )
    names = tuple(cell.strip(BLANKS) for cell in cells)
    if len(names) > 1 and not names[0] and UNNAMED not in names:
        names = (UNNAMED, *names[1:])
    others = (*asked.times, *asked.texts)
    wanted = asked.columns
    if wanted is None:
        wanted = tuple(name for name in names if name not in others)
    absent = [name for name in (*others, *wanted) if name not in names]
    if absent:
        strange = _not_a_header(names, where, asked.dialect)
        if strange is not None:
            raise DataError(strange)
    problems = [*_blank(names, where), *_double(names, where)]
    problems += [_absent(name, names, where) for name in absent]
    if problems:
        raise DataError(*problems)
    if not wanted and asked.columns is None:
        raise DataError(
            f"{where}: one column, {quoted(names[0])}; expected a time column and at least one "
            "column of numbers; add one"
        )
    places = {name: place for place, name in enumerate(names)}
    return Layout(
        names,
        tuple(places[name] for name in asked.times),
        tuple(places[name] for name in wanted),
        tuple(places[name] for name in asked.texts),
    )


def _not_a_header(names: tuple[str, ...], where: str, dialect: Dialect) -> str | None:
    if names[0].startswith("#"):
        return f"{where}: a comment; expected the names of the columns; remove the lines above them"
    if len(names) == 1:
        counts = {mark: names[0].count(mark) for mark in (";", "\t", "|", ",")}
        mark = max(counts, key=lambda key: counts[key])
        if counts[mark]:
            return (
                f"{where}: one column; the cells seem to be separated by {_MARKS[mark]}; set "
                f"{setting('delimiter', mark)}"
            )
    number = NumberFormat(dialect)
    if all(style_of(name, dialect) or number.parse(name) is not None for name in names):
        return (
            f"{where}: {quoted(','.join(names))} looks like data; expected the names of the "
            "columns; add a header line"
        )
    return None


def _blank(names: tuple[str, ...], where: str) -> list[str]:
    return [
        f"{where}: column {place} has no name; expected one for every column; name it, or write "
        "the table without its index"
        for place, name in enumerate(names, 1)
        if not name
    ]


def _double(names: tuple[str, ...], where: str) -> list[str]:
    first: dict[str, int] = {}
    problems = []
    for place, name in enumerate(names, 1):
        if name and first.setdefault(name, place) != place:
            problems.append(
                f"{where}: column {place} has the name {quoted(name)} of column {first[name]}; "
                "expected each name once; rename one"
            )
    return problems


def _absent(name: str, names: tuple[str, ...], where: str) -> str:
    folded = {known.casefold(): known for known in reversed(names[:_LOOKED_THROUGH]) if known}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1)
    hint = f"did you mean {quoted(folded[close[0]])}? " if close else ""
    listed = ", ".join(quoted(known) for known in names[:20]) + (", ..." if len(names) > 20 else "")
    return f"{where}: no column {quoted(name)}; {hint}the table has {listed}"
