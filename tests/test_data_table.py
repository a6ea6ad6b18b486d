"""Tables are read exactly or refused with the place and the reason; never half-understood."""

import bz2
import gzip
import io
import lzma
import math
import os
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grucli.columns import Columns
from grucli.data import build_panel, parse_table, read_table
from grucli.data.readers import csv_fast
from grucli.data.readers.csv_fast import read_fast
from grucli.data.readers.csv_strict import read_strict
from grucli.data.readers.sources import Source
from grucli.data.timestamps import find_style, parse_cells
from grucli.dialect import Dialect
from grucli.errors import DataError, UsageError

CLEAN = b"day,a,b\n2024-01-01,1.5,-2\n2024-01-02,,3e2\n2024-01-03,0.25,4\n"


def parse(content, *, time="day", columns=None):
    return parse_table(content, source="f.csv", time=time, columns=columns)


def problems_of(content, **options):
    with pytest.raises(DataError) as caught:
        parse(content, **options)
    return list(caught.value.problems)


def same(table, other):
    return (
        table.columns == other.columns
        and table.style == other.style
        and table.timestamps.dtype == other.timestamps.dtype
        and table.timestamps.tolist() == other.timestamps.tolist()
        and table.values.tobytes() == other.values.tobytes()
    )


# --- one row of a stream -----------------------------------------------------------------------
@given(
    date=st.tuples(st.integers(0, 9999), st.integers(0, 13), st.integers(0, 32)),
    clock=st.tuples(st.integers(0, 25), st.integers(0, 61), st.integers(0, 61)),
    fraction=st.text("0123456789", max_size=6),
    form=st.sampled_from(["date", "minutes", "seconds"]),
    offset=st.sampled_from(["", "Z", "+01:00", "-99:99"]),
)
def test_one_time_is_read_as_a_column_of_them(date, clock, fraction, form, offset):
    text = "{:04}-{:02}-{:02}".format(*date)
    if form != "date":
        text += "T{:02}:{:02}".format(*clock) + f":{clock[2]:02}" * (form == "seconds")
        text += f".{fraction}" * (form == "seconds" and fraction != "") + offset
    style = find_style(text)
    numbers, valid = parse_cells([text], style)
    assert style.parse(text) == (int(numbers[0]) if valid[0] else None)


# --- what is read ----------------------------------------------------------------------------
def test_a_table_is_read_as_times_and_numbers():
    table = parse(CLEAN)
    assert table.columns == ("a", "b")
    assert [str(day) for day in table.timestamps.astype("datetime64[D]")] == [
        "2024-01-01",
        "2024-01-02",
        "2024-01-03",
    ]
    np.testing.assert_array_equal(table.values, [[1.5, -2], [math.nan, 300], [0.25, 4]])


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + CLEAN,
        b'\xef\xbb\xbf"day"' + CLEAN[3:],
        b"\xef\xbb\xbf" + CLEAN.replace(b"1.5", b'"1.5"'),
        CLEAN.replace(b"\n", b"\r\n"),
        CLEAN.replace(b"\n", b"\r"),
        CLEAN.replace(b"\n", b"\r\n", 2),
        CLEAN.rstrip(b"\n"),
        CLEAN.replace(b"\n", b"\r\n").rstrip(b"\r\n"),
        CLEAN + b"\n\n",
        b"\n" + CLEAN.replace(b"\n", b"\n\n"),
        CLEAN.replace(b"1.5", b'"1.5"').replace(b"2024-01-02", b'"2024-01-02"'),
        CLEAN.replace(b",", b", "),
        CLEAN.replace(b",,", b",NA,"),
        CLEAN.replace(b",,", b", null ,"),
        gzip.compress(CLEAN),
        bz2.compress(CLEAN),
        lzma.compress(CLEAN),
    ],
    ids=[
        "BOM",
        "BOM and quoted header",
        "BOM and quoted cell",
        "CRLF",
        "CR",
        "mixed line ends",
        "no final newline",
        "CRLF, no final newline",
        "blank lines at the end",
        "blank lines between",
        "quoted cells",
        "blanks around cells",
        "NA",
        "null",
        "gzip",
        "bzip2",
        "xz",
    ],
)
def test_the_same_table_written_otherwise_reads_the_same(content):
    assert same(parse(content), parse(CLEAN))


