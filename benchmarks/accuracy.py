"""Train the recipes that stand for published figures, and print ours beside them.

    python benchmarks/accuracy.py [--only NAME]... [--seeds 0 1 2] [--threads 1]

Every window of the test span counts, epochs and settings were chosen on the validation span alone.
Tables that are not shipped are taken from the folder that GRUCLI_REFERENCE_DATA names; rows whose
table is not there are left out and said to be.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from processes import grucli, train

REPOSITORY = Path(__file__).parents[1]
M4 = ("m4_weekly_train.csv", "m4_weekly_test.csv")


@dataclass(frozen=True)
class Row:
    """One figure: how it comes from a trained checkpoint, and what stands beside it."""

    name: str
    recipe: str
    figure: Callable[[Path], float]
    words: str
    published: str
    ridge: str
    files: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    steps: int = 0
    """Of the adding problem: its table is drawn."""


def score(metric: str) -> Callable[[Path], float]:
    """A metric of the model over the test span."""
    return lambda best: float(json.loads(grucli("eval", str(best), "--json"))["model"][metric])


def reference(name: str) -> Path:
    """A public table in the folder that was named."""
    return Path(os.environ.get("GRUCLI_REFERENCE_DATA", "")) / name


def series_of(text: str) -> dict[str, np.ndarray]:
    """Values of every series of a table in long form (unique_id, ds, y)."""
    values: dict[str, list[float]] = {}
    for row in csv.DictReader(text.splitlines()):
        values.setdefault(row["unique_id"], []).append(float(row["y"]))
    return {name: np.array(numbers) for name, numbers in values.items()}


def owa(best: Path) -> float:
    """M4's overall weighted average over all series, beside Naive2 (Makridakis et al. 2020).

    sMAPE x 200; the period of MASE is 1 for weekly series, and Naive2 the last value.
    """
    history, truth = (series_of(reference(name).read_text()) for name in M4)
    forecast = series_of(grucli("predict", str(best), str(reference(M4[0]))))
    naive = {name: np.repeat(history[name][-1], len(truth[name])) for name in truth}

    def errors(guess: dict[str, np.ndarray]) -> np.ndarray:
        parts = []
        for name, y in truth.items():
            error = np.abs(y - guess[name])
            smape = 200 * np.mean(error / (np.abs(y) + np.abs(guess[name])))
            parts.append((smape, error.mean() / np.abs(np.diff(history[name])).mean()))
        return np.mean(parts, axis=0)

    return float(np.mean(errors(forecast) / errors(naive)))


def etth1(horizon: int, published: str, ridge: str, *sets: str, context: int = 96) -> Row:
    """ETTh1, so many hours to so many, in scaled units."""
    return Row(
        f"etth1_{context}_{horizon}",
        "etth1",
        score("scaled_mse"),
        "mse (scaled)",
        published,
        ridge,
        ("ETTh1.csv",),
        (f"task.context={context}", f"task.horizon={horizon}", *sets),
    )


def adding(steps: int, epochs: int, published: str) -> Row:
    """The adding problem over more steps than the shipped table has."""
    settings = ("lr=3e-3", "schedule.kind=cosine", "average=ema", f"epochs={epochs}")
    return Row(
        f"adding_{steps}",
        "adding",
        score("mse"),
        "mse",
        published,
        "",
        sets=(
            f"task.context={steps}",
            f"task.stride={steps + 1}",
            *(f"train.{setting}" for setting in settings),
        ),
        steps=steps,
    )


def draw_adding(steps: int, folder: Path) -> Path:
    """Ten thousand episodes of the adding problem, the same on every machine."""
    place = folder / f"adding-{steps}"
    if not place.exists():
        place.mkdir()
        maker = REPOSITORY / "tools" / "make_data.py"
        sizes = ["--steps", str(steps), "--episodes", "10000", "--to", str(place)]
        subprocess.run([sys.executable, str(maker), "adding", *sizes], check=True)
    return place / "adding.csv.gz"


ROWS = (
    Row("co2", "co2", score("rmse"), "rmse, ppm", "", "0.563"),
    Row("sunspots", "sunspots", score("rmse"), "rmse", "", "32.0"),
    Row("m4_weekly", "m4_weekly", owa, "OWA", "0.739 best, 0.851 winner", "", M4),
    etth1(96, "0.368", "0.383"),
    etth1(192, "0.408", "0.437"),
    etth1(336, "0.444", "0.478"),
    etth1(720, "0.446", "0.471", "model.harmonics.alone=true"),
    etth1(96, "0.351", "0.370", context=336),
    etth1(192, "0.392", "0.403", context=336),
    etth1(336, "0.423", "0.428", "model.hidden=64", context=336),
    etth1(720, "0.466", "0.434", "model.hidden=64", context=336),
    Row(
        "japanese_vowels",
        "japanese_vowels",
        score("accuracy"),
        "accuracy",
        "0.984 to 0.993",
        "0.973",
        ("japanese_vowels_train.csv", "japanese_vowels_test.csv"),
    ),
    Row(
        "basic_motions",
        "basic_motions",
        score("accuracy"),
        "accuracy",
        "1.000",
        "0.950",
        ("basic_motions_train.csv", "basic_motions_test.csv"),
    ),
    adding(200, 40, ""),
    adding(600, 30, "5.3e-5"),
)


def measure(row: Row, folder: Path, seeds: Sequence[int], threads: int | None) -> None:
    """Train a recipe with every seed and print a line."""
    if not all(reference(name).is_file() for name in row.files):
        print(f"{row.name:16} left out: needs {' and '.join(row.files)}", flush=True)
        return
    sets = list(row.sets)
    if row.files:
        sets.append(f"data.path={reference(row.files[0])}")
    if row.steps:
        sets.append(f"data.path={draw_adding(row.steps, folder)}")
    if len(row.files) > 1 and row.files != M4:
        sets.append(f"data.split.test={reference(row.files[1])}")
    found, seconds = [], []
    for seed in seeds:
        run = folder / f"{row.name}-{seed}"
        recipe = REPOSITORY / "recipes" / f"{row.recipe}.yaml"
        seconds.append(train(recipe, run, [*sets, f"train.seed={seed}"], threads=threads))
        found.append(row.figure(run / "best.pt"))
    each = " ".join(f"{value:.4g}" for value in found)
    print(
        f"{row.name:16} {row.words:12}  {statistics.mean(found):.4g}  ({each})  "
        f"published {row.published or '-'}  ridge {row.ridge or '-'}  "
        f"{statistics.mean(seconds):.0f} s each",
        flush=True,
    )


def main() -> None:
    """Measure the figures asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        for row in ROWS:
            if not options.only or row.name in options.only:
                measure(row, Path(place), options.seeds, options.threads)


if __name__ == "__main__":
    main()
