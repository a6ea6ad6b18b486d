"""Tables of times and numbers, read from CSV."""

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

from grucli.data import read_table
from grucli.data.readers import csv_fast
from grucli.data.readers.csv_fast import read_fast
from grucli.data.readers.csv_strict import read_strict
from grucli.data.readers.sources import Source
from grucli.data.readers.wanted import Wanted
from grucli.data.timestamps import find_style, parse_cells
from tests.csv_cases import CLEAN, parse, same


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
    values = read(source, Wanted("t")).values
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
    table = read(source, Wanted("t"))
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
    fast = read_fast(source, Wanted("t", columns=["a", "b"]))
    if fast is not None:
        assert same(fast, read_strict(source, Wanted("t", columns=["a", "b"])))


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
    table = read(Source("f", content.encode()), Wanted("t", columns=["a"]))
    expected = [np.datetime64(text.removesuffix(offset), "us") for text in texts]
    assert table.timestamps.tolist() == np.array(expected).tolist()
    assert [table.time_at(row) for row in range(len(texts))] == texts


@given(numbers=st.lists(st.integers(-(10**18) + 1, 10**18 - 1), min_size=1, max_size=10))
@pytest.mark.parametrize("read", [read_fast, read_strict])
def test_whole_numbers_are_times_too(read, numbers):
    content = "a,t\n" + "".join(f"1,{number}\n" for number in numbers)
    table = read(Source("f", content.encode()), Wanted("t", columns=["a"]))
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
    assert read_fast(Source("f", content), Wanted("t", columns=["a"])) is None


def test_a_plain_table_takes_the_fast_path_whatever_the_place_of_a_block_end(monkeypatch):
    content = b"a,t,b\n" + b"".join(b"%d.5,%d,NA\n" % (i, i) for i in range(500))
    expected = read_strict(Source("f", content), Wanted("t"))
    for size in (16, 17, 31, 100, 8192):
        monkeypatch.setattr(csv_fast, "BLOCK_BYTES", size)
        for ends in (content, content.replace(b"\n", b"\r\n")):
            fast = read_fast(Source("f", ends), Wanted("t"))
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
    assert same(read_table(str(path), Wanted("day")), parse(CLEAN))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(CLEAN)))
    assert same(read_table("-", Wanted("day")), parse(CLEAN))


def test_a_pipe_is_read_once_even_where_the_strict_path_is_needed():
    reading, writing = os.pipe()
    os.write(writing, CLEAN.replace(b"1.5", b'"1.5"'))
    os.close(writing)
    assert same(read_table(f"/dev/fd/{reading}", Wanted("day")), parse(CLEAN))
    os.close(reading)
