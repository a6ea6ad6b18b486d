"""What is no table of times and numbers is refused at its line."""

import bz2
import gzip
import io
import lzma
import sys

import pytest

from grucli.columns import Columns
from grucli.data import build_panel, read_table
from grucli.data.readers.text import guess_encoding
from grucli.data.readers.wanted import Wanted
from grucli.errors import DataError, UsageError
from tests.csv_cases import CLEAN, parse, same


def problems_of(content, **options):
    with pytest.raises(DataError) as caught:
        parse(content, **options)
    return list(caught.value.problems)


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
    "short": (lambda line: line.rsplit(",", 1)[0], "2 cells; expected 3, as in the header; leave"),
    "one cell": (lambda line: "total", "1 cell; expected 3"),
    "long": (lambda line: line + ",7", "4 cells; expected 3, as in the header; write"),
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
        (gzip.compress(CLEAN, mtime=0)[:-9], "damaged or cut short"),
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
        read_table(str(tmp_path / "none.csv"), Wanted("t"))
    with pytest.raises(DataError, match="a folder"):
        read_table(str(tmp_path), Wanted("t"))
    with pytest.raises(DataError, match="cannot be read"):
        read_table("nul\0byte.csv", Wanted("t"))
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(DataError, match="cannot be read"):
        read_table(str(loop), Wanted("t"))


def test_a_terminal_is_no_table(monkeypatch):
    terminal = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stdin", terminal)
    with pytest.raises(UsageError, match="is a terminal"):
        read_table("-", Wanted("t"))
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="is closed"):
        read_table("-", Wanted("t"))


@pytest.mark.parametrize(
    ("cell", "remedy"),
    [
        ("2024-01-02 00:00:00.1234567", "write at most 6 digits of a second"),
        ("2024-01-02 00:00:00.12x", "expected YYYY-MM-DD, YYYY-MM-DD HH:MM"),
        ("3.0", "write whole numbers, or dates as YYYY-MM-DD"),
    ],
)
def test_a_time_that_cannot_be_read_is_told_what_to_do(cell, remedy):
    content = f"t,a\n2024-01-01,1\n{cell},2\n".encode()
    (problem,) = problems_of(content, time="t")
    assert remedy in problem


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("t,größe\n", "utf-8"),
        ("t,größe €\n", "cp1252"),
        ("t,größe\x81\n", "latin-1"),
        ("t,größe\n", "utf-16"),
        ("t,größe\n", "utf-32"),
    ],
)
def test_the_encoding_of_a_text_is_told_by_its_first_bytes(text, encoding):
    assert guess_encoding(text.encode(encoding)) == encoding
    half = "t,größe\n".encode()[:5]
    assert guess_encoding(half) == "utf-8", "a character cut in two"
