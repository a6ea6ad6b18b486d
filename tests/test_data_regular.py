"""Irregular times are made regular on request only, and it is said what became of the rows."""

import numpy as np
import pytest

from grucli.columns import Columns
from grucli.data import build_panel, frequency_of, parse_table, regularise
from grucli.data.readers.wanted import Wanted
from grucli.errors import DataError


def table_of(rows):
    return parse_table(f"t,a\n{rows}".encode(), Wanted("t"), source="f")


def regular(rows, frequency=None, *, missing="error"):
    said = None if frequency is None else frequency_of(frequency)
    options = {"missing": missing, "expected": said}
    return build_panel(table_of(rows), Columns(("a",)), is_regularised=True, **options)


JITTERED = """\
2024-01-01 00:00:03,1
2024-01-01 00:59:58,2
2024-01-01 02:00:00,3
2024-01-01 03:00:05,4
2024-01-01 03:59:50,5
"""


def test_times_that_are_off_by_seconds_are_moved_to_the_hour():
    with pytest.raises(DataError, match="irregular times"):
        build_panel(table_of(JITTERED), Columns(("a",)))
    panel = regular(JITTERED)
    assert panel.frequency.words == "hourly"
    assert panel.frequency.format(panel.timestamps[1]) == "2024-01-01 01:00:00"
    assert panel.values[:, 0].tolist() == [1, 2, 3, 4, 5]
    assert panel.notes == (
        "4 rows moved to the nearest time of rows hourly, by at most 10 seconds; 0 times with the "
        "mean of several rows",
    )


def test_rows_that_meet_are_averaged_and_times_without_a_row_are_missing():
    rows = "2024-01-01 00:10,1\n2024-01-01 00:20,3\n2024-01-01 00:25,\n2024-01-01 03:05,7\n"
    panel = regular(rows, "1h", missing="linear")
    assert panel.values[:, 0].tolist() == [2, pytest.approx(11 / 3), pytest.approx(16 / 3), 7]
    assert panel.observed[:, 0].tolist() == [True, False, False, True]
    with pytest.raises(DataError, match="2 rows are absent"):
        regular(rows, "1h")


def test_a_regular_table_stays_as_it_is():
    table = table_of("2024-01-01,1\n2024-01-02,2\n2024-01-04,3\n")
    assert regularise(table, None)[0] is table


def test_times_that_run_back_are_still_refused():
    with pytest.raises(DataError, match="comes after"):
        regular("2024-01-01,1\n2024-01-03,2\n2024-01-02,3\n2024-01-04,4\n", "1D")


STAMPS = {
    "1M": ("2024-01-15 2024-02-29 2024-03-03", "2024-01-01 2024-02-01 2024-03-01"),
    "1Q": ("2024-01-15 2024-06-29 2024-07-01", "2024-01-01 2024-04-01 2024-07-01"),
    "business_day": ("2024-01-05 2024-01-06 2024-01-09", "2024-01-05 2024-01-08 2024-01-09"),
    "1W": ("2024-01-01 2024-01-09 2024-01-14", "2024-01-01 2024-01-08 2024-01-15"),
    "10": ("0 9 21", "0 10 20"),
    "15min": ("2024-01-01T00:01 2024-01-01T00:14", "2024-01-01T00:00 2024-01-01T00:15"),
}


@pytest.mark.parametrize("frequency", STAMPS)
def test_rows_go_to_the_stamps_of_any_frequency(frequency):
    rows, stamps = STAMPS[frequency]
    panel = regular("".join(f"{row},1\n" for row in rows.split()), frequency)
    assert [panel.frequency.format(time) for time in panel.timestamps] == stamps.split()
    assert panel.frequency == frequency_of(frequency)


def test_a_row_keeps_the_line_it_came_from():
    table, _ = regularise(table_of(JITTERED), None)
    assert table.where(3) == "f:5"


def test_means_are_of_measured_values_only():
    cells = {1: "1", 2: "NA", 3: "2", 31: "NA", 32: "NA", 59: "5"}
    rows = "".join(f"2024-01-01 00:{minute:02},{cell}\n" for minute, cell in cells.items())
    table, _ = regularise(table_of(rows), frequency_of("30min"))
    np.testing.assert_array_equal(table.values[:, 0], [1.5, np.nan, 5])


def test_the_mean_of_equal_numbers_is_that_number():
    rows = "".join(f"2024-01-01 00:0{minute},0.1\n" for minute in range(3))
    assert regular(rows + "2024-01-01 00:20,0.1\n", "10min", missing="linear").values.min() == 0.1


SENSORS = """\
2024-01-01 00:00:07,1,north
2024-01-01 00:20:02,9,south
2024-01-01 00:59:58,2,north
2024-01-01 01:19:00,8,south
2024-01-01 01:21:00,6,south
2024-01-01 02:01:00,3,north
2024-01-01 02:20:00,5,south
"""


def test_many_series_are_moved_to_the_same_times_each_for_itself():
    table = parse_table(f"t,a,s\n{SENSORS}".encode(), Wanted("t", texts=("s",)), source="f")
    panel = build_panel(
        table,
        Columns(("a",)),
        series=("s",),
        expected=frequency_of("1h"),
        is_regularised=True,
    )
    assert (panel.ids, panel.bounds.tolist()) == (("north", "south"), [0, 3, 6])
    assert panel.values[:, 0].tolist() == [1, 2, 3, 9, 7, 5]
    times = [panel.frequency.format(time)[11:] for time in panel.timestamps]
    assert times == ["00:00:00", "01:00:00", "02:00:00"] * 2
    assert panel.notes[1] == (
        "7 rows moved to the nearest time of rows hourly, by at most 21 minutes; 1 time with the "
        "mean of several rows"
    )
