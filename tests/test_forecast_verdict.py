"""Better, worse or no difference: the test, its interval, and what is said of real runs."""

import json

import numpy as np
import pytest

from grucli import evaluate, train
from grucli.tasks.forecast.students_t import share_within, two_sided_quantile
from grucli.tasks.forecast.verdict import LEAST_SERIES, Origins, Spread, _cosines, compare
from tests.conftest import grucli


def origins_of(count, horizon=1, series=1):
    times = np.tile(np.arange(count), series)
    return Origins(times, np.repeat(np.arange(series), count), horizon)


def errors(seed, count, factor=1.0):
    return factor * np.random.default_rng(seed).normal(size=count) ** 2


# --- Student's t ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("degrees", "quantile"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (10, 2.228), (120, 1.980)],
)
def test_quantiles_are_those_of_the_tables(degrees, quantile):
    assert two_sided_quantile(0.95, degrees) == pytest.approx(quantile, abs=5e-4)


@pytest.mark.parametrize("degrees", [1, 2, 3, 8, 9])
def test_the_share_within_is_the_integral_of_the_density(degrees):
    x = np.linspace(-1.7, 1.7, 20001)
    density = (1 + x**2 / degrees) ** (-(degrees + 1) / 2)
    wide = np.tan(np.linspace(-np.pi / 2, np.pi / 2, 400_001)[1:-1])
    whole = np.trapezoid((1 + wide**2 / degrees) ** (-(degrees + 1) / 2), wide)
    assert share_within(1.7, degrees) == pytest.approx(np.trapezoid(density, x) / whole, rel=1e-4)


# --- the test and its interval ----------------------------------------------------------------
def test_cosine_transforms_are_their_definition():
    series = np.random.default_rng(0).normal(size=(2, 37))
    t, j = np.arange(1, 38) - 0.5, np.arange(1, 6)
    expected = np.sqrt(2 / 37) * series @ np.cos(np.pi * j[:, None] * t / 37).T
    np.testing.assert_allclose(_cosines(series, 5), expected)


def test_the_chance_is_that_of_the_test_written_out():
    model, baseline = errors(1, 90), errors(2, 90, 1.3)
    difference = model - baseline
    degrees = round(0.4 * 90 ** (2 / 3))
    t, j = np.arange(1, 91) - 0.5, np.arange(1, degrees + 1)
    transforms = np.sqrt(2 / 90) * np.cos(np.pi * j[:, None] * t / 90) @ difference
    statistic = difference.mean() / np.sqrt((transforms**2).mean() / 90)
    found = compare(model, baseline, origins_of(90))
    assert found.p_value == pytest.approx(1 - share_within(abs(statistic), degrees))


def test_the_interval_ends_where_the_test_just_rejects():
    model, baseline = errors(1, 200), errors(2, 200, 1.5)
    found = compare(model, baseline, origins_of(200, horizon=5))
    for bound in (found.low, found.high):
        at_bound = compare(model, (1 - bound) * baseline, origins_of(200, horizon=5))
        assert at_bound.p_value == pytest.approx(0.05, rel=1e-6)


@pytest.mark.parametrize(("factor", "verdict"), [(0.5, "better"), (2.0, "worse")])
def test_a_clear_difference_is_told(factor, verdict):
    baseline = errors(2, 300)
    found = compare(factor * baseline * (1 + 0.1 * errors(3, 300)), baseline, origins_of(300))
    assert found.verdict == verdict
    assert found.low < found.skill < found.high
    assert found.skill == pytest.approx(1 - factor * 1.1, abs=0.06)


def test_equal_forecasters_are_told_apart_as_often_as_said():
    found = [compare(errors(n, 60), errors(n + 10_000, 60), origins_of(60)) for n in range(400)]
    told = np.mean([comparison.p_value < 0.05 for comparison in found])
    assert told == pytest.approx(0.05, abs=0.03)


def test_a_difference_too_small_to_matter_is_none():
    baseline = errors(2, 300)
    found = compare(0.999 * baseline, baseline, origins_of(300))
    assert (found.verdict, found.p_value) == ("no difference", pytest.approx(0, abs=1e-9))


