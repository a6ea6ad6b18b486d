"""The time of a row from one cell or several, and what is wrong where there is none."""

import re
from collections.abc import Sequence

from grucli.data.readers.cells import BLANKS, setting
from grucli.data.time_formats import guess_formats, time_format
from grucli.data.timestamps import OF_THE_ZONE, TimeStyle, find_style
from grucli.dialect import Dialect
from grucli.errors import DataError
from grucli.text import quoted

_LOOKED_AT = 100
"""Characters of a cell that are looked at to say what is wrong with it."""
_DIGITS = re.compile(r"[0-9]{1,4}")
_MOST_PARTS = 6


def time_text(cells: Sequence[str], dialect: Dialect) -> str:
    """The text of a time that stands in one cell, or is built from several.

    Without a format, whole numbers are year, month, day, hour, minute and second, as many as there
    are. Other cells are joined with a blank.
    """
    parts = [cell.strip(BLANKS) for cell in cells]
    is_numbers = len(parts) > 1 and all(_DIGITS.fullmatch(part) for part in parts)
    if dialect.time_format is not None or not is_numbers or len(parts) > _MOST_PARTS:
        return " ".join(parts).strip(BLANKS)
    year, month, *rest = parts
    day, *clock = rest or ["01"]
    text = f"{year:0>4}-{month:0>2}-{day:0>2}"
    if not clock:
        return text
    return f"{text} {':'.join(f'{part:0>2}' for part in (clock if clock[1:] else [*clock, '00']))}"


def time_parts(text: str, style: TimeStyle, names: Sequence[str]) -> list[str]:
    """The cells of one time that ``time_text`` would join to a text of this form.

    Raises DataError where the text has other parts than there are columns.
    """
    if len(names) == 1:
        return [text]
    is_date_and_clock = bool(style.separator) and len(names) == 2
    if style.pattern or is_date_and_clock:
        parts = text.split(" ")
    else:
        parts = [str(int(part)) for part in re.split(r"[- T:]", text)[: len(names)]]
    if len(parts) != len(names):
        raise DataError(
            f"the time {text} has {len(parts)} parts; expected one for each of the columns "
            f"{', '.join(names)} that data.time is built from; write the table by hand"
        )
    return parts


def style_of(cell: str, dialect: Dialect) -> TimeStyle | None:
    """The form of a time in a table of this dialect; None where it cannot be read."""
    if dialect.time_format is None:
        style = find_style(cell)
        if style is None or not style.offset or dialect.time_zone is None:
            return style
        return TimeStyle(
            separator=style.separator,
            seconds=style.seconds,
            digits=style.digits,
            offset=OF_THE_ZONE,
        )
    if time_format(dialect.time_format).parse(cell) is None:
        return None
    has_offset = "%z" in dialect.time_format.replace("%%", "")
    return TimeStyle(pattern=dialect.time_format, offset=OF_THE_ZONE if has_offset else "")


def explain_time(cell: str, style: TimeStyle | None, dialect: Dialect) -> str:
    """Say what is wrong with a time that could not be read in the column's form."""
    if not cell:
        return "no time; expected one in every row; fill it in or remove the row"
    if dialect.time_format is not None:
        return (
            f"{quoted(cell)} is no time of the form {dialect.time_format}; expected one, as "
            f"data.read.time_format says; correct it{_or_set(cell)}"
        )
    own = find_style(cell)
    if own is None:
        return f"{quoted(cell)} is not a time grucli reads; {_time_remedy(cell[:_LOOKED_AT])}"
    if style is not None and _has_another_offset(own, style, dialect):
        return (
            f"{quoted(cell)} has the offset {own.offset or 'none'}; expected "
            f"{style.offset or 'none'}, as in the first row (a clock change?); write all times in "
            f"UTC, or set {setting('time_zone', 'UTC')} or the zone of the clock"
        )
    if style is not None and style_of(cell, dialect) != style:
        return (
            f"{quoted(cell)} is written in another form than the first row; expected "
            f"{style.words}; write all times in one form"
        )
    return (
        f"{quoted(cell)} does not exist in the calendar; expected a valid {own.words}; correct it"
    )


def _or_set(cell: str) -> str:
    formats = guess_formats(cell[:_LOOKED_AT])
    if find_style(cell) is not None:
        return ", or leave data.read.time_format out"
    if not formats:
        return ""
    return f", or set {' or '.join(setting('time_format', text) for text in formats)}"


def _has_another_offset(own: TimeStyle, style: TimeStyle, dialect: Dialect) -> bool:
    return own.separator != "" and dialect.time_zone is None and own.offset != style.offset


def _time_remedy(cell: str) -> str:
    formats = guess_formats(cell)
    if formats:
        settings = " or ".join(setting("time_format", text) for text in formats)
        doubt = "day and month cannot be told apart; " if len(formats) > 1 else ""
        return f"{doubt}set {settings}, or write it as YYYY-MM-DD"
    if re.fullmatch(r"[+-]?[0-9]+\.[0-9]*", cell):
        return "write whole numbers, or dates as YYYY-MM-DD"
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T].*\.[0-9]{7,}.*", cell):
        return "write at most 6 digits of a second"
    return (
        "expected YYYY-MM-DD, YYYY-MM-DD HH:MM, YYYY-MM-DD HH:MM:SS, or whole numbers without "
        "leading zeros"
    )
