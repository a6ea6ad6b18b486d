"""Frames of pandas, polars and pyarrow, and parquet files, give what a CSV of them would."""

import datetime as dt
import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

import grucli
from grucli.columns import Columns
from grucli.data import build_panel, parse_table, read_frame, read_table
from grucli.data.readers.wanted import Wanted
from grucli.dialect import Dialect
from grucli.errors import DataError, UsageError

PANDAS = pd.DataFrame(
    {
        "t": pd.date_range("2024-01-01 00:30", periods=4, freq="15min"),
        "a": [1.5, np.nan, 3.0, -4.25],
        "i": pd.array([1, None, 3, 2**53 - 1], dtype="Int64"),
        "w": ["1.5", "NA", "3", " -2e3"],
        "f": np.array([1, 2, 3, 0.1], np.float32),
    }
)
FRAMES = {
    "pandas": lambda frame: frame,
    "polars": pl.from_pandas,
    "pyarrow": pa.Table.from_pandas,
}


@pytest.fixture(params=FRAMES)
def framed(request):
    return FRAMES[request.param]


def read(frame, *, time="t", columns=None, dialect=None):
    return read_frame(
        frame, Wanted(time, columns=columns, dialect=dialect or Dialect()), source="the table"
    )


def problem_of(frame, **options):
    with pytest.raises(DataError) as caught:
        read(frame, **options)
    (problem,) = caught.value.problems
    return problem


def test_a_frame_is_read_as_the_csv_of_it_would_be(framed):
    table = read(framed(PANDAS))
    written = parse_table(PANDAS.to_csv(index=False).encode(), Wanted("t"), source="f")
    assert table.columns == written.columns == ("a", "i", "w", "f")
    exact = table.values[:, :3]
    np.testing.assert_array_equal(exact, written.values[:, :3])
    assert table.timestamps.tolist() == written.timestamps.tolist()
    assert table.time_at(1) == written.time_at(1) == "2024-01-01 00:45:00"
    assert table.where(2) == "the table, row 2"


def test_days_are_written_as_days(framed):
    days = framed(pd.DataFrame({"t": pd.date_range("2024-01-01", periods=3), "a": [1, 2, 3]}))
    assert read(days).time_at(2) == "2024-01-03"


def test_times_with_a_zone_are_kept_in_utc_and_written_by_its_clock(framed):
    times = pd.date_range("2024-03-30 23:00", periods=6, freq="h", tz="Europe/Berlin")
    table = read(framed(pd.DataFrame({"t": times, "a": range(6)})))
    panel = build_panel(table, Columns(("a",)))
    assert panel.frequency.words == "hourly"
    assert panel.frequency.format(panel.timestamps[3]) == "2024-03-31 03:00:00+02:00"


def test_days_with_a_zone_stay_on_its_clock_where_clocks_are_changed(framed):
    for hours, last in ((0, "2024-04-03"), (9, "2024-04-03 09:00:00")):
        days = pd.date_range(f"2024-03-29 {hours:02}:00", periods=6, tz="Europe/Berlin")
        table = read(framed(pd.DataFrame({"t": days, "a": range(6)})))
        panel = build_panel(table, Columns(("a",)))
        assert panel.frequency.words == "daily"
        assert panel.frequency.format(panel.timestamps[-1]) == last


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ([True, False, True], "write 1 or 0"),
        ([1.0, np.inf, 2.0], "'inf' is not a number"),
        (["1", "x", "2"], "'x' is not a number"),
        (list(pd.date_range("2024-01-01", periods=3)), "is not a number"),
        (
            pd.date_range("2024-01-01", periods=3, unit="ns"),
            "'2024-01-01 00:00:00' is not a number",
        ),
        (pd.to_timedelta([1, 2, 3], unit="ms").as_unit("ns"), "is not a number"),
    ],
)
def test_what_is_no_number_in_a_frame_is_named_with_its_row(framed, column, words):
    frame = framed(pd.DataFrame({"t": [1, 2, 3], "a": column}))
    with pytest.raises(DataError) as caught:
        read(frame)
    assert caught.value.problems[0].startswith("the table, row ")
    assert words in caught.value.problems[0]


def test_a_time_that_is_absent_or_too_fine_is_named_with_its_row(framed):
    absent = framed(pd.DataFrame({"t": pd.to_datetime(["2024-01-01", None]), "a": [1, 2]}))
    assert problem_of(absent).startswith("the table, row 1: column 't': no time")
    fine = np.array(["2024-01-01", "2024-01-02T00:00:00.000000001"], "datetime64[ns]")
    assert "finer than a microsecond" in problem_of(framed(pd.DataFrame({"t": fine, "a": [1, 2]})))


def test_texts_dates_and_numbers_are_times_as_in_a_csv(framed):
    texts = framed(pd.DataFrame({"t": ["31.1.2024", "1.2.2024"], "a": [1, 2]}))
    assert read(texts, dialect=Dialect(time_format="%d.%m.%Y")).time_at(1) == "01.02.2024"
    days = framed(pd.DataFrame({"t": [dt.date(2024, 1, 1), dt.date(2024, 1, 2)], "a": [1, 2]}))
    assert read(days).time_at(1) == "2024-01-02"
    parts = framed(pd.DataFrame({"y": [2024, 2024], "m": [1, 2], "d": [31, 1], "a": [1, 2]}))
    assert read(parts, time=["y", "m", "d"], columns=["a"]).time_at(1) == "2024-02-01"