@pytest.mark.parametrize("word", ["", "NA", "N/A", "NaN", "nan", "null"])
@pytest.mark.parametrize("read", [read_fast, read_strict])
def test_every_word_for_missing_is_missing_on_both_paths(word, read):
    source = Source("f", f"t,a,b\n1,2,{word}\n2,{word},4\n".encode())
    values = read(source, time=["t"], columns=None, dialect=Dialect()).values
    np.testing.assert_array_equal(values, [[2, math.nan], [math.nan, 4]])


@given(
    rows=st.lists(
        st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=2),
        min_size=1,
        max_size=20,
    )
)
@pytest.mark.parametrize("read", [read_fast, read_strict])
def test_numbers_written_shortest_read_back_to_the_bit(read, rows):
    lines = ["t,a,b", *(f"{i},{a!r},{b!r}" for i, (a, b) in enumerate(rows))]
    source = Source("f", "\n".join(lines).encode())
    table = read(source, time=["t"], columns=None, dialect=Dialect())
    assert table.values.tobytes() == np.array(rows, np.float64).tobytes()


CELLS = st.one_of(
    st.integers(-(10**19), 10**19).map(str),
    st.floats().map(repr),
    st.text(alphabet="0123456789.-+eE_ xNAnaif\t'%$,;\"é", max_size=6),
    st.sampled_from(["", "NA", "1e309", "-nan", "True", "1.", ".5", "+1", "-0", "1e", "0x1F", "٣"]),
)
TIMES = st.one_of(
    st.integers(-(10**19), 10**19).map(str),
    st.dates().map(str),
    st.datetimes().map(lambda t: t.isoformat(sep=" ", timespec="seconds")),
    st.sampled_from(["2024-02-30", "2024-01-01T24:00", "007", "-0", "", "2024-1-1", "٢٠٢٤-01-01"]),
)


@given(rows=st.lists(st.tuples(TIMES, CELLS, CELLS), min_size=1, max_size=3))
def test_what_the_fast_path_reads_the_strict_path_reads_the_same(rows):
    content = "t,a,b\n" + "".join(f"{','.join(row)}\n" for row in rows)
    source = Source("f", content.encode())
    fast = read_fast(source, time=["t"], columns=["a", "b"], dialect=Dialect())
    if fast is not None:
        assert same(fast, read_strict(source, time=["t"], columns=["a", "b"], dialect=Dialect()))


@given(
    times=st.lists(st.datetimes(), min_size=1, max_size=10),
    form=st.sampled_from(
        [
            (" ", "minutes", ""),
            ("T", "seconds", "Z"),
            (" ", "milliseconds", "-11:00"),
            ("T", "microseconds", "+05:30"),
        ]
    ),
)
@pytest.mark.parametrize("read", [read_fast, read_strict])
def test_dates_are_read_as_the_standard_library_reads_them_and_written_back(read, times, form):
    separator, precision, offset = form
    texts = [time.isoformat(separator, precision) + offset for time in times]
    content = "t,a\n" + "".join(f"{text},1\n" for text in texts)
    table = read(Source("f", content.encode()), time=["t"], columns=["a"], dialect=Dialect())
    expected = [np.datetime64(text.removesuffix(offset), "us") for text in texts]
    assert table.timestamps.tolist() == np.array(expected).tolist()
    assert [table.time_at(row) for row in range(len(texts))] == texts


