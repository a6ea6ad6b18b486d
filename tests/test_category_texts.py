"""Columns of texts in a table: found, numbered, and what the training span says of them."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from grucli.columns import Columns
from grucli.data import (
    Classes,
    Span,
    build_panel,
    check_texts,
    fit_vocabularies,
    number_texts,
    parse_table,
    read_frame,
    read_table,
)
from grucli.data.readers.csv_fast import read_fast
from grucli.data.readers.csv_strict import read_strict
from grucli.data.readers.sources import Source
from grucli.data.readers.wanted import Wanted
from grucli.dialect import Dialect
from grucli.errors import DataError

PLAIN = Dialect()
ALL = Wanted("t", columns=("y", "wind", "promo"), undecided=("wind", "promo"))


WIND = "t,y,wind,promo\n1,1,NW,\n2,2,,tv\n3,3,NA,tv\n4,4,SE,flyer\n"


def read(text, *, known=None, **options):
    """A table with its texts as numbers, and these texts."""
    wanted = replace(ALL, **options)
    table = parse_table(text.encode(), wanted, source="f")
    return number_texts(table, ALL.columns, known or {}, wanted.dialect)


# --- reading ---------------------------------------------------------------------------------
def test_a_column_whose_first_cell_is_a_text_is_numbered_by_its_texts():
    table = read(WIND)
    assert table.values.tolist() == [[1, 1, 0], [2, 0, 1], [3, 0, 1], [4, 2, 2]]
    assert table.categories == {"wind": ("", "NW", "SE"), "promo": ("", "tv", "flyer")}
    assert table.texts == ()


def test_texts_that_are_known_keep_their_numbers():
    table = read(WIND, known={"wind": ("", "SE", "N")})
    assert table.values[:, 1].tolist() == [3, 0, 0, 1]
    assert table.categories["wind"] == ("", "SE", "N", "NW")


def test_both_ways_to_read_a_csv_give_the_same_texts():
    wanted = Wanted("t", columns=("y",), texts=("wind",), sparse=("wind",))
    source = Source("f", WIND.encode())
    fast, strict = (how(source, wanted) for how in (read_fast, read_strict))
    for table in (fast, strict):
        assert [table.texts[0].words[code] for code in table.texts[0].codes] == [
            *("NW", "", "NA", "SE")
        ]
    quoted = read(WIND.replace("NW", '"NW"').replace("SE", " SE"))
    assert quoted.values.tolist() == read(WIND).values.tolist()


def held(kind, tmp_path):
    """The same table as another kind of thing."""
    frame = pd.read_csv(io.StringIO(WIND), keep_default_na=False)
    frame = frame.replace({"": None, "NA": None})
    if kind == "categorical":
        return frame.astype({"wind": "category"})
    if kind == "polars":
        return pl.from_pandas(frame).with_columns(pl.col("wind").cast(pl.Categorical))
    if kind == "pyarrow":
        table = pa.Table.from_pandas(frame)
        return table.set_column(2, "wind", table["wind"].dictionary_encode())
    if kind == "parquet":
        path = tmp_path / "f.parquet"
        frame.to_parquet(path)
        return str(path)
    return frame


@pytest.mark.parametrize("kind", ["pandas", "categorical", "polars", "pyarrow", "parquet"])
def test_frames_and_parquet_files_give_the_same(tmp_path, kind):
    table = held(kind, tmp_path)
    read_it = read_table if isinstance(table, str) else read_frame
    options = {} if isinstance(table, str) else {"source": "f"}
    numbered = number_texts(read_it(table, ALL, **options), ALL.columns, {}, PLAIN)
    assert numbered.values.tolist() == read(WIND).values.tolist()


def test_truth_values_of_a_frame_are_the_texts_that_a_file_would_have():
    frame = pd.DataFrame({"t": [1, 2, 3], "y": [1.0, 2, 3], "promo": [True, False, True]})
    wanted = Wanted("t", columns=("y", "promo"), undecided=("promo",))
    table = number_texts(read_frame(frame, wanted, source="f"), *NAMED)
    assert table.categories == {"promo": ("", "True", "False")}


NAMED = (("y", "promo"), {}, PLAIN)


def test_a_number_is_the_same_name_in_a_file_and_in_a_frame_with_gaps():
    frame = pd.DataFrame({"t": [1, 2, 3], "y": [1.0, 2, 3], "promo": [3, None, 7]})
    wanted = Wanted("t", columns=("y",), texts=("promo",), sparse=("promo",))
    table = number_texts(read_frame(frame, wanted, source="f"), *NAMED)
    assert table.categories == {"promo": ("", "3", "7")}
    assert Classes(("", "3", "7"), PLAIN).class_of("7.00") == 2


def test_several_files_number_their_texts_as_one(tmp_path):
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    first.write_text(WIND)
    second.write_text("t,y,wind,promo\n5,5,SE,\n6,6,N,9\n")
    table = read_table([str(first), str(second)], ALL)
    numbered = number_texts(table, ALL.columns, {}, PLAIN)
    assert numbered.values[:, 1].tolist() == [1, 0, 0, 2, 2, 3]


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ("ERR|5", "f:2: column 'wind': 'ERR' is not a number; expected one such as 12.5 or -3e-2, "
         'or an empty cell; leave the cell empty if there is no value, or set '
         'data.read.missing_values: ["ERR"]; or name it in data.categories, where all its cells '
         "are names"),
        ("5|ERR", "f:3: column 'wind': 'ERR' is not a number; expected one such as 12.5"),
        ("1e999|2", "f:2: column 'wind': '1e999' is beyond the range of a float64; expected"),
        ("12,5|13,5", "f:2: column 'wind': '12,5' is not a number; expected one such as 12.5 or "
         "-3e-2, or an empty cell; write a decimal point, or set data.read.decimal: \",\""),
    ],
)  # fmt: skip
def test_a_column_of_numbers_with_something_else_in_it_is_refused_as_ever(cells, problem):
    first, second = cells.split("|")
    text = f't;y;wind\n1;1;"{first}"\n2;2;"{second}"\n'
    dialect = Dialect(delimiter=";")
    wanted = Wanted("t", columns=("y", "wind"), undecided=("wind",), dialect=dialect)

    def read_and_check():
        check_texts(parse_table(text.encode(), wanted, source="f"), ("wind",), dialect)

    with pytest.raises(DataError) as caught:
        read_and_check()
    assert str(caught.value).startswith(problem)


# --- what is learned of the training span ----------------------------------------------------
COLUMNS = Columns(("y",), past=("wind",), future=("promo",), categories=("wind", "promo"))


POLICIES = ("forward", "unknown", "unknown")


def panel_of(text, missing=POLICIES):
    table = read(text)
    panel = build_panel(table, COLUMNS, missing=missing)
    return panel, table.categories


def test_a_vocabulary_holds_the_texts_of_the_training_span_only():
    table = read(WIND)
    panel = build_panel(table, COLUMNS, missing=POLICIES)
    panel.__dict__["categories"] = table.categories
    rows = Span(np.array([0]), np.array([3]))
    assert fit_vocabularies(panel, rows) == {"wind": ("", "NW"), "promo": ("", "tv")}


def test_an_absent_row_has_no_text_and_counts_as_measured():
    panel, _ = panel_of(WIND.replace("3,3,NA,tv\n", ""))
    assert panel.values.tolist() == [[1, 1, 0], [2, 0, 1], [2, 0, 0], [4, 2, 2]]
    assert panel.observed[2].tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("wind", "what"),
    [
        (["NW"] * 30, "always 'NW' in the 30 rows of the training span; expected a column that"),
        ([""] * 29 + ["NW"], "no text in the 24 rows of the training span; expected a column that"),
        ([f"w{n}" for n in range(30)], "another text in each of the 30 rows of the training span"),
    ],
)
def test_a_column_that_says_nothing_is_refused(wind, what):
    text = "t,y,wind,promo\n" + "".join(
        f"{n},{n},{name},{'ab'[n % 2]}\n" for n, name in enumerate(wind)
    )
    table = read(text.replace("w", "w"), undecided=("promo",), texts=("wind",), sparse=("wind",),
                 columns=("y", "promo"))  # fmt: skip
    panel = build_panel(table, COLUMNS, missing=POLICIES)
    panel.__dict__["categories"] = table.categories
    stop = 24 if wind[0] == "" else 30
    with pytest.raises(DataError, match=f"^column 'wind': {what}"):
        fit_vocabularies(panel, Span(np.array([0]), np.array([stop])))
