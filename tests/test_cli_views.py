"""What a person sees of scores."""

import io
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from grucli.cli.views.scores import render_scores, score_numbers
from grucli.cli.views.summary import render_end, render_next, render_result
from grucli.results import (
    Comparison,
)
from tests.scores_cases import WIDTHS, finished, metrics, scores, widest


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("by", [None, "step", "column"])
@pytest.mark.parametrize("model", [0.6, 3e4])
def test_scores_fit_the_width(width, by, model):
    text = render_scores(scores(model, horizon=96), by, width).plain
    assert widest(text) <= width
    assert "\x1b" not in text


def test_scores_show_every_metric_of_every_forecaster():
    text = render_scores(scores(), None, 80).plain
    heads = " ".join(line for line in text.splitlines() if line.startswith("   "))
    assert " ".join(heads.split()) == ("mse rmse mae mape % smape % mase r2 scaled mse scaled mae")
    for name in ("▸ model", "  naive", "  seasonal naive", "  drift", "  ridge"):
        assert sum(line.startswith(f"{name} ") for line in text.splitlines()) == 2
    assert "0.3600" in text
    assert "season of 52 steps" in text
    assert "11,206 values" in text


def test_the_best_of_each_metric_carries_a_star():
    text = render_scores(scores(0.95), None, 80).plain
    ridge = [line for line in text.splitlines() if line.startswith("  ridge")]
    model = [line for line in text.splitlines() if line.startswith("▸ model")]
    assert sum(line.count("*") for line in ridge) == 9
    assert sum(line.count("*") for line in model) == 0


def test_a_higher_r2_is_better():
    text = render_scores(scores(0.5, r2=None), None, 80).plain
    assert "r2 is not defined: the truth is constant" in text
    best = replace(scores(), model=metrics(9.0, r2=0.999))
    model = [line for line in render_scores(best, None, 80).plain.splitlines() if "▸" in line]
    assert "0.9990*" in model[0]


def test_what_is_not_defined_is_a_dash_with_the_reason():
    text = render_scores(scores(mape=None), None, 80).plain
    assert "– mape is not defined: the truth holds a zero" in text
    assert "smape is not defined" not in text


def said(**changes):
    """The sentences of the verdict beside seasonal naive, the strongest naive forecast."""
    comparison = Comparison(0.5, 0.4, 0.58, 0.0, "better")
    compared = {"seasonal_naive": replace(comparison, **changes)}
    text = render_scores(replace(scores(), comparisons=compared), None, 80).plain
    return " ".join(text.split()).partition("strongest naive forecast: ")[2]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "mean squared error 50 % lower (95 % interval 40 to 58 % lower)."),
        (
            {"skill": -0.032, "low": -0.051, "high": -0.01, "verdict": "worse"},
            "mean squared error 3.2 % higher (95 % interval 1.0 to 5.1 % higher), "
            "so seasonal naive is enough.",
        ),
        (
            {"skill": 0.03, "low": -0.2, "high": 0.15, "p_value": 0.4, "verdict": "no difference"},
            "mean squared error 3.0 % lower (95 % interval 15 % lower to 20 % higher).",
        ),
        (
            {"skill": -0.03, "low": -0.2, "high": 0.15, "p_value": 0.4, "verdict": "no difference"},
            "mean squared error 3.0 % higher (95 % interval 15 % lower to 20 % higher), so "
            "seasonal naive is enough.",
        ),
        (
            {"skill": -1233.0, "low": -2000.0, "high": -500.0, "verdict": "worse"},
            "mean squared error 1,234 times as high (95 % interval 501 times as high to 2,001 "
            "times as high), so seasonal naive is enough.",
        ),
        (
            {"skill": 0.004, "low": 0.001, "high": 0.007, "p_value": 1e-3}
            | {"verdict": "no difference"},
            "mean squared error 0.4 % lower (95 % interval 0.1 to 0.7 % lower), less than 1 %, "
            "which is none.",
        ),
        (
            {"low": None, "high": None, "p_value": None, "verdict": "no difference"},
            "mean squared error 50 % lower, of too few windows to tell.",
        ),
        (
            {"low": None, "high": None, "p_value": 0.3, "verdict": "no difference"},
            "mean squared error 50 % lower (95 % interval without bounds).",
        ),
        (
            {"skill": None, "verdict": "worse"},
            "it makes no error at all, so seasonal naive is enough.",
        ),
    ],
)
def test_the_verdict_says_how_large_the_difference_is(changes, words):
    assert said(**changes) == words


def test_the_verdict_names_the_strongest_naive_forecast_then_ridge_then_the_rest():
    lines = render_scores(scores(), None, 200).plain.splitlines()
    assert lines[-4].startswith("Better than seasonal naive, the strongest naive forecast: ")
    assert lines[-3].startswith("Worse than ridge regression: ")
    assert lines[-2].startswith("Better than naive: ")
    assert lines[-1].startswith("No difference from drift: ")


def test_the_end_of_a_run_names_the_strongest_naive_forecast_and_ridge():
    text = render_result(finished(scores())).plain
    assert "Better than seasonal naive, the strongest naive forecast: " in text
    assert "Worse than ridge regression: " in text
    assert "drift: " not in text


def test_the_numbers_that_can_be_checked_have_the_skill():
    numbers = score_numbers(scores())
    assert numbers["skill.ridge"] == -0.25
    assert (numbers["skill.ridge.low"], numbers["skill.ridge.high"]) == (-0.4, -0.1)


def test_a_long_horizon_shows_every_step():
    text = render_scores(scores(horizon=96), "step", 80).plain
    assert all(f"step {number:>2}" in text for number in range(1, 97))
    assert "█" in text


def test_a_horizon_of_one_step_has_a_row_and_no_sparkline():
    text = render_scores(scores(horizon=1), "step", 80).plain
    assert "step 1" in text
    assert "▁" not in text
    assert "█" not in text


def test_columns_stand_straight_beside_names_in_wide_letters():
    by_column = {"日本": metrics(0.5), "co2": metrics(0.5)}
    text = render_scores(replace(scores(), by_column=by_column), "column", 80).plain
    rows = [line for line in text.splitlines() if line.startswith(("  日本", "  co2"))]
    assert len({cell_len(line) for line in rows}) == 1


def test_an_ascii_terminal_gets_ascii_scores():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Console(file=stream, width=80).print(render_scores(scores(mape=None), "step", 80))
    stream.flush()
    assert b"> model" in stream.buffer.getvalue()


def test_every_number_of_the_scores_has_a_name():
    numbers = score_numbers(scores())
    assert numbers["rmse"] == 0.6
    assert numbers["naive.rmse"] == 2.4
    assert numbers["step1.rmse"] == pytest.approx(0.3)
    assert numbers["column.co2.mase"] == pytest.approx(0.6 / 1.7)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_summary_fits_the_width(width):
    for render in (render_end, render_result, render_next):
        assert widest(render(finished(scores()), width).plain) <= width
