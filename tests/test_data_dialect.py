"""Tables are read as the recipe says that they are written, exactly or not at all."""

import random
from datetime import datetime, timedelta

import numpy as np
import pytest

from grucli.data import parse_table, read_table
from grucli.data.readers.cells import NumberFormat
from grucli.data.readers.csv_fast import read_fast
from grucli.data.readers.csv_strict import read_strict
from grucli.data.readers.sources import Source
from grucli.data.readers.wanted import Wanted
from grucli.dialect import Dialect
from grucli.errors import DataError

GERMAN = Dialect(
    delimiter=";",
    decimal=",",
    thousands=".",
    encoding="cp1252",
    time_format="%d.%m.%Y",
    missing_values=("-", "ERR"),
)


def parse(text, dialect, *, time="t", columns=None, encoding="utf-8", source="f"):
    content = text.encode(encoding)
    return parse_table(content, Wanted(time, columns=columns, dialect=dialect), source=source)


def problems_of(text, dialect, **options):
    with pytest.raises(DataError) as caught:
        parse(text, dialect, **options)
    return list(caught.value.problems)


def both(text, dialect, columns=("a",)):
    """What the fast and the strict reader make of a table."""
    source = Source("f", text.encode(dialect.encoding))
    wanted = Wanted("t", columns=columns, dialect=dialect)
    return read_fast(source, wanted), read_strict(source, wanted)


# --- numbers, delimiters, encodings ----------------------------------------------------------
def test_a_table_as_german_offices_write_it_is_read():
    text = "Tag;Umsatz €;Note\n31.12.2023;1.234,50;ä\n01.01.2024;-;\n2.1.2024;0,25;x\n"
    table = parse(text, GERMAN, time="Tag", columns=["Umsatz €"], encoding="cp1252")
    np.testing.assert_array_equal(table.values[:, 0], [1234.5, np.nan, 0.25])
    assert table.timestamps.astype("datetime64[D]").astype(str).tolist() == [
        "2023-12-31",
        "2024-01-01",
        "2024-01-02",
    ]
    assert table.time_at(2) == "02.01.2024"


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        (Dialect(delimiter=";"), "t;a\n1;2.5\n2;NA\n"),
        (Dialect(delimiter="\t"), "t\ta\n1\t2.5\n2\t\n"),
        (Dialect(delimiter="|", decimal=","), "t|a\n1|2,5\n2|nan\n"),
        (Dialect(delimiter=" "), "t a\n1 2.5\n2 NA\n"),
        (Dialect(delimiter=";", decimal=",", missing_values=("N.A.",)), "t;a\n1;2,5\n2;N.A.\n"),
        (Dialect(missing_values=("-999", "ERR")), "t,a\n1,2.5\n2,-999.0\n"),
        (Dialect(missing_values=("-999", "ERR")), "t,a\n1,2.5\n2,ERR\n"),
        (Dialect(encoding="utf-16"), "t,a\n1,2.5\n2,\n"),
        (Dialect(encoding="utf-32-le"), "t,a\n1,2.5\n2,\n"),
        (Dialect(encoding="cp932"), "t,a,名\n1,2.5,東\n2,,京\n"),
        (Dialect(time_format="%d/%m/%Y"), "t,a\n01/02/2024,2.5\n02/02/2024,\n"),
        (Dialect(time_format="%Y%m%d %H%M"), "t,a\n20240102 0304,2.5\n20240102 0404,\n"),
    ],
    ids=str,
)
def test_both_readers_read_a_dialect_alike(dialect, text):
    fast, strict = both(text, dialect)
    assert fast is not None
    np.testing.assert_array_equal(fast.values[:, 0], [2.5, np.nan])
    np.testing.assert_array_equal(strict.values, fast.values)
    assert strict.timestamps.tolist() == fast.timestamps.tolist()
    assert strict.style == fast.style


