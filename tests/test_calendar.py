"""What the calendar says of times, against pandas and against dates that anyone can look up."""

import sys

import numpy as np
import pandas as pd
import pytest

from grucli.columns import Columns
from grucli.data import Span, build_panel, parse_table
from grucli.data.calendar import add_calendar, calendar_values, check_calendar
from grucli.data.frequency import Frequency
from grucli.data.readers.wanted import Wanted
from grucli.data.timestamps import TimeStyle
from grucli.errors import DataError, RecipeError
from tests.recipe_texts import BASE, errors_of

DAILY = Frequency("microseconds", 86_400_000_000)
HOURLY = Frequency("microseconds", 3_600_000_000)
WEEKLY = Frequency("microseconds", 7 * 86_400_000_000)


def values_of(times, *parts, frequency=DAILY):
    moments = np.array(times, "datetime64[us]")
    return calendar_values(moments, parts, frequency, where="f")


def days_of(first, count):
    return np.datetime64(first, "D") + np.arange(count)


@pytest.mark.parametrize(
    ("part", "share"),
    [
        ("hour", lambda t: (t.hour * 60 + t.minute) / 1440),
        ("weekday", lambda t: t.day_of_week / 7),
        ("month", lambda t: (t.month - 1) / 12),
        ("year_day", lambda t: (t.day_of_year - 1) / np.where(t.is_leap_year, 366, 365)),
    ],
)
def test_what_comes_again_is_a_sine_and_a_cosine(part, share):
    times = pd.date_range("1968-12-30 00:30", periods=3000, freq="8h40min")
    angle = 2 * np.pi * np.asarray(share(times))
    found = values_of(times.to_numpy(), part, frequency=HOURLY)
    np.testing.assert_allclose(found, np.stack([np.sin(angle), np.cos(angle)], 1), atol=1e-12)


def test_the_clock_of_a_time_zone_counts_and_not_utc():
    utc = ["2024-03-31T00:30", "2024-03-31T01:30"]  # 01:30 and, put forward, 03:30 in Berlin
    style = TimeStyle(separator=" ", zone="Europe/Berlin")
    berlin = Frequency("microseconds", 3_600_000_000, style=style)
    found = values_of(utc, "hour", frequency=berlin)
    own = values_of(["2024-03-31T01:30", "2024-03-31T03:30"], "hour", frequency=HOURLY)
    np.testing.assert_array_equal(found, own)


@pytest.mark.parametrize(
    ("part", "day", "expected"),
    [
        ("holidays.DE", "2024-12-25", 1),
        ("holidays.DE", "2024-12-27", 0),
        ("holidays.DE", "2024-06-20", 0),
        ("holidays.US", "2024-07-04", 1),
        ("holidays.DE-BY", "2024-01-06", 1),
        ("holidays.DE-BE", "2024-01-06", 0),
        ("chinese_festivals", "2024-02-10", 1),  # Spring Festival
        ("chinese_festivals", "2024-02-09", 1),  # the evening before it
        ("chinese_festivals", "2024-02-11", 0),
        ("chinese_festivals", "2024-06-10", 1),  # Dragon Boat
        ("chinese_festivals", "2024-09-17", 1),  # Mid-Autumn
        ("chinese_festivals", "2009-05-28", 1),  # Dragon Boat
        ("chinese_festivals", "2009-06-27", 0),  # the same day of the leap month behind it
    ],
)
def test_holidays_and_festivals_are_one_on_their_day(part, day, expected):
    assert values_of([day], part).tolist() == [[expected]]


def test_every_hour_of_a_holiday_is_one():
    times = np.datetime64("2024-12-24T22", "h") + np.arange(4)
    found = values_of(times, "holidays.US", frequency=HOURLY)
    assert found[:, 0].tolist() == [0, 0, 1, 1]


def test_of_a_row_that_stands_for_a_week_or_a_month_holidays_are_counted():
    weeks = days_of("2024-12-16", 15)[::7]
    assert values_of(weeks, "holidays.DE", frequency=WEEKLY)[:, 0].tolist() == [0, 2, 1]
    first = Frequency("months", 1)
    last = Frequency("months", 1, month_end=True)
    assert values_of(["2024-11-01", "2024-12-01"], "holidays.DE", frequency=first)[
        :, 0
    ].tolist() == [
        0,
        2,
    ]
    assert values_of(["2024-11-30", "2024-12-31"], "holidays.DE", frequency=last)[
        :, 0
    ].tolist() == [
        0,
        2,
    ]


