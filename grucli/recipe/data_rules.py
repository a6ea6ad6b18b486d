"""Rules on the section data."""

from collections.abc import Mapping, Sequence
from typing import Any

from grucli.calendars import calendar_columns
from grucli.recipe.rule import Rule
from grucli.text import some


def _fractions_leave_nothing(test: Any, valid: Any, train: Any) -> str | None:
    fractions = [share for share in (train, valid, test) if isinstance(share, float)]
    total = sum(fractions)
    if total > 1 + 1e-9 or (train is None and total > 1 - 1e-9):
        words = " + ".join(str(share) for share in fractions)
        return f"found fractions {words} = {total:.6g}; expected a sum below 1"
    return None


def _length_beside_date(train: Any, valid: Any, test: Any) -> str | None:
    dates = [name for name, share in (("valid", valid), ("test", test)) if isinstance(share, str)]
    if isinstance(train, int | float) and dates:
        return (
            f"found a length beside a date in {' and '.join(dates)}; expected null or a date: "
            "training ends where valid begins"
        )
    return None


def _names(columns: str | Sequence[str]) -> list[str]:
    return [columns] if isinstance(columns, str) else list(columns)


def _repeated_time(time: str | Sequence[str]) -> str | None:
    names = _names(time)
    twice = sorted({name for name in names if names.count(name) > 1})
    return f"found '{twice[0]}' twice; expected each column once" if twice else None


def _thousands_as_decimal(thousands: str | None, decimal: str) -> str | None:
    if thousands == decimal:
        return f"found '{thousands}', which is data.read.decimal too; expected another or null"
    return None


def _offset_without_zone(time_format: str | None, time_zone: str | None) -> str | None:
    if time_format is not None and "%z" in time_format.replace("%%", "") and time_zone is None:
        return (
            "found %z without a time zone; expected data.read.time_zone, such as UTC, by whose "
            "clock forecasts are written"
        )
    return None


def _repeated_target(target: str | Sequence[str], time: str | Sequence[str]) -> str | None:
    names = _names(target)
    for name in names:
        if name in _names(time):
            return f"found '{name}', which is the time column; expected a column of numbers"
    twice = sorted({name for name in names if names.count(name) > 1})
    return f"found '{twice[0]}' twice; expected each column once" if twice else None


def _repeated_input(
    names: Sequence[str],
    target: str | Sequence[str],
    time: str | Sequence[str],
    **others: Sequence[str],
) -> str | None:
    """Input columns that stand in another list too; ``others`` are keys of data with theirs."""
    for name in names:
        if name in _names(time):
            return f"found '{name}', which is the time column; expected a column of numbers"
        if name in _names(target):
            return f"found '{name}', which is a target and so an input already; remove it"
        for key, known in others.items():
            if name in known:
                return f"found '{name}', which is in data.{key} too; expected it in one of them"
        if names.count(name) > 1:
            return f"found '{name}' twice; expected each column once"
    return None


def _repeated_past(
    past: Sequence[str], target: str | Sequence[str], time: str | Sequence[str]
) -> str | None:
    return _repeated_input(past, target, time)


def _repeated_future(
    future: Sequence[str],
    target: str | Sequence[str],
    time: str | Sequence[str],
    past: Sequence[str],
) -> str | None:
    return _repeated_input(future, target, time, past=past)


def _repeated_static(
    static: Sequence[str],
    target: str | Sequence[str],
    time: str | Sequence[str],
    past: Sequence[str],
    future: Sequence[str],
) -> str | None:
    return _repeated_input(static, target, time, past=past, future=future)


def _repeated_calendar(
    calendar: Sequence[str],
    target: str | Sequence[str],
    past: Sequence[str],
    future: Sequence[str],
    static: Sequence[str],
) -> str | None:
    own: list[str] = []
    for part in calendar:
        if calendar.count(part) > 1:
            return f"found '{part}' twice; expected each part once"
        own += calendar_columns(part)
    for name in own:
        if name in (*_names(target), *past, *future, *static):
            return f"its column '{name}' has the name of one of the table; rename that in the table"
    return None


