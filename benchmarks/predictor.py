"""Predict from many series at once: time and memory as their number grows.

    python benchmarks/predictor.py [--series 100,1000,10000,100000] [--rows 110] [--hidden 64]

Trains a tiny recipe on some of the series, opens a Predictor, and forecasts frames of pandas that
hold so many random walks, one thread. Seconds are of processor time, so that programs beside this
one disturb less: ``read`` makes a table of a frame, ``predict`` is everything after that up to the
forecast in memory, ``write`` the text of its CSV; ``of these layers`` is the part of ``predict``
that the recurrent layers themselves take. ``one call each`` is a call for each of 20 series.
"""

import argparse
import io
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from processes import peak_mib

import grucli
from grucli.cli.views.prediction import write_prediction_csv
from grucli.data import read_frame
from grucli.data.readers.wanted import Wanted
from grucli.nn.native.binding import kernel_words
from grucli.runs import tables

RECIPE = """\
name: predictor
data: {{path: walks.csv, time: week, series: id, target: y, split: {{valid: 13, test: 0}}}}
task: {{context: {context}, horizon: 13, normalise: mean_std}}
model: {{cell: gru, layer_norm: split, hidden: {hidden}}}
train: {{epochs: 1}}
"""


def walks(series: int, rows: int) -> pd.DataFrame:
    """Random walks of ``rows`` weeks each, one below the other."""
    weeks = pd.date_range("2020-01-06", periods=rows, freq="7D").strftime("%Y-%m-%d")
    values = np.random.default_rng(0).normal(0, 1, (series, rows)).cumsum(axis=1)
    names = np.array([f"s{number}" for number in range(series)], object)
    return pd.DataFrame(
        {"id": names.repeat(rows), "week": np.tile(weeks, series), "y": values.ravel().round(3)}
    )


def trained(folder: Path, rows: int, hidden: int) -> grucli.Predictor:
    """A model of 100 walks, learned from once."""
    walks(100, rows).to_csv(folder / "walks.csv", index=False)
    recipe = folder / "predictor.yaml"
    recipe.write_text(RECIPE.format(context=rows - 26, hidden=hidden))
    finished = grucli.train(recipe, run_dir=folder / "run", threads=1)
    return grucli.Predictor(finished.best_path)


def timed(make: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of processor time, and what was made."""
    started = time.process_time()
    made = make()
    return time.process_time() - started, made


def layers_alone(predictor: grucli.Predictor, series: int, context: int) -> float:
    """Seconds that the stack takes for so many contexts, in batches as prediction has them."""
    stack = predictor.opened.model.recurrent
    batch = torch.randn(512, context, stack.input_size)
    with torch.inference_mode():
        stack(batch, final_only=True)
        seconds, _ = timed(lambda: stack(batch, final_only=True))
    return seconds / len(batch) * series


def measure(predictor: grucli.Predictor, series: int, rows: int) -> dict[str, float]:
    """All stages for so many series."""
    frame, recipe = walks(series, rows), predictor.opened.recipe.data
    wanted = Wanted(
        recipe.time, columns=recipe.columns.read, texts=recipe.series, dialect=recipe.dialect
    )
    read, table = timed(lambda: read_frame(frame, wanted, source="walks"))
    kept, tables.read_frame = tables.read_frame, lambda *_, **__: table
    try:
        predict, forecast = timed(lambda: predictor.predict(frame))
    finally:
        tables.read_frame = kept
    write, _ = timed(lambda: write_prediction_csv(forecast, io.StringIO()))
    layers = layers_alone(predictor, series, rows - 26)
    return {"read": read, "predict": predict, "of these layers": layers, "write": write}


def main() -> None:
    """Print a line for each number of series, then all as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--series", default="100,1000,10000,100000")
    parser.add_argument("--rows", type=int, default=110)
    parser.add_argument("--hidden", type=int, default=64)
    options = parser.parse_args()
    torch.set_num_threads(1)
    results = {}
    with tempfile.TemporaryDirectory() as place:
        predictor = trained(Path(place), options.rows, options.hidden)
        few = walks(20, options.rows)
        parts = [part for _, part in few.groupby("id", sort=False)]
        alone, _ = timed(lambda: [predictor.predict(part) for part in parts])
        print(f"torch {torch.__version__}, {kernel_words()}, {os.cpu_count()} cores, one thread")
        print(f"{options.rows} rows a series, hidden {options.hidden}; microseconds a series")
        print(f"one call each: {alone / len(parts) * 1e6:.0f}")
        for series in map(int, options.series.split(",")):
            found = measure(predictor, series, options.rows)
            if not results:
                print(f"{'series':>9}" + "".join(f"{name:>17}" for name in [*found, "most MiB"]))
            each = [f"{seconds / series * 1e6:17.1f}" for seconds in found.values()]
            print(f"{series:9}" + "".join(each) + f"{peak_mib():17.0f}", flush=True)
            results[series] = found | {"MiB": peak_mib()}
    print(json.dumps({"rows": options.rows, "hidden": options.hidden, "series": results}))


if __name__ == "__main__":
    main()
