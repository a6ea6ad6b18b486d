"""The time axis: inferred, said in words, continued; gaps are named or filled without hindsight."""

import json
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grucli.columns import Columns
from grucli.data import Frequency, build_panel, parse_table
from grucli.data.readers.wanted import Wanted
from grucli.errors import CheckpointError, DataError


def panel_of(*rows, missing="error"):
    """A panel of texts ``time,a[,b]``."""
    names = ["a", "b", "c"][: rows[0].count(",")]
    content = "\n".join([",".join(["t", *names]), *rows])
    table = parse_table(content.encode(), Wanted("t"), source="f")
    return build_panel(table, Columns(table.columns), missing=missing)


def panel_at(times, missing="error"):
    return panel_of(*(f"{time},{row}" for row, time in enumerate(times)), missing=missing)


def problems_of(*rows, missing="error"):
    with pytest.raises(DataError) as caught:
        panel_of(*rows, missing=missing)
    return list(caught.value.problems)


FREQUENCIES = {
    "daily": (["2024-02-27", "2024-02-28", "2024-02-29"], ["2024-03-01", "2024-03-02"], [7, 365]),
    "weekly (7 days)": (["2001-12-15", "2001-12-22"], ["2001-12-29", "2002-01-05"], [52]),
    "monthly": (
        ["2023-11-30", "2023-12-31", "2024-01-31"],
        ["2024-02-29", "2024-03-31", "2024-04-30"],
        [12],
    ),
    "quarterly": (["2024-01-15", "2024-04-15"], ["2024-07-15", "2024-10-15"], [4]),
    "yearly": (["2023-01-01", "2024-01-01"], ["2025-01-01", "2026-01-01"], []),
    "every 2 months": (["2024-01-01", "2024-03-01"], ["2024-05-01"], [6]),
    "hourly": (["2024-01-01 22:00", "2024-01-01 23:00"], ["2024-01-02 00:00"], [24, 168]),
    "every 15 minutes": (
        ["2024-01-01T00:15:00Z", "2024-01-01T00:30:00Z"],
        ["2024-01-01T00:45:00Z"],
        [96, 672],
    ),
    "every 0.04 seconds": (
        ["2024-01-01T00:00:00.00+01:00", "2024-01-01T00:00:00.04+01:00"],
        ["2024-01-01T00:00:00.08+01:00"],
        [24 * 3600 * 25, 7 * 24 * 3600 * 25],
    ),
    "business days (Monday to Friday)": (
        ["2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"],
        ["2024-01-10", "2024-01-11", "2024-01-12", "2024-01-15"],
        [5, 261],
    ),
    "numbered one by one": (["1700", "1701"], ["1702", "1703"], []),
    "numbered in steps of 3600": (["-3600", "0", "3600"], ["7200"], []),
}


@pytest.mark.parametrize("words", FREQUENCIES)
def test_a_frequency_is_said_in_words_and_continued_in_the_form_of_the_table(words):
    times, future, seasons = FREQUENCIES[words]
    panel = panel_at(times)
    frequency = panel.frequency
    following = frequency.future(panel.timestamps[-1], len(future))
    assert frequency.words == words
    assert [frequency.format(time) for time in following] == future
    assert list(frequency.calendar_seasons) == seasons


@pytest.mark.parametrize("words", FREQUENCIES)
def test_a_frequency_survives_a_checkpoint(words):
    frequency = panel_at(FREQUENCIES[words][0]).frequency
    plain = json.loads(json.dumps(frequency.to_plain()))
    restored = Frequency.from_plain(plain)
    assert restored == frequency
    assert restored.style == frequency.style


@pytest.mark.parametrize("plain", [None, {}, {"unit": "days", "n": 1, "month_end": False}])
def test_a_frequency_that_grucli_did_not_write_is_refused(plain):
    with pytest.raises(CheckpointError, match="the file was changed"):
        Frequency.from_plain(plain)


@pytest.mark.parametrize("words", FREQUENCIES)
def test_the_next_row_of_a_stream_is_the_first_of_the_future(words):
    panel = panel_at(FREQUENCIES[words][0])
    last = int(panel.timestamps[-1].astype(np.int64))
    following = panel.frequency.future(panel.timestamps[-1], 1)[0]
    assert panel.frequency.after(last) == following.astype(np.int64)


def test_a_short_table_has_the_frequency_of_a_long_one():
    assert (
        panel_at(["2024-02-29", "2024-03-31"]).frequency
        == panel_at(["2024-01-29", "2024-02-29", "2024-03-29"]).frequency
    )


