"""Parts of the calendar that can be read off a time, and what their columns are called."""

import re
from collections.abc import Mapping
from typing import Any

CYCLES = ("hour", "weekday", "month", "year_day")
"""What comes again with the clock, the week and the year."""
LUNAR = "lunar"
WAVES = (*CYCLES, LUNAR)
"""What stands in a row as sines and cosines."""
FESTIVALS = "chinese_festivals"
HOLIDAYS = "holidays."
CALENDAR_WORDS = (
    f"one of {', '.join(CYCLES)}, {LUNAR}, {FESTIVALS}, or {HOLIDAYS} and the code of a country, "
    f"such as {HOLIDAYS}DE or {HOLIDAYS}US-CA"
)
_COUNTRY = re.compile(rf"{re.escape(HOLIDAYS)}([A-Z]{{2,3}})(?:-([A-Z0-9]{{1,3}}))?")


def is_calendar(name: str) -> bool:
    """Whether a part of the calendar can be called so."""
    return name in (*CYCLES, LUNAR, FESTIVALS) or _COUNTRY.fullmatch(name) is not None


def country_of(name: str) -> tuple[str, str | None]:
    """Country and part of it, as ``holidays.US-CA`` names them."""
    match = _COUNTRY.fullmatch(name)
    if match is None:
        raise ValueError(f"{name}: expected {CALENDAR_WORDS}")
    return match[1], match[2]


def calendar_columns(name: str) -> tuple[str, ...]:
    """The columns of a part of the calendar: what comes again is a sine and a cosine."""
    if name == FESTIVALS:
        return ("Chinese festival",)
    if name.startswith(HOLIDAYS):
        return (f"holiday {name.removeprefix(HOLIDAYS)}",)
    cycles = ("lunar month", "lunar day") if name == LUNAR else (name,)
    return tuple(f"{cycle} {wave}" for cycle in cycles for wave in ("sin", "cos"))


def unread_columns(harmonics: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns that a profile alone knows, by the recipe's ``model.harmonics``."""
    parts = [part for part in WAVES if harmonics.get(part) and harmonics.get("alone")]
    return tuple(column for part in parts for column in calendar_columns(part))
