"""What `grucli init` writes, untouched, on twelve tables: is the network better than a line?

    python benchmarks/first_recipes.py [--only NAME]... [--set KEY=VALUE]...

Two tables are shipped, seven are drawn here with a known structure, and three are public files that
GRUCLI_REFERENCE_DATA names a folder of (left out where it does not): ETTh1.csv, m4_weekly_train.csv
and beijing_pm25.csv. The choice of tables was written down before any result was known. Prints one
line a table: errors of the model and of the baselines on the test span, and the verdicts.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from processes import grucli, train

REPOSITORY = Path(__file__).parents[1]
PUBLIC = ("ETTh1.csv", "m4_weekly_train.csv", "beijing_pm25.csv")
Columns = dict[str, np.ndarray]


def shop(draw: np.random.Generator, days: np.ndarray) -> Columns:
    """Daily sales of a shop that is closed on Sundays, busier before weekends and in December."""
    weekday = np.array([0.8, 0.9, 1.0, 1.1, 1.4, 1.7, 0.0])[days % 7]
    year = 1 + 0.3 * np.cos(2 * np.pi * (days - 355) / 365.25)
    sales = 200 * weekday * year * draw.lognormal(0, 0.12, len(days))
    return {"sales": np.round(sales)}


def electricity(draw: np.random.Generator, hours: np.ndarray) -> Columns:
    """Hourly load that rises with cold and with heat, beside the temperature."""
    weather = np.zeros(len(hours))
    for hour in range(1, len(hours)):
        weather[hour] = 0.995 * weather[hour - 1] + draw.normal(0, 0.35)
    year = -10 * np.cos(2 * np.pi * hours / 8766)
    temperature = 11 + year - 4 * np.cos(2 * np.pi * (hours - 3) / 24) + weather
    day = np.array([0, 0, 0, 0, 0, 1, 3, 6, 8, 8, 8, 8, 7, 7, 7, 7, 8, 10, 11, 9, 7, 5, 3, 1])
    work = np.where(hours // 24 % 7 < 5, 1.0, 0.6)
    demand = 1.2 * np.maximum(16 - temperature, 0) + 1.5 * np.maximum(temperature - 21, 0)
    load = 40 + day[hours % 24] * work + demand + draw.normal(0, 0.8, len(hours))
    return {"load": np.round(load, 2), "temperature": np.round(temperature, 1)}


def random_walk(draw: np.random.Generator, days: np.ndarray) -> Columns:
    """What nothing can forecast better than its last value."""
    return {"price": np.round(100 + np.cumsum(draw.normal(0, 1, len(days))), 3)}


def level_shifts(draw: np.random.Generator, days: np.ndarray) -> Columns:
    """Trend, week and year, with a jump of the level every few months."""
    jumps = np.cumsum(np.where(draw.random(len(days)) < 1 / 200, draw.normal(0, 15, len(days)), 0))
    week = 6 * np.sin(2 * np.pi * days / 7)
    year = 10 * np.sin(2 * np.pi * days / 365.25)
    return {
        "visits": np.round(80 + 0.03 * days + jumps + week + year + draw.normal(0, 2, len(days)), 2)
    }


def counts(draw: np.random.Generator, hours: np.ndarray) -> Columns:
    """Hourly calls: Poisson, its rate by hour of the day and day of the week."""
    rate = 3 + 9 * np.exp(-((((hours % 24) - 13) / 4) ** 2)) * np.where(hours // 24 % 7 < 5, 1, 0.4)
    return {"calls": draw.poisson(rate)}


def intermittent(draw: np.random.Generator, days: np.ndarray) -> Columns:
    """Daily demand of a spare part: none on most days, more orders in winter."""
    chance = 0.2 + 0.1 * np.cos(2 * np.pi * days / 365.25)
    ordered = draw.random(len(days)) < chance
    return {"parts": np.where(ordered, 1 + draw.poisson(3, len(days)), 0)}


def chaotic(draw: np.random.Generator, steps: np.ndarray) -> Columns:
    """The Mackey-Glass equation with a delay of 17 (Mackey & Glass 1977), every 6 units of time."""
    fine, delay = 10, 170
    x = np.full(1000 + 6 * fine * len(steps), 1.2)
    x[:delay] += draw.normal(0, 0.05, delay)
    for at in range(delay, len(x)):
        past = x[at - delay]
        x[at] = x[at - 1] + (0.2 * past / (1 + past**10) - 0.1 * x[at - 1]) / fine
    return {"x": np.round(x[1000:][:: 6 * fine][: len(steps)], 5)}


Maker = Callable[[np.random.Generator, np.ndarray], Columns]
DRAWN: dict[str, tuple[Maker, str, int]] = {
    "shop": (shop, "D", 4 * 365),
    "electricity": (electricity, "h", 400 * 24),
    "random_walk": (random_walk, "D", 3000),
    "level_shifts": (level_shifts, "D", 6 * 365),
    "counts": (counts, "h", 300 * 24),
    "intermittent": (intermittent, "D", 6 * 365),
    "chaotic": (chaotic, "", 3000),
}
"""Name -> (what draws it, distance between rows, rows)."""


def write(name: str, folder: Path) -> Path:
    """Draw a table, the same on every machine, and write it as CSV."""
    maker, unit, rows = DRAWN[name]
    steps = np.arange(rows)
    columns = maker(np.random.default_rng(list(DRAWN).index(name) + 1), steps)
    start = np.datetime64("2018-01-01", unit or "D")
    times = start + steps if unit else steps
    path = folder / f"{name}.csv"
    lines = [",".join(["time", *columns])]
    for when, *cells in zip(times, *columns.values(), strict=True):
        stamp = str(when).replace("T", " ") + (":00" if unit == "h" else "")
        lines.append(",".join([stamp, *map(str, cells)]))
    path.write_text("\n".join(lines) + "\n")
    return path


def tables(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every table that is there, by name."""
    for name in ("co2_weekly", "sunspots"):
        yield name, REPOSITORY / "data" / f"{name}.csv"
    reference = os.environ.get("GRUCLI_REFERENCE_DATA")
    for name in PUBLIC if reference else ():
        yield name.removesuffix(".csv"), Path(str(reference)) / name
    for name in DRAWN:
        yield name, write(name, folder)


def measure(name: str, table: Path, folder: Path, overrides: list[str]) -> None:
    """Init, train and eval one table, and print what came out."""
    recipe, run = folder / f"{name}.yaml", folder / name
    grucli("init", str(table), "-o", str(recipe))
    seconds = train(recipe, run, overrides)
    scores = json.loads(grucli("eval", str(run / "best.pt"), "--json"))
    errors = {"model": scores["model"]["rmse"]}
    errors |= {key: value["rmse"] for key, value in scores["baselines"].items()}
    words = "  ".join(f"{key} {value:.4g}" for key, value in errors.items())
    best = min(value for key, value in errors.items() if key != "model")
    sign = "<" if errors["model"] < best else ">"
    print(f"{name:16} {sign}  {words}  {seconds:.0f} s", flush=True)


def main() -> None:
    """Measure the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--set", action="append", default=[], dest="overrides")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        for name, table in tables(Path(place)):
            if not options.only or name in options.only:
                measure(name, table, Path(place), options.overrides)


if __name__ == "__main__":
    main()
