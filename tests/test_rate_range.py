"""The learning-rate range test: rates that rise at every step, and one that is suggested."""

import json

import pytest

from grucli.errors import TrainingError
from grucli.recipe import load_recipe
from grucli.runs.rate_range import STEPS, find_rates, smoothed, steepest_fall, suggested_rate
from tests.conftest import grucli


@pytest.fixture(scope="module")
def found(trained):
    return find_rates(load_recipe(trained / "wave.yaml"), threads=1)


def test_the_rate_rises_by_one_factor_at_every_step(found):
    ratios = [after / before for before, after in zip(found.rates, found.rates[1:], strict=False)]
    assert found.rates[0] == 1e-6
    assert ratios == pytest.approx([ratios[0]] * len(ratios))
    assert len(found.rates) == len(found.losses) <= STEPS


def test_what_is_suggested_lies_before_the_lowest_loss(found):
    assert found.rates[0] < found.suggested <= found.lowest / 10
    assert found.own == 0.01


def test_the_running_mean_forgets_nothing_at_first_and_follows_later():
    assert smoothed([2.0, 2.0, 2.0]) == pytest.approx([2.0, 2.0, 2.0])
    assert smoothed([1.0] + [3.0] * 60)[-1] == pytest.approx(3.0, abs=0.01)


def test_the_steepest_fall_is_found_where_it_is_and_none_where_there_is_none():
    means = [1.0] * 80 + [1.0 - 0.02 * step for step in range(40)] + [0.2] * 80
    assert 80 <= steepest_fall(means, 120) <= 120
    assert steepest_fall([1.0 + 0.01 * step for step in range(100)], 0) is None


def test_no_more_than_a_tenth_of_the_rate_of_the_lowest_loss_is_suggested():
    rates = [10.0**power for power in range(-6, 1)]
    assert suggested_rate(rates, 2, 5) == 1e-4
    assert suggested_rate(rates, 4, 5) == 1e-2
    assert suggested_rate(rates, 5, 5) == 1e-2


def test_a_loss_that_is_never_finite_is_an_error(folder):
    text = (folder / "wave.csv").read_text().splitlines()
    rows = [f"{row.split(',')[0]},{1e38 if n % 2 else -1e38}" for n, row in enumerate(text[1:])]
    (folder / "wave.csv").write_text("\n".join([text[0], *rows]) + "\n")
    with pytest.raises(TrainingError):
        find_rates(load_recipe(folder / "wave.yaml", ["data.scale=none"]), threads=1)


def test_the_command_draws_the_curve_and_says_what_to_type(trained):
    done = grucli("tune", "wave.yaml", "--lr", "--threads", "1", cwd=trained)
    assert done.returncode == 0, done.stderr
    assert "Learning rates of wave" in done.stdout
    assert "1.0e-06" in done.stdout
    assert "◆ train.lr" in done.stdout
    assert "grucli train wave.yaml --set train.lr=" in done.stderr
    refused = grucli("tune", "wave.yaml", "--lr", "--trials", "3", cwd=trained)
    assert (refused.returncode, "makes no study" in refused.stderr) == (2, True)


def test_the_result_is_one_document(trained):
    done = grucli("tune", "wave.yaml", "--lr", "--threads", "1", "--json", "--quiet", cwd=trained)
    assert json.loads(done.stdout, parse_constant=pytest.fail)["kind"] == "RateRange"
