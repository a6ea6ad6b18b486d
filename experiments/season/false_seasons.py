"""How often a series without a season is given one: the error of the first kind of ``find_season``.

    python experiments/season/false_seasons.py --walks 2000

Prints for every kind of series, length and calendar the share that got a season, of the calendar or
another. Random walks have normal steps, steps of Student's t with 2 degrees of freedom or a drift;
the others are noise and autoregressions.
"""

import argparse
from collections.abc import Callable

import numpy as np

from grucli.tasks.forecast.season import Array, find_season

CALENDARS = {
    "numbered": {},
    "quarters": {4: "a year"},
    "months": {12: "a year"},
    "weeks": {52: "a year"},
    "business days": {5: "a week", 261: "a year"},
    "days": {7: "a week", 365: "a year"},
    "hours": {24: "a day", 168: "a week"},
    "quarter hours": {96: "a day", 672: "a week"},
}
LENGTHS = (200, 500, 1000, 2000, 5000)


def autoregression(phi: float, steps: Array) -> Array:
    """y_t = phi y_(t-1) + step."""
    values = steps.copy()
    for row in range(1, len(values)):
        values[row] += phi * values[row - 1]
    return values


KINDS: dict[str, Callable[[np.random.Generator, int], Array]] = {
    "random walk": lambda random, rows: random.normal(size=rows).cumsum(),
    "random walk, t(2)": lambda random, rows: random.standard_t(2, size=rows).cumsum(),
    "random walk, drift": lambda random, rows: (0.3 + random.normal(size=rows)).cumsum(),
    "autoregression .9": lambda random, rows: autoregression(0.9, random.normal(size=rows)),
    "noise": lambda random, rows: random.normal(size=rows),
}


def main() -> None:
    """Print one line for each kind and length."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--walks", type=int, default=2000)
    parser.add_argument("--kind", choices=KINDS, action="append")
    asked = parser.parse_args()
    for kind in asked.kind or KINDS:
        for rows in LENGTHS:
            random = np.random.default_rng(rows)
            false = dict.fromkeys(CALENDARS, 0)
            for _ in range(asked.walks):
                values = KINDS[kind](random, rows)
                for name, calendar in CALENDARS.items():
                    season = find_season([values], calendar, context_steps=rows)
                    false[name] += season.steps is not None
            shares = "  ".join(f"{name} {count}" for name, count in false.items())
            print(f"{kind}, {rows} rows, of {asked.walks}: {shares}", flush=True)


if __name__ == "__main__":
    main()
