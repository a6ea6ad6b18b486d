"""Pictures of characters, the writing of numbers, and forecasts as CSV."""

import csv
import io
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from grucli.cli.kit.charts import ascii_glyphs, bar, sparkline
from grucli.cli.kit.line_chart import line_chart
from grucli.cli.kit.numbers import align_decimals, clock, digits
from grucli.cli.views.prediction import write_prediction_csv
from grucli.results import Forecast
from grucli.text import percent


def plain(lines: list[Text]) -> str:
    return "\n".join(line.plain for line in lines)


def test_a_bar_fills_by_its_share():
    assert bar(0.25, 8) == "━━──────"
    assert bar(0.3, 5) == "━╸───"
    assert bar(7, 4) == "━━━━"
    assert ascii_glyphs(bar(-1, 4)) == "----"


def test_a_sparkline_runs_from_lowest_to_highest():
    assert sparkline([1, 2, 8], 10) == "▁▂█"
    assert ascii_glyphs(sparkline([1, 2, 8], 10)) == "_.#"


def test_a_sparkline_averages_what_does_not_fit_and_leaves_gaps_blank():
    assert sparkline([0, 0, 1, 1], 2) == "▁█"
    assert sparkline([0, math.nan, 1], 3) == "▁ █"
    assert sparkline([1, 2], 0) == ""


def test_a_line_chart_names_its_lines_and_its_axis():
    text = plain(line_chart({"train": [3, 2, 1], "valid": [4, 3, 3]}, 40, 9, x_labels=("a", "z")))
    assert " 4.00 ┤".strip() in text
    assert "1.00 ┤" in text
    assert " train" in text
    assert " valid" in text
    assert text.splitlines()[-1].split() == ["a", "z"]


def test_a_line_chart_marks_the_best_point_at_its_place():
    lines = line_chart({"v": [5.0, 1.0, 5.0]}, 41, 8, best=("v", 1))
    bottom = lines[5].plain
    assert bottom.index("◆") == pytest.approx((6 + 39) / 2, abs=1)
    assert sum("◆" in line.plain for line in lines) == 1


def test_a_line_chart_turns_logarithmic_over_a_factor_of_ten():
    assert "10.0 ┤" in plain(line_chart({"v": [1.0, 100.0]}, 40, 9))
    assert "4.50 ┤" in plain(line_chart({"v": [1.0, 8.0]}, 40, 9))


def test_an_ascii_chart_holds_only_ascii():
    lines = line_chart({"t": [1, 2], "v": [2, 1]}, 40, 9, best=("v", 1), ascii_only=True)
    text = ascii_glyphs(plain(lines))
    assert text.isascii()
    assert "*" in text


@given(
    st.lists(st.floats(width=32), max_size=40),
    st.lists(st.floats(width=32), max_size=40),
    st.integers(10, 100),
    st.integers(3, 30),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_a_line_chart_keeps_to_its_size(one, other, width, height, ascii_only):
    best = ("one", len(one) // 2)
    lines = line_chart(
        {"one": one, "other": other}, width, height, best=best, ascii_only=ascii_only
    )
    assert len(lines) in (0, height)
    assert all(cell_len(line.plain) <= width for line in lines)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0123, "0.01230"), (1234.5, "1234"), (123456.0, "1.235e+05"), (None, "–"), (0.0, "0.000")],
)
def test_numbers_have_four_significant_digits(value, text):
    assert digits(value) == text


def test_decimal_points_stand_below_each_other():
    assert align_decimals(["12.34", "0.5000", "–"]) == ["12.34  ", " 0.5000", " –     "]


def test_times_and_shares_are_written_for_people():
    assert clock(3725.9) == "1:02:05"
    assert clock(None) == clock(math.inf) == "-:--:--"
    assert [percent(share) for share in (0, 0.032, 0.5, 12.5)] == [
        "0 %",
        "3.2 %",
        "50 %",
        "1,250 %",
    ]


def written(forecast: Forecast) -> str:
    stream = io.StringIO()
    write_prediction_csv(forecast, stream)
    return stream.getvalue()


def test_a_forecast_is_written_as_csv():
    forecast = Forecast(
        "week",
        ("2002-01-05", "2002-01-12"),
        ("co2", "a,b"),
        {"co2": (1.5, 2.0), "a,b": (-1.0, 1e-9)},
    )
    assert written(forecast) == ('week,co2,"a,b"\n2002-01-05,1.5,-1.0\n2002-01-12,2.0,1e-09\n')


@pytest.mark.parametrize("name", ["=cmd()", "+a", "-a", "@a"])
def test_names_that_look_like_formulas_are_neutralised_and_numbers_are_not(name):
    assert written(Forecast("t", ("-44",), (name,), {name: (-0.5,)})) == f"t,'{name}\n-44,-0.5\n"


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=20))
def test_a_forecast_reads_back_exactly(values):
    times = tuple(str(index) for index in range(len(values)))
    text = written(Forecast("t", times, ('say "x"',), {'say "x"': tuple(values)}))
    header, *rows = csv.reader(io.StringIO(text), strict=True)
    assert header == ["t", 'say "x"']
    assert [float(row[1]).hex() for row in rows] == [float(value).hex() for value in values]