@given(numbers=st.lists(st.integers(-(10**18) + 1, 10**18 - 1), min_size=1, max_size=10))
@pytest.mark.parametrize("read", [read_fast, read_strict])
def test_whole_numbers_are_times_too(read, numbers):
    content = "a,t\n" + "".join(f"1,{number}\n" for number in numbers)
    table = read(Source("f", content.encode()), time=["t"], columns=["a"], dialect=Dialect())
    assert table.timestamps.tolist() == numbers


NOT_PLAIN = {
    "one cell moved to the next row": b"t,a,b\n1,2\n2,3,4,5\n",
    "line break in a quoted cell": b't,a,b\n1,2,"x\n2",3,4\n',
    "quoted number": b't,a,b\n1,"2",3\n',
    "quote in another column": b't,a,note\n1,2,"x"\n',
    "zero byte in another column": b"t,a,note\n1,2,x\0\n",
    "Latin-1 in another column": b"t,a,note\n1,2,\xe9\n",
    "True and False": b"t,a\n1,True\n2,False\n",
    "True after a missing value": b"t,a\n1,\n2,true\n",
    "infinite": b"t,a\n1,inf\n",
    "beyond float64": b"t,a\n1,1e309\n",
    "leading zero": b"t,a\n1,2\n02,2\n",
    "negative leading zero": b"t,a\n1,2\n-01,2\n",
    "minus alone": b"t,a\n1,2\n-,2\n",
    "19 digits": b"t,a\n1,2\n1000000000000000000,2\n",
    "as many cells to a line, on other lines": b"t,a,b\n1,2,3,4,5,6\n",
    "blank line": b"t,a\n1,2\n\n2,3\n",
    "no line break": b"t,a",
}


@pytest.mark.parametrize("content", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_the_fast_path_leaves_what_is_not_plain_to_the_strict_one(content):
    assert read_fast(Source("f", content), time=["t"], columns=["a"], dialect=Dialect()) is None


def test_a_plain_table_takes_the_fast_path_whatever_the_place_of_a_block_end(monkeypatch):
    content = b"a,t,b\n" + b"".join(b"%d.5,%d,NA\n" % (i, i) for i in range(500))
    expected = read_strict(Source("f", content), time=["t"], columns=None, dialect=Dialect())
    for size in (16, 17, 31, 100, 8192):
        monkeypatch.setattr(csv_fast, "BLOCK_BYTES", size)
        for ends in (content, content.replace(b"\n", b"\r\n")):
            fast = read_fast(Source("f", ends), time=["t"], columns=None, dialect=Dialect())
            assert fast is not None
            assert same(fast, expected)


def test_only_the_named_columns_are_read_in_the_order_they_are_named():
    table = parse(b"cbwd,b,t,a\nNW,1,5,2\nsehr wahr,3,6,4\n", time="t", columns=["a", "b"])
    assert table.columns == ("a", "b")
    assert table.values.tolist() == [[2, 1], [4, 3]]


def test_rows_know_their_physical_lines_also_below_a_quoted_line_break():
    table = parse(b't,note,a\n\n1,"two\nlines",1\n2,x,2\n', time="t", columns=["a"])
    assert [table.where(row) for row in range(2)] == ["f.csv:3", "f.csv:5"]


def test_a_table_comes_from_a_file_or_standard_input(tmp_path, monkeypatch):
    path = tmp_path / "wrong_name.csv"
    path.write_bytes(gzip.compress(CLEAN))
    assert same(read_table(str(path), time="day"), parse(CLEAN))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(CLEAN)))
    assert same(read_table("-", time="day"), parse(CLEAN))


def test_a_pipe_is_read_once_even_where_the_strict_path_is_needed():
    reading, writing = os.pipe()
    os.write(writing, CLEAN.replace(b"1.5", b'"1.5"'))
    os.close(writing)
    assert same(read_table(f"/dev/fd/{reading}", time="day"), parse(CLEAN))
    os.close(reading)


