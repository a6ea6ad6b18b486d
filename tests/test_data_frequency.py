"""Rows of another frequency than expected, numbers that are dates, and the end of time."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest

import grucli
from grucli.columns import Columns
from grucli.data import build_panel, parse_table
from grucli.data.readers.wanted import Wanted
from grucli.errors import DataError


def table_of(times):
    rows = "".join(f"{time},{row}\n" for row, time in enumerate(times))
    return parse_table(f"t,a\n{rows}".encode(), Wanted("t"), source="f")


def panel_of(times, *, missing="linear", expected=None):
    return build_panel(table_of(times), Columns(("a",)), missing=missing, expected=expected)


def moments(begin, count, **step):
    start = datetime.fromisoformat(begin)
    return [start + timedelta(**step) * row for row in range(count)]


# --- numbers that are dates ------------------------------------------------------------------
DAYS = [date(2014, 1, 6) + timedelta(days=row) for row in range(800)]
HOURS = moments("2014-01-01", 200, hours=1)
QUARTERS = moments("2014-01-01", 200, minutes=15)
CALENDAR_NUMBERS = {
    "weeks of 53": ([f"{day:%G%V}" for day in DAYS[::7]], "weeks (YYYYWW)", "201452"),
    "weeks 1 to 52": (
        [year * 100 + week for year in (2014, 2015) for week in range(1, 53)],
        "weeks (YYYYWW)",
        "201452",
    ),
    "every second week": ([f"{day:%G%V}" for day in DAYS[::14]], "weeks (YYYYWW)", "201452"),
    "months": (
        [year * 100 + month for year in (2014, 2015) for month in range(1, 13)],
        "months (YYYYMM)",
        "201412",
    ),
    "quarters": (
        [year * 10 + part for year in (2014, 2015) for part in range(1, 5)],
        "quarters (YYYYQ)",
        "20144",
    ),
    "quarters of two digits": (
        [year * 100 + part for year in (2014, 2015) for part in range(1, 5)],
        "quarters (YYYYQQ)",
        "201404",
    ),
    "days": ([f"{day:%Y%m%d}" for day in DAYS], "dates (YYYYMMDD)", "20140131"),
    "every seventh day": ([f"{day:%Y%m%d}" for day in DAYS[::7]], "dates (YYYYMMDD)", "20140127"),
    "business days": (
        [f"{day:%Y%m%d}" for day in DAYS if day.weekday() < 5],
        "dates (YYYYMMDD)",
        "20140131",
    ),
    "first days of months": (
        [f"{day:%Y%m%d}" for day in DAYS if day.day == 1],
        "dates (YYYYMMDD)",
        "20141201",
    ),
    "days of a year": ([f"{day:%Y%j}" for day in DAYS], "days of a year (YYYYDDD)", "2014365"),
    "hours": ([f"{hour:%Y%m%d%H}" for hour in HOURS], "YYYYMMDDHH", "2014010123"),
    "minutes": ([f"{time:%Y%m%d%H%M}" for time in QUARTERS], "YYYYMMDDHHMM", "201401010045"),
    "weeks with some absent": (
        [f"{day:%G%V}" for row, day in enumerate(DAYS[::7]) if row % 5 != 2],
        "weeks (YYYYWW)",
        "201452",
    ),
}


@pytest.mark.parametrize("name", CALENDAR_NUMBERS)
@pytest.mark.parametrize("missing", ["error", "forward"])
def test_numbers_that_jump_where_a_calendar_does_are_asked_for_as_dates(name, missing):
    numbers, words, last = CALENDAR_NUMBERS[name]
    with pytest.raises(DataError) as caught:
        panel_of(numbers, missing=missing)
    (problem,) = caught.value.problems
    assert words in problem
    assert f"comes after {last}: these are" in problem
    row = [str(number) for number in numbers].index(last) + 1
    assert problem.startswith(f"f:{row + 2}: column 't': {numbers[row]} ")


COUNTERS = {
    "years": range(1900, 2020),
    "months of one year": range(201401, 201413),
    "all of a hundred": range(201401, 201900),
    "a gap elsewhere": [*range(201401, 201420), *range(201425, 201440)],
    "steps of ten with gaps": [180010, 180020, 180030, 180050, 180110, 180120],
    "every year's first of January": [20140101, 20150101, 20160101],
    "seconds": [1_700_000_000 + 3600 * row for row in range(50) if row != 7],
}


@pytest.mark.parametrize("name", COUNTERS)
def test_counters_stay_counters(name):
    assert panel_of(COUNTERS[name]).frequency.unit == "steps"


# --- another frequency than expected ---------------------------------------------------------
HOURLY = panel_of(moments("2024-01-01 00:00", 48, hours=1)).frequency
DAILY = panel_of(DAYS).frequency
MONTHLY = panel_of([f"2024-{month:02}-01" for month in range(1, 13)]).frequency
COUNTED = panel_of(range(20)).frequency
OTHER_FREQUENCIES = {
    "every 2 hours": (moments("2024-01-01 00:00", 30, hours=2), HOURLY),
    "every 3 hours": (moments("2024-01-01 00:00", 30, hours=3), HOURLY),
    "daily": (moments("2024-01-01 00:00", 3, days=1), HOURLY),
    "every 2 days": (DAYS[::2], DAILY),
    "business days (Monday to Friday)": ([day for day in DAYS if day.weekday() < 5], DAILY),
    "weekly (7 days)": (DAYS[::7], DAILY),
    "every 2 months": ([f"2024-{month:02}-01" for month in range(1, 13, 2)], MONTHLY),
    "quarterly": ([f"2024-{month:02}-01" for month in range(1, 13, 3)], MONTHLY),
    "numbered in steps of 2": (range(0, 40, 2), COUNTED),
}


@pytest.mark.parametrize("name", OTHER_FREQUENCIES)
def test_rows_of_another_frequency_are_not_taken_for_the_expected_with_gaps(name):
    times, expected = OTHER_FREQUENCIES[name]
    panel = panel_of(times, expected=expected)
    assert panel.frequency != expected
    assert panel.frequency.words == name


@pytest.mark.parametrize("share", [0.2, 0.4])
def test_rows_absent_here_and_there_do_not_change_the_frequency(share):
    hours = np.array(moments("2024-01-01 00:00", 500, hours=1))
    kept = hours[np.random.default_rng(0).random(500) >= share]
    assert panel_of(kept, expected=HOURLY).frequency == HOURLY


def test_two_rows_and_one_weekend_are_too_few_to_tell():
    assert panel_of(["2024-01-01 00:00", "2024-01-01 02:00"], expected=HOURLY).frequency == HOURLY
    days = [day for day in DAYS[:12] if day.weekday() < 5]
    assert panel_of(days, expected=DAILY).frequency == DAILY


@pytest.mark.parametrize("verb", ["predict", "evaluate"])
def test_a_table_of_another_frequency_than_trained_is_refused_by_name(trained, tmp_path, verb):
    header, *rows = (trained / "wave.csv").read_text().splitlines()
    (tmp_path / "half.csv").write_text("\n".join([header, *rows[::2]]) + "\n")
    weekdays = [row for row in rows if date.fromisoformat(row[:10]).weekday() < 5]
    (tmp_path / "weekdays.csv").write_text("\n".join([header, *weekdays]) + "\n")
    for name, words in (("half", "every 2 days"), ("weekdays", "business days")):
        with pytest.raises(DataError, match=f"rows are {words}.*; the model was trained on daily"):
            getattr(grucli, verb)(trained / "run" / "best.pt", tmp_path / f"{name}.csv")


# --- the end of the calendar -----------------------------------------------------------------
LAST_TIMES = {
    "9999-12-31": ["9999-12-30", "9999-12-31"],
    "9999-12-31 23:00": ["9999-12-31 22:00", "9999-12-31 23:00"],
    "9999-12-01": ["9999-10-01", "9999-11-01", "9999-12-01"],
    "9999-01-01": ["9997-01-01", "9998-01-01", "9999-01-01"],
    "business days": ["9999-12-23", "9999-12-24", "9999-12-27", "9999-12-28", "9999-12-29"],
    "999999999999999999": ["999999999999999998", "999999999999999999"],
    "far apart": ["0", "800000000000000000"],
}


@pytest.mark.parametrize("name", LAST_TIMES)
def test_a_forecast_does_not_go_on_where_no_time_can_be_written(name):
    panel = panel_of(LAST_TIMES[name])
    last = panel.timestamps[-1]
    with pytest.raises(DataError, match=r"end beyond (the year 9999|18 digits); expected times"):
        panel.frequency.future(last, 20)


def test_the_last_times_that_can_be_written_are_written():
    daily = panel_of(["9999-12-21", "9999-12-22"])
    future = daily.frequency.future(daily.timestamps[-1], 9)
    assert daily.frequency.format(future[-1]) == "9999-12-31"
    business = panel_of(LAST_TIMES["business days"])
    (friday, *_) = business.frequency.future(business.timestamps[-1], 2)
    assert business.frequency.format(friday) == "9999-12-30"
    monthly = panel_of(["9999-10-31", "9999-11-30"])
    (december,) = monthly.frequency.future(monthly.timestamps[-1], 1)
    assert monthly.frequency.format(december) == "9999-12-31"
