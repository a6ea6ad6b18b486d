"""Which columns may hold the time, and in which form."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from grucli.data.calendar_numbers import find_calendar_number
from grucli.data.clocks import ZONES, clock_at
from grucli.data.readers.time_cells import style_of, time_text
from grucli.data.sniffing.cells import Cells
from grucli.data.time_formats import guess_formats, parse_offset
from grucli.data.timestamps import OF_THE_ZONE, Numbers, TimeStyle, parse_cells
from grucli.dialect import Dialect

_PARTS = (
    ("year", "yr", "jahr"),
    ("month", "mon", "monat"),
    ("day", "dd", "tag"),
    ("hour", "hr", "stunde"),
    ("minute", "min"),
    ("second", "sec", "sekunde"),
)
_CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?")
_COUNTERS = ("ds", "t", "time", "step", "date", "year", "jahr", "index", "period", "week", "month")
"""Names of columns of whole numbers that are taken for the time before others."""
_NUMBER_FORMATS = {
    "YYYYMM": "%Y%m",
    "YYYYWW": "%G%V",
    "YYYYDDD": "%Y%j",
    "YYYYMMDD": "%Y%m%d",
    "YYYYMMDDHH": "%Y%m%d%H",
    "YYYYMMDDHHMM": "%Y%m%d%H%M",
}


@dataclass(frozen=True, eq=False)
class Clock:
    """Columns that may be the time, the dialect that reads them, and what they then say, [N]."""

    columns: tuple[str, ...]
    dialect: Dialect
    style: TimeStyle
    numbers: Numbers

    @property
    def may_change(self) -> bool:
        """Whether it is one of hours and minutes, without an offset, that may be put forward."""
        return self.style.has_clock and not self.style.offset


def find_clocks(cells: Cells) -> Iterator[Clock]:
    """All that may be the time, the likeliest first.

    Dates beside times of day, dates, columns of year, month and so on, whole numbers.
    """
    dates = [name for name in cells.names if _looks_dated(cells.of(name)[0])]
    clocks = [name for name in cells.names if _CLOCK.fullmatch(cells.of(name)[0])]
    for date in dates:
        for clock in clocks:
            yield from _read(cells, (date, clock))
    for date in dates:
        yield from _read(cells, (date,))
    parts = _calendar_parts(cells)
    if len(parts) > 1:
        yield from _read(cells, parts)
    counters = [name for name in cells.names if _is_counter(cells.of(name))]
    for name in sorted(counters, key=_by_name):
        yield from _read(cells, (name,))


def _by_name(name: str) -> int:
    folded = name.casefold()
    return _COUNTERS.index(folded) if folded in _COUNTERS else len(_COUNTERS)


def _looks_dated(cell: str) -> bool:
    style = style_of(cell, Dialect())
    if style is not None:
        return not style.integer
    return bool(guess_formats(cell))


def _is_counter(column: Sequence[str]) -> bool:
    styles = {style_of(cell, Dialect()) for cell in column}
    return styles == {TimeStyle(integer=True)}


def _calendar_parts(cells: Cells) -> tuple[str, ...]:
    """Columns called year, month, day and so on, without a gap in this order."""
    folded = {name.casefold(): name for name in cells.names}
    found: list[str] = []
    for words in _PARTS:
        name = next((folded[word] for word in words if word in folded), None)
        if name is None or not _is_counter(cells.of(name)):
            break
        found.append(name)
    return tuple(found)


def _read(cells: Cells, columns: tuple[str, ...]) -> Iterator[Clock]:
    """The clock that these columns are, in each form that reads all of their cells."""
    plain = cells.dialect
    texts = [time_text(parts, plain) for parts in zip(*map(cells.of, columns), strict=True)]
    own = style_of(texts[0], plain)
    if own is not None:
        offsets = {text[-6:] for text in texts} if own.offset else set()
        dialect = replace(plain, time_zone=_zone_of(texts)) if len(offsets) > 1 else plain
        clock = _parsed(columns, texts, dialect)
        if clock is not None:
            yield from _as_dates(clock, texts)
        return
    for form in guess_formats(texts[0]):
        clock = _parsed(columns, texts, replace(plain, time_format=form))
        if clock is not None:
            yield clock


def _parsed(columns: tuple[str, ...], texts: Sequence[str], dialect: Dialect) -> Clock | None:
    style = style_of(texts[0], dialect)
    if style is None:
        return None
    if not style.pattern and any(style_of(text, dialect) != style for text in texts):
        return None
    numbers, valid = parse_cells(texts, style)
    return Clock(columns, dialect, style, numbers) if valid.all() else None


def _as_dates(clock: Clock, texts: Sequence[str]) -> Iterator[Clock]:
    """The clock, before it the dates that its whole numbers may be."""
    if clock.style.integer:
        calendar = find_calendar_number(np.unique(clock.numbers))
        form = None if calendar is None else _NUMBER_FORMATS.get(calendar[0].form)
        if form is not None:
            dated = _parsed(clock.columns, texts, replace(clock.dialect, time_format=form))
            if dated is not None:
                yield dated
    yield clock


def _zone_of(texts: Sequence[str]) -> str:
    """The first zone whose clock has the offsets that the times are written with; else UTC."""
    style = replace(style_of(texts[0], Dialect()) or TimeStyle(), offset=OF_THE_ZONE)
    moments, _ = parse_cells(texts, style)
    places = np.unique(np.linspace(0, len(texts) - 1, 1000).astype(int))
    for zone in ZONES:
        if all(
            clock_at(int(moments[place]), zone)[1] == parse_offset(texts[place][-6:])
            for place in places
        ):
            return zone
    return "UTC"
