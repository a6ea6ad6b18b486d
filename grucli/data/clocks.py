"""From the clock of a time zone to UTC and back, by rule where clocks are changed."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

ZONES = (
    *("Europe/Berlin", "Europe/London", "Europe/Helsinki", "Europe/Moscow"),
    *("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"),
    *("America/Sao_Paulo", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland"),
    *("Asia/Tehran", "Asia/Jerusalem", "Africa/Cairo"),
)
"""Time zones of different clock changes, one for all that change together; the first that fits."""
_EPOCH, _MICROSECOND = datetime(1970, 1, 1), timedelta(microseconds=1)


def to_utc(
    clock: NDArray[np.int64], zone: str, *, firsts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Microseconds of a clock [N] in UTC, which of them stand on it twice, and which never.

    A time of the hour that is gone through twice in autumn is the earlier of the two if it then
    comes after the row before it in its series, else the later; ``firsts`` are the first rows of
    all series. Times of the hour left out in spring have no
    meaning in UTC.
    """
    import pandas as pd

    times = pd.DatetimeIndex(clock.view("datetime64[us]"))
    summer, winter = (
        times.tz_localize(zone, ambiguous=np.full(len(clock), first), nonexistent="NaT")
        for first in (True, False)
    )
    never = np.asarray(summer.isna())
    moments, later = _micros(summer), _micros(winter)
    twice = (moments != later) & ~never
    for row in np.setdiff1d(np.flatnonzero(twice), firsts):
        if moments[row] <= moments[row - 1]:
            moments[row] = later[row]
    return moments, twice, never


def to_clock(times: NDArray[Any], zone: str) -> NDArray[Any]:
    """What the clock of a zone shows at times in UTC [N]; without a zone the times themselves."""
    if not zone:
        return times
    import pandas as pd

    return np.asarray(pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(zone).tz_localize(None))


def _micros(index: Any) -> NDArray[np.int64]:
    return np.array(index.tz_convert(None).as_unit("us").asi8)


def moment_of(clock: int, zone: str, *, after: int | None = None) -> int | None:
    """One time of a clock in UTC by the same rule; None where the clock never shows it."""
    local = _EPOCH + clock * _MICROSECOND
    aware = local.replace(tzinfo=ZoneInfo(zone))
    utc = aware.astimezone(UTC)
    if utc.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local:
        return None
    moment = (utc.replace(tzinfo=None) - _EPOCH) // _MICROSECOND
    if after is not None and moment <= after:
        utc = aware.replace(fold=1).astimezone(UTC)
        moment = (utc.replace(tzinfo=None) - _EPOCH) // _MICROSECOND
    return moment


def clock_at(moment: int, zone: str) -> tuple[datetime, timedelta]:
    """What the clock of a zone shows at a time in UTC, and its offset."""
    if not zone:
        return _EPOCH + moment * _MICROSECOND, timedelta(0)
    aware = (_EPOCH + moment * _MICROSECOND).replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    return aware.replace(tzinfo=None), aware.utcoffset() or timedelta(0)


def zone_of_change(clock: int) -> str | None:
    """The first of ``ZONES`` that goes through this time twice, or leaves out the one before it."""
    for zone in ZONES:
        for local in (_EPOCH + (clock + shift) * _MICROSECOND for shift in (0, -1)):
            aware = local.replace(tzinfo=ZoneInfo(zone))
            if aware.utcoffset() != aware.replace(fold=1).utcoffset():
                return zone
    return None