# --- what is refused -------------------------------------------------------------------------
NOT_NUMBERS = {
    "ERR": 'set data.read.missing_values: ["ERR"]',
    "-": 'set data.read.missing_values: ["-"]',
    "1.2.3.4": "correct the cell",
    "1,5": 'set data.read.decimal: ","',
    "1.234,5": 'set data.read.decimal: "," and data.read.thousands: "."',
    "1,234.5": 'set data.read.thousands: ","',
    "1 234": 'set data.read.thousands: " "',
    "1'234": 'set data.read.thousands: "\'"',
    "1_000": 'set data.read.thousands: "_"',
    "$1": "currency",
    "5%": "without %",
    "0x1F": "decimal digits",
    "inf": "leave the cell empty",
    "-nan": "leave the cell empty",
    "1e309": "beyond the range",
    "9" * 400: "beyond the range",
    "?": 'set data.read.missing_values: ["?"]',
    "None": 'set data.read.missing_values: ["None"]',
    "True": "1 or 0",
    "١": "digits 0 to 9",
    "1\u00a0": "correct the cell",
    "1e": "correct the cell",
    "1.2.3": "correct the cell",
    "\x1b[2J": "correct the cell",
}
NOT_TIMES = {
    "": "no time",
    "01/02/2024": 'time_format: "%d/%m/%Y" or data.read.time_format: "%m/%d/%Y"',
    "31/12/2024": 'set data.read.time_format: "%d/%m/%Y", or',
    "1.2.2024": 'set data.read.time_format: "%d.%m.%Y", or',
    "2024/01/02": 'set data.read.time_format: "%Y/%m/%d"',
    "2024-1-2": 'set data.read.time_format: "%Y-%m-%d"',
    "2024-01": 'set data.read.time_format: "%Y-%m"',
    "2024-02-30": "does not exist",
    "2023-02-29": "does not exist",
    "1900-02-29": "does not exist",
    "2024-04-31": "does not exist",
    "2024-00-01": "does not exist",
    "2024-13-01": "does not exist",
    "2024-01-00": "does not exist",
    "0000-01-01": "does not exist",
    "12024-01-01": "not a time",
    "20240102": "another form",
    "2024-01-02 00:00": "another form",
    "2024-W01-1": 'set data.read.time_format: "%G-W%V-%u"',
    "soon": "not a time",
}
ROWS = [[f"2024-01-{day:02}", f"{day}.5", str(-day)] for day in range(1, 13)]


def written(rows):
    lines = [["day", "a", "b"], *rows]
    return "".join(",".join(cells) + "\n" for cells in lines).encode("utf-8", "surrogateescape")


def with_cell(row, column, text):
    rows = [list(cells) for cells in ROWS]
    rows[row][column] = text
    return rows


@pytest.mark.parametrize(("cell", "hint"), NOT_NUMBERS.items(), ids=ascii)
def test_a_cell_that_is_no_number_is_named_wherever_it_stands(cell, hint):
    for row in range(len(ROWS)):
        for column, name in ((1, "a"), (2, "b")):
            (problem,) = problems_of(written(with_cell(row, column, f'"{cell}"')))
            assert problem.startswith(f"f.csv:{row + 2}: column '{name}': ")
            assert hint in problem
            assert problem.isprintable()


@pytest.mark.parametrize(("cell", "hint"), NOT_TIMES.items(), ids=ascii)
def test_a_cell_that_is_no_time_is_named_wherever_it_stands(cell, hint):
    for row in range(1, len(ROWS)):
        (problem,) = problems_of(written(with_cell(row, 0, cell)))
        assert problem.startswith(f"f.csv:{row + 2}: column 'day': ")
        assert hint in problem


@pytest.mark.parametrize("clock", ["24:00:00", "23:60:00", "23:59:60", "99:99:99"])
def test_a_time_of_day_beyond_midnight_is_refused(clock):
    content = f"t,a\n2024-01-01 23:00:00,1\n2024-01-01 {clock},2\n".encode()
    (problem,) = problems_of(content, time="t")
    assert problem.startswith(f"f.csv:3: column 't': '2024-01-01 {clock}' does not exist")