@pytest.mark.parametrize(
    ("thousands", "text", "value"),
    [
        (",", '"1,234,567.5"', 1234567.5),
        (" ", "1 234", 1234),
        (" ", "1\u00a0234\u202f567", 1234567),
        ("'", "-1'234.5", -1234.5),
        ("'", "1\u2019234", 1234),
        ("_", "1_000", 1000),
        ("_", "1234", 1234),
    ],
)
def test_thousands_are_read_where_they_are_allowed(thousands, text, value):
    table = parse(f"t,a\n1,{text}\n", Dialect(thousands=thousands))
    assert table.values[0, 0] == value


@pytest.mark.parametrize("text", ["1 23", "12 3456", " 1  234", "1 234 56", "1 2345", "1, 234"])
def test_thousands_in_odd_places_are_refused(text):
    (problem,) = problems_of(f't,a\n1,"{text}"\n', Dialect(thousands=" "))
    assert problem.startswith("f:2: column 'a': ")


@pytest.mark.parametrize("text", ["1.5", "1,234.5", "1.2.3"])
def test_a_decimal_point_is_refused_where_commas_are_said_to_be(text):
    (problem,) = problems_of(f"t;a\n1;2,5\n2;{text}\n", Dialect(delimiter=";", decimal=","))
    assert problem.startswith("f:3: column 'a': ")
    assert "expected one such as 12,5" in problem


def test_a_byte_that_an_encoding_does_not_have_is_named_at_its_line():
    content = b"t,a,note\n1,2,x\n2,3,\x81\n"
    with pytest.raises(DataError) as caught:
        parse_table(
            content, Wanted("t", columns=["a"], dialect=Dialect(encoding="cp1252")), source="f"
        )
    (problem,) = caught.value.problems
    assert problem.startswith("f:3: byte 0x81 at character 5 is not CP1252; ")


@pytest.mark.parametrize("content", [b"\xff\xfet", b"t\0,\0a\0\n\0\0\xd8\n\0"])
def test_text_broken_in_its_encoding_is_refused(content):
    with pytest.raises(DataError, match=r"not utf-16 behind byte|CP1252|UTF-16"):
        parse_table(content, Wanted("t", dialect=Dialect(encoding="utf-16")), source="f")


@pytest.mark.parametrize("encoding", ["euc-jp", "ascii"])
def test_no_pair_of_bytes_of_a_broken_encoding_becomes_another_character(encoding):
    content, dialect = b"t,a,note\n1,2,\xc3\x80\n", Dialect(encoding=encoding)
    with pytest.raises(DataError, match="f:2: byte 0xc3 at character 5 is not"):
        parse_table(content, Wanted("t", columns=["a"], dialect=dialect), source="f")


DIALECTS = [
    Dialect(delimiter=delimiter, decimal=decimal, thousands=thousands, missing_values=words)
    for delimiter in (",", ";", "\t", " ")
    for decimal in (".", ",")
    for thousands in (None, ".", ",", " ", "'")
    for words in ((), ("-", "-9,9", "N.A.", "-999"))
    if thousands != decimal
]
LETTERS = "0123456789.,.,-+eE _'xNA;\t"


@pytest.mark.parametrize("seed", range(2))
def test_the_fast_reader_never_reads_a_cell_of_a_dialect_otherwise(seed):
    draw = random.Random(seed)
    read = 0
    for _ in range(1500):
        dialect = draw.choice(DIALECTS)
        cells = ["".join(draw.choice(LETTERS) for _ in range(draw.randint(1, 6)))]
        rows = "".join(f"{row}{dialect.delimiter}{cell}\n" for row, cell in enumerate(cells))
        source = Source("f", f"t{dialect.delimiter}a\n{rows}".encode())
        fast = read_fast(source, Wanted(["t"], columns=["a"], dialect=dialect))
        if fast is not None:
            read += 1
            strict = read_strict(source, Wanted(["t"], columns=["a"], dialect=dialect))
            assert strict.values.tobytes() == fast.values.tobytes(), (dialect, cells)
    assert read > 100