@given(
    start=st.datetimes(max_value=datetime(2200, 1, 1)),
    n=st.integers(1, 500),
    unit=st.sampled_from(["day", "hour", "minute"]),
    rows=st.integers(2, 30),
)
def test_the_future_of_any_panel_is_where_its_next_rows_would_be(start, n, unit, rows):
    step = {"day": 86_400, "hour": 3600, "minute": 60}[unit] * n
    begin = np.datetime64(start, "s").astype("datetime64[us]")
    times = begin + np.arange(2 * rows) * np.timedelta64(step * 1_000_000, "us")
    panel = panel_at([str(time)[:19] for time in times[:rows]])
    if panel.frequency.unit == "microseconds":
        future = panel.frequency.future(panel.timestamps[-1], rows)
        assert future.tolist() == times[rows:].tolist()


# --- faults of the time axis -----------------------------------------------------------------
def test_double_times_are_named_with_both_lines_also_far_apart():
    (problem,) = problems_of("1,1", "2,2", "3,3", "2,4", "4,4")[:1]
    assert problem.startswith("f:5: column 't': 2 stands on line 3 too")


def test_a_table_that_runs_backwards_is_one_problem():
    (problem,) = problems_of("3,1", "2,1", "1,1")
    assert "backwards from 3 to 1" in problem


def test_irregular_times_are_one_problem():
    (problem,) = problems_of(*(f"{row * row},1" for row in range(1, 20)))
    assert "irregular times" in problem
    assert "(the first on line 4)" in problem


def test_one_time_that_does_not_fit_is_named():
    times = [f"2024-01-{day:02} 00:00" for day in range(1, 20)]
    times[9] = "2024-01-10 06:00"
    problems = problems_of(*(f"{time},1" for time in times), missing="linear")
    assert problems[0].startswith("f:11: column 't': 2024-01-10 06:00 does not fit after")


def test_a_month_off_the_quarter_is_named():
    times = ["2023-01-01", "2023-04-01", "2023-07-01", "2023-10-01", "2024-01-01", "2024-05-01"]
    (problem,) = problems_of(*(f"{time},1" for time in times))
    assert problem.startswith("f:7: column 't': 2024-05-01 does not fit after 2024-01-01")


def test_dates_written_as_whole_numbers_are_recognised():
    (problem,) = problems_of(*(f"202401{day},1" for day in range(10, 31)), "20240201,1")
    assert "these are dates (YYYYMMDD), no count of rows; expected dates" in problem


@pytest.mark.parametrize(
    ("day", "times", "words", "zone"),
    [
        ("2024-03-31", ["00:00", "01:00", "03:00"], "1 row is absent", "Europe/Berlin"),
        ("2024-10-27", ["01:00", "02:00", "02:00", "03:00"], "stands on line", "Europe/Berlin"),
        (
            "2024-11-03",
            ["00:30", "01:00", "01:30", "01:00", "01:30"],
            "on line",
            "America/New_York",
        ),
    ],
    ids=["spring", "autumn", "autumn by half hours"],
)
def test_a_clock_change_is_named_with_the_key_that_reads_it(day, times, words, zone):
    problems = problems_of(*(f"{day} {time},1" for time in times))
    remark = f'(a clock change? set data.read.time_zone: "{zone}" or the zone of the clock)'
    assert any(words in problem and remark in problem for problem in problems)


def test_where_no_clock_is_changed_no_time_zone_is_named():
    for day in ("2024-03-30", "2024-04-14"):
        problems = problems_of(*(f"{day} {time},1" for time in ("00:00", "01:00", "03:00")))
        assert not any("clock" in problem for problem in problems)


def test_one_row_has_no_frequency():
    (problem,) = problems_of("2024-01-01,1")
    assert "expected at least 2" in problem


# --- missing values --------------------------------------------------------------------------
GAPS = ("1,1,10", "2,,20", "3,,", "5,4,50", "6,5,")


def test_missing_values_and_absent_rows_are_errors_unless_a_policy_is_chosen():
    assert problems_of(*GAPS) == [
        "f:5: column 't': 1 row is absent between 3 and 5; expected rows numbered one by one; add "
        "it, or set data.missing to forward, linear, mask or zero"
    ]
    problems = problems_of(*GAPS[:3])
    assert [problem.split(": a missing")[0] for problem in problems] == [
        "f:3: column 'a'",
        "f:4: column 'a'",
        "f:4: column 'b'",
    ]