def test_the_chinese_calendar_begins_with_its_new_year():
    new_year, later = values_of(["2024-02-10", "2024-03-24"], "lunar")  # 1/1 and 2/15
    np.testing.assert_allclose(new_year, [0, 1, 0, 1], atol=1e-12)
    angle = 2 * np.pi * np.array([1 / 12, 14 / 30])
    np.testing.assert_allclose(later[[0, 2]], np.sin(angle), atol=1e-12)
    np.testing.assert_allclose(later[[1, 3]], np.cos(angle), atol=1e-12)


@pytest.mark.parametrize("day", ["1850-01-01", "1900-01-30", "2100-02-09"])
def test_a_day_beyond_the_chinese_calendar_is_named(day):
    with pytest.raises(
        DataError, match=rf"data.calendar: lunar: {day} is beyond what lunardate kn"
    ):
        values_of([day], "lunar")


def test_counted_rows_have_no_calendar():
    with pytest.raises(
        DataError, match=r"data.calendar hour: rows are numbered one by one; expect"
    ):
        calendar_values(np.arange(3), ["hour"], Frequency("steps", 1), where="f")


@pytest.mark.parametrize(
    ("part", "package", "extra"),
    [("holidays.DE", "holidays", "holidays"), ("lunar", "lunardate", "lunar")],
)
def test_a_package_that_is_not_installed_is_named(monkeypatch, part, package, extra):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(DataError) as caught:
        values_of(["2023-07-07"], part)
    assert str(caught.value) == (
        f"data.calendar: {part}: worked out by the package {package}; expected it to be installed; "
        f"install it with `pip install 'grucli[{extra}]'`"
    )


def test_an_unknown_country_is_named():
    with pytest.raises(RecipeError, match=r"data.calendar: holidays.QQ: holidays knows no such"):
        values_of(["2024-01-01"], "holidays.QQ")


PANEL_COLUMNS = Columns(("y",), past=("x",), calendar=("weekday sin", "weekday cos"))


def panel_of(days):
    rows = "\n".join(f"{day},{n},{n % 3}" for n, day in enumerate(days))
    table = parse_table(f"t,y,x\n{rows}\n".encode(), Wanted("t"), source="f")
    plain = build_panel(table, Columns(("y",), past=("x",)))
    return add_calendar(plain, PANEL_COLUMNS, ["weekday"])


def test_a_panel_has_the_calendar_at_its_places_and_the_rest_as_it_was():
    days = days_of("2024-01-01", 9)
    panel = panel_of(days)
    assert panel.columns.values == ("y", "x", "weekday sin", "weekday cos")
    assert panel.values[:, :2].tolist() == [[n, n % 3] for n in range(9)]
    np.testing.assert_array_equal(panel.values[:, 2:], values_of(days, "weekday"))
    assert panel.observed.all()


def test_a_part_that_says_the_same_of_all_rows_is_refused():
    panel = panel_of(days_of("2024-01-01", 30)[::7])
    span = Span(np.array([0]), np.array([4]))
    with pytest.raises(DataError) as caught:
        check_calendar(panel, span, ["weekday"])
    assert str(caught.value) == (
        "data.calendar: weekday: the same in all rows of the training span (rows are weekly "
        "(7 days)); expected a part that varies; leave it out"
    )
    check_calendar(panel_of(days_of("2024-01-01", 4)), span, ["weekday"])


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        (
            "calendar: [hours]",
            'data.calendar[0]: found the text "hours"; expected one of hour, weekday, month, '
            "year_day, lunar, chinese_festivals, or holidays. and the code of a country, such as "
            "holidays.DE or holidays.US-CA",
        ),
        (
            "calendar: [hour, hour]",
            "data.calendar: found 'hour' twice; expected each part once",
        ),
        (
            "past: [hour sin]\n  calendar: [hour]",
            "data.calendar: its column 'hour sin' has the name of one of the table; rename that in "
            "the table",
        ),
    ],
)
def test_a_calendar_that_cannot_be_is_refused_in_the_recipe(tmp_path, monkeypatch, key, problem):
    monkeypatch.chdir(tmp_path)
    (found,) = errors_of(BASE.replace("  target: y", f"  target: y\n  {key}"))
    assert found.partition(": ")[2] == problem