def test_a_number_format_reads_what_it_writes_in_every_dialect():
    for dialect in DIALECTS:
        number = NumberFormat(dialect)
        for value in (0.0, 1234567.25, -1.5e-7, 999.0):
            text = repr(value).replace(".", dialect.decimal)
            assert number.parse(text) == value


def test_a_file_called_tsv_is_separated_by_tabs(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("t\ta\n1\t2\n")
    assert read_table(str(path), Wanted("t")).values.tolist() == [[2]]
    path.write_text("t,a\n1,2\n")
    with pytest.raises(DataError, match=r'separated by a comma; set data.read.delimiter: ","'):
        read_table(str(path), Wanted("t"))


# --- times -----------------------------------------------------------------------------------
TIMES = {
    "%d.%m.%Y": "05.03.2024",
    "%d.%m.%Y %H:%M": "05.03.2024 13:45",
    "%m/%d/%Y %I:%M %p": "03/05/2024 01:45 PM",
    "%m/%d/%y": "03/05/24",
    "%Y%m%d%H%M%S": "20240305134502",
    "%d %b %Y": "05 Mar 2024",
    "%B %d, %Y": "March 05, 2024",
    "%A, %d.%m.%Y": "Tuesday, 05.03.2024",
    "%Y-%j": "2024-065",
    "%G-W%V-%u": "2024-W10-2",
    "%G-W%V": "2024-W10",
    "%Y-%m": "2024-03",
    "%Y": "2024",
    "%d/%m/%Y %H:%M:%S.%f": "05/03/2024 13:45:02.250000",
    "100%% %Y-%m-%d": "100% 2024-03-05",
}
MEANT = {"%G-W%V": "2024-03-04", "%Y-%m": "2024-03-01", "%Y": "2024-01-01"}


@pytest.mark.parametrize("form", TIMES)
def test_a_time_of_any_format_is_read_and_written_back(form):
    text = TIMES[form]
    table = parse(f't,a\n"{text}",1\n', Dialect(time_format=form))
    assert str(table.timestamps[0])[:10] == MEANT.get(form, "2024-03-05")
    assert table.time_at(0) == text


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%d.%m.%Y", "31.04.2024"),
        ("%d.%m.%Y", "2024-04-01"),
        ("%d.%m.%Y", "01.04.24"),
        ("%d.%m.%Y", "1.4.2024 "[:-1] + "x"),
        ("%Y%m%d", "2024111"),
        ("%m/%d/%Y %I:%M %p", "01/02/2024 13:00 PM"),
        ("%a %d.%m.%Y", "Mon 02.01.2024"),
        ("%Y-%j", "2023-366"),
        ("%G-W%V", "2023-W53"),
        ("%d.%m.%Y", "\u0661.1.2024"),
    ],
)
def test_a_time_that_is_not_of_the_format_is_named(form, text):
    (problem,) = problems_of(f"t,a\n{text},1\n", Dialect(time_format=form))
    assert problem.startswith("f:2: column 't': ")
    assert "data.read.time_format" in problem


def test_fixed_formats_are_read_fast_and_others_strictly_the_same():
    start = datetime(2023, 12, 30, 23, 50)
    for form in ("%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%Y%m%d%H%M"):
        times = [start + timedelta(minutes=7 * row) for row in range(50)]
        text = "t,a\n" + "".join(f"{time.strftime(form)},1\n" for time in times)
        fast, strict = both(text, Dialect(time_format=form))
        assert fast.timestamps.tolist() == strict.timestamps.tolist() == times


# --- a time from several columns -------------------------------------------------------------
def test_a_time_is_built_from_numbers_in_several_columns():
    text = "No,year,month,day,hour,pm\n1,2010,1,31,23,5\n2,2010,2,1,0,NA\n"
    table = parse(text, Dialect(), time=["year", "month", "day", "hour"], columns=["pm"])
    assert [table.time_at(row) for row in range(2)] == ["2010-01-31 23:00", "2010-02-01 00:00"]
    assert table.time == "time"
    monthly = parse("y,m,a\n2010,1,5\n2010,12,6\n", Dialect(), time=["y", "m"], columns=["a"])
    assert [monthly.time_at(row) for row in range(2)] == ["2010-01-01", "2010-12-01"]
    seconds = "y,m,d,h,n,s,a\n2010,1,2,3,4,5,6\n"
    table = parse(seconds, Dialect(), time=list("ymdhns"), columns=["a"])
    assert table.time_at(0) == "2010-01-02 03:04:05"