FAULTY_LINES = {
    "short": (lambda line: line.rsplit(",", 1)[0], "2 cells; expected 3"),
    "one cell": (lambda line: "total", "1 cell; expected 3"),
    "long": (lambda line: line + ",7", "4 cells; expected 3"),
    "trailing comma": (lambda line: line + ",", "remove the comma at the end"),
    "semicolons": (lambda line: line.replace(",", ";"), "separated by ';'"),
    "tabs": (lambda line: line.replace(",", "\t"), "separated by '\\t'"),
    "zero byte": (lambda line: line + "\0", "a zero byte at character"),
    "Latin-1": (lambda line: line + "\udce9", "byte 0xe9"),
    "text after quote": (lambda line: line.replace(",", ',"1"2,', 1), "a misplaced quote"),
    "unclosed quote": (lambda line: line.replace(",", ',"', 1), "never closed"),
}


@pytest.mark.parametrize("fault", FAULTY_LINES)
def test_a_faulty_line_is_named_wherever_it_stands(fault):
    change, words = FAULTY_LINES[fault]
    for row in range(len(ROWS)):
        rows = [list(cells) for cells in ROWS]
        rows[row] = [change(",".join(rows[row]))]
        problem = problems_of(written(rows))[0]
        assert problem.startswith(f"f.csv:{row + 2}: ")
        assert words in problem


HARMLESS_CELLS = [lambda cell: f'"{cell}"', lambda cell: f" {cell}", lambda cell: f"{cell}\t"]


@pytest.mark.parametrize("change", HARMLESS_CELLS, ids=["quoted", "blank before", "tab after"])
def test_a_harmless_cell_changes_nothing_wherever_it_stands(change):
    for row in range(len(ROWS)):
        for column in range(3):
            changed = written(with_cell(row, column, change(ROWS[row][column])))
            assert same(parse(changed), parse(written(ROWS)))


FAULTY_ORDERS = {
    "row absent": (lambda rows, i: rows[:i] + rows[i + 1 :], 0, "1 row is absent"),
    "row twice": (lambda rows, i: [*rows[: i + 1], rows[i], *rows[i + 1 :]], 1, "stands on line"),
    "row moved up": (
        lambda rows, i: [*rows[: i - 1], rows[i], rows[i - 1], *rows[i + 1 :]],
        0,
        "comes after",
    ),
}


@pytest.mark.parametrize("fault", FAULTY_ORDERS)
def test_a_row_out_of_place_is_named_wherever_it_stands(fault):
    change, shift, words = FAULTY_ORDERS[fault]
    for row in range(1, len(ROWS) - 1):
        table = parse(written(change(ROWS, row)))
        with pytest.raises(DataError, match=words) as caught:
            build_panel(table, Columns(table.columns))
        assert caught.value.problems[0].startswith(f"f.csv:{row + 2 + shift}: column 'day'")


def test_all_faults_are_reported_at_once_in_the_order_of_lines():
    rows = with_cell(1, 0, "2024-02-31")
    rows[3][1], rows[3][2], rows[5] = "x", "y", ["2024-01-06"]
    assert [problem.split(":")[1] for problem in problems_of(written(rows))] == ["3", "5", "5", "7"]