@pytest.mark.parametrize(
    ("missing", "a", "b"),
    [
        ("forward", [1, 1, 1, 1, 4, 5], [10, 20, 20, 20, 50, 50]),
        ("mask", [1, 1, 1, 1, 4, 5], [10, 20, 20, 20, 50, 50]),
        ("linear", [1, 1.75, 2.5, 3.25, 4, 5], [10, 20, 30, 40, 50, 50]),
    ],
)
def test_gaps_are_filled_by_the_policy_and_remembered(missing, a, b):
    panel = panel_of(*GAPS, missing=missing)
    np.testing.assert_allclose(panel.values, np.transpose([a, b]))
    assert panel.observed.T.tolist() == [
        [True, False, False, False, True, True],
        [True, True, False, False, True, False],
    ]
    assert panel.timestamps.tolist() == [1, 2, 3, 4, 5, 6]
    assert panel.notes == (
        "1 absent row in 1 gap counted as missing",
        f"6 missing values filled ({missing})",
        "'b': newest measured value at 5, 1 row before the last",
    )


def test_rows_before_the_first_value_of_every_column_are_left_out_and_noted():
    panel = panel_of("1,,1", "2,2,2", "3,3,3", "4,4,", missing="forward")
    assert panel.timestamps.tolist() == [2, 3, 4]
    assert panel.values.tolist() == [[2, 2], [3, 3], [4, 3]]
    assert panel.notes[0] == "1 row at the beginning left out: column 'a' has its first value at 2"


def test_a_column_that_begins_late_is_refused():
    (problem,) = problems_of("1,,1", "2,,2", "3,,3", "4,4,4", missing="linear")
    assert "column 'a' has its first value at 4, after 3 of 4 rows" in problem


@pytest.mark.parametrize("missing", ["error", "forward", "linear", "mask"])
def test_a_column_without_any_value_is_refused(missing):
    (problem,) = problems_of("1,,1", "2,NA,2", missing=missing)
    assert "column 'a': no value at all" in problem


def test_a_mistyped_year_does_not_become_a_million_rows():
    (problem,) = problems_of("2024-01-01,1", "2024-01-02,1", "9024-01-03,1", missing="forward")
    assert problem.startswith("f:4: column 't': 9024-01-03 comes")


def test_absent_months_are_found_on_the_calendar():
    panel = panel_at(["2024-01-31", "2024-02-29", "2024-04-30", "2024-05-31"], missing="linear")
    texts = [panel.frequency.format(time) for time in panel.timestamps]
    assert texts == ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31"]
    assert panel.values[:, 0].tolist() == [0, 1, 1.5, 2, 3]


@given(data=st.data(), missing=st.sampled_from(["forward", "linear", "mask"]))
def test_filling_changes_no_measured_value_and_leaves_no_hole(data, missing):
    cells = data.draw(st.lists(st.one_of(st.none(), st.integers(-9, 9)), min_size=1, max_size=20))
    rows = ["0,7", *(f"{row},{'' if cell is None else cell}" for row, cell in enumerate(cells, 1))]
    panel = panel_of(*rows, missing=missing)
    assert panel.observed[1:, 0].tolist() == [cell is not None for cell in cells]
    for value, cell in zip(panel.values[1:, 0], cells, strict=True):
        assert value == cell if cell is not None else np.isfinite(value)


def rows_of(rows, *, missing="error", expected=None):
    """A panel of one column from lines of text, of an expected frequency."""
    table = parse_table(f"day,x\n{rows}".encode(), Wanted("day", columns=["x"]), source="t.csv")
    return build_panel(table, Columns(table.columns), missing=missing, expected=expected)


def test_a_few_rows_take_the_frequency_that_is_expected_where_they_fit_it():
    week = "\n".join(f"2024-01-{day:02},1" for day in (1, 2, 3, 4, 5, 8, 9, 10, 11, 12)) + "\n"
    business_days = rows_of(week).frequency
    few = "2024-01-15,1\n2024-01-16,2\n2024-01-17,3\n"
    assert rows_of(few).frequency != business_days
    assert rows_of(few, expected=business_days).frequency == business_days
    assert rows_of("2024-01-15,1\n", expected=business_days).frequency == business_days
    assert rows_of("0,1\n1,2\n", expected=business_days).frequency != business_days


def test_a_gap_in_two_rows_is_seen_by_the_frequency_that_is_expected():
    monthly = rows_of("2024-01-01,1\n2024-02-01,1\n2024-03-01,2\n").frequency
    panel = rows_of("2024-01-01,1\n2024-03-01,2\n", missing="linear", expected=monthly)
    assert panel.values[:, 0].tolist() == [1.0, 1.5, 2.0]


@pytest.mark.parametrize("style", [{"pattern": "%d.%m"}, {"pattern": "%"}, {"zone": "Mars/Base"}])
def test_a_style_that_no_time_can_be_written_in_is_refused(style):
    plain = panel_at(["2024-01-01", "2024-01-02"]).frequency.to_plain()
    with pytest.raises(CheckpointError, match=r"frequency\.style: .* the file was changed"):
        Frequency.from_plain(plain | {"style": plain["style"] | style})