def test_the_index_of_pandas_may_be_the_time():
    table = read(PANDAS.set_index("t"), columns=["a"])
    assert table.time_at(0) == "2024-01-01 00:30:00"


def test_levels_of_the_index_of_pandas_may_be_columns():
    frame = pd.DataFrame({"id": ["x", "y"], "t": [1, 1], "b": [3, 4], "a": [5, 6]})
    for levels in (["id", "t"], ["id", "t", "b"]):
        wanted = Wanted("t", columns=["a", "b"], texts=["id"])
        table = read_frame(frame.set_index(levels), wanted, source="f")
        assert table.values.tolist() == [[5, 3], [6, 4]]
        assert table.texts[0].words == ("x", "y")


def test_a_frame_that_was_not_collected_says_so():
    with pytest.raises(UsageError, match=r"type LazyFrame; .*; call its method collect first"):
        read(pl.from_pandas(PANDAS).lazy())


def test_what_is_no_frame_is_refused():
    with pytest.raises(UsageError, match="a table of type dict; expected a path, or a frame"):
        read({"t": [1]})
    assert "no column 'b'; the table has 't', 'a', 'i'" in problem_of(PANDAS, columns=["b"])
    assert "two columns" in problem_of(pd.DataFrame([[1, 2]], columns=["t", "t"]))


def test_a_forecast_from_a_frame_is_that_from_the_file(trained, framed):
    path, model = trained / "wave.csv", trained / "run" / "best.pt"
    frame = framed(pd.read_csv(path, parse_dates=["day"]))
    assert grucli.predict(model, frame) == grucli.predict(model, path)
    assert grucli.evaluate(model, frame) == grucli.evaluate(model, path)


# --- parquet ---------------------------------------------------------------------------------
def test_a_parquet_file_is_read_by_its_content(tmp_path):
    path = tmp_path / "table.csv"
    PANDAS.to_parquet(path)
    table = read_table(str(path), Wanted("t", columns=["a", "i"]))
    np.testing.assert_array_equal(table.values, read(PANDAS, columns=["a", "i"]).values)
    assert table.where(1) == f"{path}, row 1"
    with pytest.raises(DataError, match="no column 'aa'; did you mean 'a'"):
        read_table(str(path), Wanted("t", columns=["aa"]))


def test_a_damaged_parquet_file_is_refused_in_one_line(tmp_path):
    path = tmp_path / "table.parquet"
    parquet.write_table(pa.Table.from_pandas(PANDAS), path)
    content = path.read_bytes()
    for damaged in (content[:-20], content[:4], content[:40] + content[60:]):
        path.write_bytes(damaged)
        with pytest.raises(DataError) as caught:
            read_table(str(path), Wanted("t", columns=["a"]))
        (problem,) = caught.value.problems
        assert problem.startswith(f"{path}: a parquet file that cannot be read")
        assert "\n" not in problem


def test_without_pyarrow_a_parquet_file_says_what_to_install(tmp_path, monkeypatch):
    path = tmp_path / "table.parquet"
    PANDAS.to_parquet(path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match=r"pip install 'grucli\[parquet\]'"):
        read_table(str(path), Wanted("t"))


def test_cells_of_any_kind_are_numbers_or_missing():
    cells = [1.5, None, dt.time, Decimal("2.5"), "7", "", pd.NA, -999.0]
    cells[2] = float("nan")
    frame = pd.DataFrame({"t": range(8), "y": pd.Series(cells, dtype=object)})
    values = read(frame, dialect=Dialect(missing_values=("-999",))).values[:, 0]
    nan = np.nan
    np.testing.assert_array_equal(values, [1.5, nan, nan, 2.5, 7.0, nan, nan, nan])


def test_numbers_of_numpy_and_fractions_are_numbers_and_what_no_float64_holds_is_named():
    cells = [np.float32(1.5), np.int64(7), Fraction(1, 4), np.float32("nan"), Decimal("sNaN")]
    frame = pd.DataFrame({"t": range(5), "y": pd.Series(cells, dtype=object)})
    np.testing.assert_array_equal(read(frame).values[:, 0], [1.5, 7.0, 0.25, np.nan, np.nan])
    large = pd.DataFrame({"t": [0], "y": pd.Series([10**400], dtype=object)})
    assert "row 0: column 'y'" in problem_of(large)
    assert "beyond the range of a float64" in problem_of(large)


@pytest.mark.parametrize("year", ["-0005", "10000", "400000"])
def test_times_that_no_calendar_of_four_digits_has_are_refused(year):
    times = np.array([f"{year}-01-01"], "datetime64[s]")
    problem = problem_of(pd.DataFrame({"t": times, "y": [1.0]}))
    assert "row 0: column 't'" in problem
    assert "beyond the years 1 to 9999" in problem


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_dates_that_name_series_are_written_as_dates_whatever_their_unit(unit):
    dates = np.array(["2024-01-01", "2024-01-02"], f"datetime64[{unit}]")
    frame = pd.DataFrame({"t": [1, 1], "id": dates, "y": [1.0, 2.0]})
    table = read_frame(frame, Wanted("t", texts=["id"]), source="the table")
    assert table.texts[0].words == ("2024-01-01 00:00:00.000000", "2024-01-02 00:00:00.000000")


def test_times_at_an_offset_are_written_in_utc():
    times = pd.date_range("2024-01-01", periods=3, freq="h", tz=dt.timezone(dt.timedelta(hours=2)))
    table = read(pd.DataFrame({"t": times, "y": [1.0, 2.0, 3.0]}))
    assert table.time_at(0) == "2023-12-31 22:00:00+00:00"