def test_a_table_of_nothing_but_faults_stops_at_a_limit():
    content = b"t,a\n" + b"".join(b"%d,x\n" % i for i in range(12_000))
    assert len(problems_of(content, time="t")) == 10_000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "f.csv: empty"),
        (b"\n\n", "f.csv: empty"),
        (b"day,a\n", "a header and no rows"),
        (b"day\n2024-01-01\n", "expected a time column and at least one column"),
        (b"day;a\n2024-01-01;1\n", 'set data.read.delimiter: ";"'),
        (b"day\ta\n2024-01-01\t1\n", 'separated by a tab; set data.read.delimiter: "\\t"'),
        (b"2024-01-01,1\n2024-01-02,2\n", "looks like data; expected the names"),
        (b"# made by hand\nday,a\n2024-01-01,1\n", "remove the lines above"),
        (b"day,a,a\n2024-01-01,1,2\n", "column 3 has the name 'a' of column 2"),
        (b"day,a, a\n2024-01-01,1,2\n", "column 3 has the name 'a' of column 2"),
        (b"day,,a\n2024-01-01,0,1\n", "column 2 has no name"),
        (b"Day,a\n2024-01-01,1\n", "no column 'day'; did you mean 'Day'? the table has 'Day', 'a'"),
        ("day,a\n2024-01-01,1\n".encode("utf-16"), "UTF-16"),
        ("day,a\n2024-01-01,1\n".encode("utf-16-le"), "UTF-16"),
        ("day,a\n2024-01-01,1\n".encode("utf-32"), "UTF-32"),
        ("day,a\n2024-01-01,1\n".encode("utf-32-le"), "UTF-32"),
        ("day,a\n2024-01-01,1\n".encode("utf-32-be"), "UTF-32"),
        ("day,a\n2024-01-01,1\n".encode("utf-16-be"), "UTF-16"),
        (b"day,\xe9\n2024-01-01,1\n", "f.csv:1: byte 0xe9"),
        (b"day,\xe9\n2024-01-01,1\n", 'set data.read.encoding: "latin-1"'),
        ("day,é €\n2024-01-01,1\n".encode("cp1252"), 'set data.read.encoding: "cp1252"'),
        ("day,€\n2024-01-01,1\n".encode("cp1252"), "byte 0x80"),
        ("day,€\n2024-01-01,1\n".encode("cp1252"), 'set data.read.encoding: "cp1252"'),
        (bytes(range(256)), "binary data"),
        (b"PK\x03\x04....", "zip"),
        (b"\x28\xb5\x2f\xfd....", "damaged or cut short"),
        (b"PAR1....", "a parquet file that cannot be read"),
        (gzip.compress(CLEAN)[:-9], "damaged or cut short"),
        (bz2.compress(CLEAN)[:-9], "damaged or cut short"),
        (lzma.compress(CLEAN)[:-9], "damaged or cut short"),
        (b"day,a\n2024-01-01," + b"1" * 5_000_000, "characters in a line"),
        (b'day,a\n2024-01-01,"1\n' + b"2024-01-02,1\n" * 20_000, "f.csv:2: a quote opened"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value,
)
def test_what_is_no_table_is_refused_in_one_line(content, words):
    (problem,) = problems_of(content)
    assert words in problem
    assert "\n" not in problem


def test_a_column_that_is_not_there_is_named_with_the_nearest_one():
    problems = problems_of(CLEAN.replace(b",a,", b",temperature,"), columns=["temprature", "zz"])
    assert "no column 'temprature'; did you mean 'temperature'?" in problems[0]
    assert problems[1].endswith("no column 'zz'; the table has 'day', 'temperature', 'b'")


def test_times_at_two_offsets_are_refused():
    content = b"t,a\n2024-03-31T01:00+01:00,1\n2024-03-31T03:00+02:00,2\n"
    (problem,) = problems_of(content, time="t")
    assert "offset +02:00; expected +01:00" in problem
    assert "UTC" in problem


def test_an_unreadable_path_is_refused_in_one_line(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_table(str(tmp_path / "none.csv"), time="t")
    with pytest.raises(DataError, match="a folder"):
        read_table(str(tmp_path), time="t")
    with pytest.raises(DataError, match="cannot be read"):
        read_table("nul\0byte.csv", time="t")
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(DataError, match="cannot be read"):
        read_table(str(loop), time="t")


def test_a_terminal_is_no_table(monkeypatch):
    terminal = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stdin", terminal)
    with pytest.raises(UsageError, match="is a terminal"):
        read_table("-", time="t")
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="is closed"):
        read_table("-", time="t")
