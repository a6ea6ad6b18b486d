"""How often two forecasters that are equally good are told apart: the size of the test of `eval`.

    python experiments/verdict/size.py --runs 2000

Two forecasters of a random walk guess its drift, each with an error of its own that is new in
every window or lasts (autoregression of .95). Every window begins one step after the one before it.
Beside the test that grucli takes stands that of Diebold & Mariano 1995 with the truncated kernel
over one horizon and the correction of Harvey, Leybourne & Newbold 1997. Right is 5 in 100. Walks of
many series share half of the variance of their steps.
"""

import argparse

import numpy as np

from grucli.tasks.forecast.metrics import Array
from grucli.tasks.forecast.students_t import two_sided_quantile
from grucli.tasks.forecast.verdict import Origins, compare

CASES = ((50, 1), (50, 3), (50, 13), (118, 3), (118, 26), (431, 3), (431, 26), (431, 96))
PANELS = ((20, 60, 3), (100, 30, 14), (300, 1, 13))


def guesses(random: np.random.Generator, count: int, lasting: float) -> Array:
    """Errors of unit variance, each ``lasting`` times the one before it and something new."""
    steps = random.normal(size=count + 100)
    for row in range(1, len(steps)):
        steps[row] += lasting * steps[row - 1]
    return np.asarray(steps[100:] * np.sqrt(1 - lasting**2))


def losses(random: np.random.Generator, walk: Array, horizon: int, lasting: float) -> list[Array]:
    """Squared errors of both forecasters by window of one walk."""
    count = len(walk) - horizon
    ahead = np.arange(1, horizon + 1)
    changes = walk[np.arange(count)[:, None] + ahead] - walk[:count, None]
    return [
        (
            (changes - ahead * 0.5 / np.sqrt(horizon) * guesses(random, count, lasting)[:, None])
            ** 2
        ).sum(axis=1)
        for _ in range(2)
    ]


def truncated(model: Array, baseline: Array, horizon: int) -> bool:
    """Whether Diebold & Mariano, corrected, tell two forecasters apart."""
    difference = model - baseline
    count, mean = len(difference), difference.mean()
    centred = difference - mean
    lags = [float(centred[lag:] @ centred[: count - lag]) / count for lag in range(horizon)]
    variance = lags[0] + 2 * sum(lags[1:])
    if variance <= 0:  # Bartlett's kernel, as is usual then
        variance = lags[0] + 2 * sum((1 - lag / horizon) * lags[lag] for lag in range(1, horizon))
    inner = (count + 1 - 2 * horizon + horizon * (horizon - 1) / count) / count
    t = abs(mean) / np.sqrt(variance / count) * np.sqrt(max(inner, 0.0))
    return bool(t > two_sided_quantile(0.95, count - 1))


def told_apart(model: Array, baseline: Array, origins: Origins) -> bool:
    """Whether grucli tells them apart; its rule for differences too small to matter left out."""
    chance = compare(model, baseline, origins).p_value
    return chance is not None and chance < 0.05


def one_series(random: np.random.Generator, case: tuple[int, int], lasting: float) -> list[bool]:
    """One run on windows of one series: grucli's test, then the other."""
    count, horizon = case
    walk = random.normal(size=count + horizon).cumsum()
    model, baseline = losses(random, walk, horizon, lasting)
    origins = Origins(np.arange(count), np.zeros(count, int), horizon)
    return [told_apart(model, baseline, origins), truncated(model, baseline, horizon)]


def many_series(random: np.random.Generator, case: tuple[int, int, int], lasting: float) -> bool:
    """One run on several series at the same times: grucli's test."""
    series, count, horizon = case
    shared = random.normal(size=count + horizon)
    pairs = []
    for _ in range(series):
        walk = (shared + random.normal(size=count + horizon)).cumsum() / np.sqrt(2)
        pairs.append(losses(random, walk, horizon, lasting))
    model, baseline = (np.concatenate([pair[which] for pair in pairs]) for which in (0, 1))
    times = np.tile(np.arange(count), series)
    origins = Origins(times, np.repeat(np.arange(series), count), min(horizon, count))
    return told_apart(model, baseline, origins)


def main() -> None:
    """Print one line for each case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    runs = parser.parse_args().runs
    for lasting in (0.0, 0.95):
        for case in CASES:
            random = np.random.default_rng(case)
            told = np.array([one_series(random, case, lasting) for _ in range(runs)])
            ours, theirs = 100 * told.mean(axis=0)
            print(f"{lasting} windows, horizon {case}: {ours:.1f} and {theirs:.1f} %", flush=True)
        for panel in PANELS:
            random = np.random.default_rng(panel)
            share = np.mean([many_series(random, panel, lasting) for _ in range(runs // 4)])
            print(f"{lasting} series, windows, horizon {panel}: {100 * share:.1f} %", flush=True)


if __name__ == "__main__":
    main()