def test_a_time_is_built_from_a_date_and_a_time_of_day():
    text = "date,time,a\n2024-01-31,23:00,5\n2024-02-01,00:00,6\n"
    table = parse(text, Dialect(), time=["date", "time"], columns=["a"])
    assert table.time_at(1) == "2024-02-01 00:00"
    german = parse(
        "Tag;Zeit;a\n31.1.2024;23:00;5\n",
        Dialect(delimiter=";", time_format="%d.%m.%Y %H:%M"),
        time=["Tag", "Zeit"],
        columns=["a"],
    )
    assert str(german.timestamps[0])[:16] == "2024-01-31T23:00"


@pytest.mark.parametrize("cells", ["2010,13,1", "2010,2,30", "2010,,1", "x,1,1", "20100,1,1"])
def test_parts_that_make_no_time_are_named(cells):
    (problem,) = problems_of(
        f"y,m,d,a\n2010,1,1,1\n{cells},2\n", Dialect(), time=["y", "m", "d"], columns=["a"]
    )
    assert problem.startswith("f:3: column 'y': ")


# --- a first column without a name -----------------------------------------------------------
def test_a_first_column_without_a_name_is_an_index_that_is_not_looked_at():
    table = parse(",t,a\nx,1,2\ny,2,3\n", Dialect(), columns=["a"])
    assert table.values.tolist() == [[2], [3]]
    dates = parse(",a\n2024-01-01,2\n", Dialect(), time="Unnamed: 0")
    assert dates.time_at(0) == "2024-01-01"


# --- several files ---------------------------------------------------------------------------
def test_files_that_fit_a_pattern_are_one_table_in_the_order_of_their_numbers(tmp_path):
    for number in (1, 2, 10):
        (tmp_path / f"part{number}.csv").write_text(f"t,a\n{number},{number}\n")
    table = read_table(str(tmp_path / "part*.csv"), Wanted("t"))
    assert table.timestamps.tolist() == [1, 2, 10]
    listed = [str(tmp_path / f"part{number}.csv") for number in (10, 1)]
    assert read_table(listed, Wanted("t")).timestamps.tolist() == [10, 1]
    assert table.where(2) == f"{tmp_path}/part10.csv:2"
    assert table.place(0) == f"line 2 of {tmp_path}/part1.csv"


def test_a_file_whose_name_looks_like_a_pattern_is_read(tmp_path):
    (tmp_path / "a[1].csv").write_text("t,a\n1,2\n")
    assert read_table(str(tmp_path / "a[1].csv"), Wanted("t")).values.tolist() == [[2]]


def test_files_that_are_not_there_or_do_not_go_together_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("t,a\n1,2\n")
    (tmp_path / "b.csv").write_text("t,a\n2024-01-01,2\n")
    with pytest.raises(DataError, match="no file fits this pattern"):
        read_table(str(tmp_path / "c*.csv"), Wanted("t"))
    with pytest.raises(DataError, match="named twice"):
        read_table([str(tmp_path / "a.csv"), str(tmp_path / "*.csv")], Wanted("t"))
    with pytest.raises(DataError, match=r"b.csv: times are YYYY-MM-DD; expected a whole number"):
        read_table(str(tmp_path / "*.csv"), Wanted("t"))


def test_what_to_write_without_a_separator_has_the_decimal_sign_of_the_table():
    explain = NumberFormat(Dialect(decimal=",")).explain
    assert 'write 1.234,5 as 1234,5, or set data.read.thousands: "."' in explain("1.234,5")
    assert "write 1.234,5 as 1234.5, or set" in NumberFormat(Dialect()).explain("1.234,5")