def _repeated_series(
    series: str | Sequence[str],
    time: str | Sequence[str],
    target: str | Sequence[str],
    *inputs: Sequence[str],
) -> str | None:
    names = _names(series)
    others = {"the time column": time, "a target": target}
    others |= dict(zip(("in past", "in future", "in static"), inputs, strict=True))
    for name in names:
        for what, known in others.items():
            if name in _names(known):
                return f"found '{name}', which is {what}; expected a column of names; remove it"
        if names.count(name) > 1:
            return f"found '{name}' twice; expected each column once"
    return None


def _scaled_by_no_series(scale_by: str, series: Sequence[str], scale: str) -> str | None:
    if scale_by == "series" and not series:
        return "found series without data.series; expected table, or name the column of series"
    if scale_by == "series" and scale == "none":
        return "found series with scale none; there is nothing to fit; expected table"
    return None


def _category_of_no_column(categories: Sequence[str] | None, *inputs: Sequence[str]) -> str | None:
    known = [name for columns in inputs for name in columns]
    for name in categories or ():
        if name not in known:
            expected = some(known, 6) or "none without such columns"
            return f"found '{name}', which is not in past, future or static; expected {expected}"
        if list(categories or ()).count(name) > 1:
            return f"found '{name}' twice; expected each column once"
    return None


def _missing_of_a_category(
    missing: str | Mapping[str, str], categories: Sequence[str] | None
) -> str | None:
    named = () if isinstance(missing, str) else missing
    twice = [name for name in categories or () if name in named]
    if twice:
        return (
            f"found '{twice[0]}', which is in data.categories: what is missing there is a class of "
            "its own; leave it out"
        )
    return None


def _missing_of_no_column(
    missing: str | Mapping[str, str], *lists: str | Sequence[str]
) -> str | None:
    known = [name for columns in lists for name in _names(columns)]
    strange = [] if isinstance(missing, str) else [name for name in missing if name not in known]
    if strange:
        return f"found '{strange[0]}', which is no column that is read; expected {some(known, 6)}"
    return None


def _logarithm_of_zero(
    transform: str, missing: str | Mapping[str, str], target: str | Sequence[str]
) -> str | None:
    zeros = [
        name
        for name in _names(target)
        if (missing if isinstance(missing, str) else missing.get(name)) == "zero"
    ]
    if transform == "log" and zeros:
        return (
            f"found log with data.missing zero of '{zeros[0]}'; 0 has no logarithm; expected log1p"
        )
    return None


DATA_RULES = (
    Rule(("data.time",), _repeated_time),
    Rule(("data.read.thousands", "data.read.decimal"), _thousands_as_decimal),
    Rule(("data.read.time_format", "data.read.time_zone"), _offset_without_zone),
    Rule(("data.target", "data.time"), _repeated_target),
    Rule(("data.past", "data.target", "data.time"), _repeated_past),
    Rule(("data.future", "data.target", "data.time", "data.past"), _repeated_future),
    Rule(("data.static", "data.target", "data.time", "data.past", "data.future"), _repeated_static),
    Rule(
        ("data.calendar", "data.target", "data.past", "data.future", "data.static"),
        _repeated_calendar,
    ),
    Rule(
        ("data.series", "data.time", "data.target", "data.past", "data.future", "data.static"),
        _repeated_series,
    ),
    Rule(
        ("data.missing", "data.target", "data.past", "data.future", "data.static"),
        _missing_of_no_column,
    ),
    Rule(("data.categories", "data.past", "data.future", "data.static"), _category_of_no_column),
    Rule(("data.missing", "data.categories"), _missing_of_a_category),
    Rule(("data.transform", "data.missing", "data.target"), _logarithm_of_zero),
    Rule(("data.scale_by", "data.series", "data.scale"), _scaled_by_no_series),
    Rule(("data.split.train", "data.split.valid", "data.split.test"), _length_beside_date),
    Rule(("data.split.test", "data.split.valid", "data.split.train"), _fractions_leave_nothing),
)