@pytest.mark.parametrize("count", [1, 3, 20])
def test_windows_that_all_overlap_cannot_tell(count):
    found = compare(errors(1, count), errors(2, count, 50), origins_of(count, horizon=count))
    assert found.verdict == "no difference"
    assert (found.low, found.high, found.p_value) == (None, None, None)
    assert found.skill > 0.5


def test_windows_that_repeat_each_other_tell_less_than_as_many_of_their_own():
    model, baseline = errors(1, 400), errors(2, 400, 1.5)
    alone = compare(model, baseline, origins_of(400))
    few = [np.repeat(each[:20], 20) for each in (model, baseline)]
    repeated = compare(*few, origins_of(400, horizon=20))
    assert repeated.high - repeated.low > 2 * (alone.high - alone.low)


def test_a_baseline_without_an_error_is_not_beaten():
    zero = np.zeros(50)
    assert compare(errors(1, 50), zero, origins_of(50)).verdict == "worse"
    assert compare(zero, zero, origins_of(50)).verdict == "no difference"


def test_an_error_is_never_more_than_100_per_cent_lower():
    model = np.where(np.arange(60) < 5, 5.0, 0.001) * errors(1, 60)
    assert compare(model, errors(2, 60), origins_of(60)).high == 1.0


def test_a_ratio_that_could_be_anything_has_no_bounds():
    assert Spread(np.diag([1.0, 100.0]), 2).ratios(1.0, 2.0) == (None, None)


# --- many series ------------------------------------------------------------------------------
def test_windows_of_many_series_at_one_time_count_as_one():
    model, baseline = errors(1, 80), errors(2, 80, 1.4)
    alone = compare(model, baseline, origins_of(80))
    copies = [np.tile(each, LEAST_SERIES - 1) for each in (model, baseline)]
    together = compare(*copies, origins_of(80, series=LEAST_SERIES - 1))
    assert together.p_value == pytest.approx(alone.p_value)
    assert (together.low, together.high) == pytest.approx((alone.low, alone.high))


def test_series_with_one_window_each_are_held_against_each_other():
    baseline = errors(2, 100)
    model = 0.5 * baseline * (1 + 0.1 * errors(3, 100))
    found = compare(model, baseline, origins_of(1, series=100))
    assert found.verdict == "better"
    difference = model - baseline
    t = abs(difference.mean()) / (difference.std(ddof=1) / 10)
    assert found.p_value == pytest.approx(1 - share_within(t, 99), abs=1e-12)


# --- what is said -----------------------------------------------------------------------------
@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """A run on a random walk."""
    from tests.conftest import RECIPE

    folder = tmp_path_factory.mktemp("walk")
    level = np.random.default_rng(7).normal(size=700).cumsum()
    days = np.datetime64("2020-01-01") + np.arange(700)
    rows = [f"{day},{value:.4f}" for day, value in zip(days, level, strict=True)]
    (folder / "wave.csv").write_text("\n".join(["day,level", *rows]) + "\n")
    (folder / "wave.yaml").write_text(RECIPE)
    train(folder / "wave.yaml", run_dir=folder / "run")
    return folder / "run" / "best.pt"


def test_on_a_random_walk_there_is_no_difference_from_naive(walk):
    assert evaluate(walk).comparisons["naive"].verdict == "no difference"
    text = " ".join(grucli("eval", walk).stdout.split())
    assert "No difference from naive" in text
    assert ", so naive is enough." in text


def test_comparisons_are_those_of_the_errors(trained):
    scores = evaluate(trained / "run" / "best.pt")
    assert scores.comparisons.keys() == scores.baselines.keys()
    for name, comparison in scores.comparisons.items():
        ratio = scores.model.scaled_mse / scores.baselines[name].scaled_mse
        assert comparison.skill == pytest.approx(1 - ratio)


def test_skill_can_be_checked(trained):
    best = trained / "run" / "best.pt"
    document = json.loads(grucli("eval", best, "--json").stdout)
    skill = document["comparisons"]["ridge"]["skill"]
    done = grucli("eval", best, "--fail-if", f"skill.ridge<{skill + 0.01}")
    assert done.returncode == 6
    assert "skill.ridge is " in done.stderr
    assert grucli("eval", best, "--fail-if", f"skill.ridge<{skill - 0.01}").returncode == 0
    assert grucli("eval", best, "--fail-if", "skill.naive.low<-1000").returncode == 0
