"""Rules on the section data."""

from collections.abc import Sequence
from typing import Any

from grucli.recipe.rule import Rule


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


def _repeated_target(target: str | Sequence[str], time: str) -> str | None:
    names = _names(target)
    if time in names:
        return f"found '{time}', which is the time column; expected a column of numbers"
    twice = sorted({name for name in names if names.count(name) > 1})
    return f"found '{twice[0]}' twice; expected each column once" if twice else None


def _repeated_past(past: Sequence[str], target: str | Sequence[str], time: str) -> str | None:
    names = _names(past)
    for name in names:
        if name == time:
            return f"found '{name}', which is the time column; expected a column of numbers"
        if name in _names(target):
            return f"found '{name}', which is a target and so an input already; remove it"
        if names.count(name) > 1:
            return f"found '{name}' twice; expected each column once"
    return None


def _repeated_series(
    series: str | Sequence[str], time: str, target: str | Sequence[str], past: Sequence[str]
) -> str | None:
    names, others = _names(series), {"the time column": time, "a target": target, "in past": past}
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


DATA_RULES = (
    Rule(("data.target", "data.time"), _repeated_target),
    Rule(("data.past", "data.target", "data.time"), _repeated_past),
    Rule(("data.series", "data.time", "data.target", "data.past"), _repeated_series),
    Rule(("data.scale_by", "data.series", "data.scale"), _scaled_by_no_series),
    Rule(("data.split.train", "data.split.valid", "data.split.test"), _length_beside_date),
    Rule(("data.split.test", "data.split.valid", "data.split.train"), _fractions_leave_nothing),
)
