"""The season of a series: earned by what repeats, and not by what merely wanders."""

import json

import numpy as np
import pytest

from grucli import evaluate, train
from grucli.data.frequency import MICROSECONDS, Frequency
from grucli.tasks.forecast.season import find_season
from tests.conftest import REPOSITORY, grucli

DAY, WEEK, YEAR = {24: "a day", 168: "a week"}, {7: "a week", 365: "a year"}, {52: "a year"}


def season_of(values, calendar, context_steps=10_000):
    return find_season([np.asarray(values)], calendar, context_steps=context_steps).steps


def shipped(name, share=0.7):
    lines = (REPOSITORY / "data" / name).read_text().splitlines()[1:]
    values = [float(line.split(",")[1] or "nan") for line in lines]
    column = np.array(values[: int(share * len(values))])
    seen = np.flatnonzero(~np.isnan(column))
    return np.interp(np.arange(len(column)), seen, column[seen])


def wave(period, length=600, noise=0.2, slope=0.0):
    steps = np.arange(length)
    noise_values = np.random.default_rng(3).normal(0, noise, length)
    return np.sin(2 * np.pi * steps / period) + noise_values + slope * steps


def temperatures(years, seed=1):
    """Daily ones: a year of 365.25 days, and weather that lasts for days (AR .6)."""
    random = np.random.default_rng(seed)
    weather = np.zeros(round(365.25 * years))
    for day in range(1, len(weather)):
        weather[day] = 0.6 * weather[day - 1] + random.normal(0, 2.2)
    return 11 + 4.4 * np.cos(2 * np.pi * np.arange(len(weather)) / 365.25) + weather


@pytest.mark.parametrize("period", [4, 11, 52])
def test_a_repeating_series_has_its_period_as_season(period):
    assert season_of(wave(period), {}) == pytest.approx(period, abs=1)


def test_the_calendar_season_is_taken_when_the_series_repeats_at_it():
    assert season_of(wave(52, slope=0.01), YEAR) == 52


def test_the_calendar_season_is_left_when_the_series_does_not_repeat_at_it():
    assert season_of(wave(11), {5: "a week"}) == pytest.approx(11, abs=1)


@pytest.mark.parametrize(("rows", "calendar"), [(60, WEEK), (120, {12: "a year"}), (500, DAY)])
def test_noise_has_no_season(rows, calendar):
    noises = np.random.default_rng(4).normal(size=(60, rows))
    assert [season_of(noise, calendar) for noise in noises] == [None] * 60


@pytest.mark.parametrize(
    ("unit", "n", "seasons"),
    [
        ("business_days", 1, {5: "a week", 261: "a year"}),
        ("microseconds", MICROSECONDS["day"], {7: "a week", 365: "a year"}),
        ("microseconds", MICROSECONDS["hour"], {24: "a day", 168: "a week"}),
        ("microseconds", 7 * MICROSECONDS["day"], {52: "a year"}),
        ("months", 1, {12: "a year"}),
        ("months", 3, {4: "a year"}),
        ("steps", 1, {}),
    ],
)
def test_a_frequency_suggests_the_seasons_of_the_calendar(unit, n, seasons):
    assert Frequency(unit, n).calendar_seasons == seasons


@pytest.mark.parametrize("rows", [200, 500, 2000])
@pytest.mark.parametrize(
    "calendar", [{}, {4: "a year"}, {12: "a year"}, {5: "a week", 261: "a year"}, WEEK, YEAR, DAY]
)
def test_random_walks_have_no_season(rows, calendar):
    walks = np.random.default_rng(rows).normal(size=(60, rows)).cumsum(axis=1)
    assert [season_of(walk, calendar) for walk in walks] == [None] * 60


def test_weekly_co2_has_a_year():
    assert season_of(shipped("co2_weekly.csv"), YEAR) == 52


def test_yearly_sunspots_have_their_cycle():
    assert season_of(shipped("sunspots.csv"), {}) == 11


def test_daily_temperatures_have_no_week():
    found = find_season([temperatures(2)], WEEK, context_steps=14)
    assert found.steps is None
    assert "a week (7 steps)" in found.reason


@pytest.mark.parametrize("seed", range(3))
def test_many_years_of_daily_temperatures_have_a_year_of_365_days(seed):
    assert season_of(temperatures(10, seed), WEEK) == 365


def test_a_business_week_has_five_days():
    random = np.random.default_rng(0)
    level = 100 + 2 * random.normal(size=600).cumsum()
    sold = level + np.array([0, -20, -20, 0, 60])[np.arange(600) % 5] + random.normal(0, 15, 600)
    assert season_of(sold, {5: "a week", 261: "a year"}) == 5


def test_of_two_seasons_the_one_that_fits_the_context_and_repeats_better_is_taken():
    hours = np.arange(24 * 7 * 30)
    is_weekend = (hours // 24) % 7 >= 5
    load = np.sin(2 * np.pi * hours / 24) * (1 - 0.5 * is_weekend) + 0.5 * is_weekend
    load += np.random.default_rng(0).normal(0, 0.1, len(hours))
    assert season_of(load, DAY, context_steps=336) == 168
    assert season_of(load, DAY, context_steps=96) == 24


def test_a_day_without_weeks_stays_a_day():
    assert season_of(wave(24, length=3000), DAY) == 24


def test_a_longer_season_beside_that_of_the_calendar_is_found():
    assert season_of(wave(26, length=1000, noise=0.05), {24: "a day"}) == 26


def test_a_series_too_short_to_tell_says_so():
    found = find_season([np.arange(6.0)], WEEK, context_steps=3)
    assert (found.steps, found.reason) == (None, "the training span is too short to tell one")


def test_mase_of_a_random_walk_is_that_of_one_step(folder):
    walk = np.random.default_rng(5).normal(size=900).cumsum()
    days = np.datetime64("2020-01-01") + np.arange(900)
    rows = [f"{day},{value!r}" for day, value in zip(days, walk.tolist(), strict=True)]
    (folder / "wave.csv").write_text("\n".join(["day,level", *rows]) + "\n")
    finished = train(
        folder / "wave.yaml", ["train.epochs=1", "task.horizon=1"], run_dir=folder / "run"
    )
    naive = evaluate(finished.best_path).baselines["naive"]
    train_rows, test_rows = np.diff(walk[:540]), np.diff(walk[719:])
    assert naive.mase == pytest.approx(np.abs(test_rows).mean() / np.abs(train_rows).mean(), 1e-4)


def test_eval_says_which_season_it_used_and_why(trained):
    done = grucli("eval", trained / "run" / "best.pt")
    text = " ".join(done.stdout.split())
    assert "season of 7 steps: a week: values 7 steps apart differ " in text
    document = json.loads(grucli("eval", trained / "run" / "best.pt", "--json").stdout)
    assert document["season_steps"] == 7
    assert document["season_reason"].startswith("a week: values 7 steps apart differ ")


def test_a_season_from_the_recipe_is_said_to_be_its(folder):
    finished = train(
        folder / "wave.yaml", ["train.epochs=1", "task.season=9"], run_dir=folder / "run"
    )
    scores = evaluate(finished.best_path)
    assert (scores.season_steps, scores.season_reason) == (9, "as task.season says")
