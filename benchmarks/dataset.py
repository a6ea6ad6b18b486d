"""Memory and time of cutting a large table into training, validation and test windows.

    python benchmarks/dataset.py [--rows N] [--columns N] [--series N] [--device cpu|cuda]

What the data set keeps on the device, and the most that building it held at once in numpy beyond
the panel, both in tables: the table's numbers in float32. Each case is a process of its own: one
series or many, one target or all columns, with and without gaps that are drawn across.
"""

import argparse
import json
import sys
import time
import tracemalloc
from dataclasses import replace
from itertools import product

import numpy as np
import torch
from processes import take_turns

from grucli.columns import Columns
from grucli.data import Panel, Table, build_panel, join_panels
from grucli.data.timestamps import TimeStyle
from grucli.recipe import Recipe, recipe_from_mapping
from grucli.tasks.forecast.dataset import Dataset, build_dataset

CASES = {
    f"{series}, {targets}{gaps}": (series, targets, gaps)
    for series, targets, gaps in product(
        ("one series", "many series"), ("one target", "all targets"), ("", ", gaps")
    )
}


def walk_panel(rows: int, columns: Columns, series: int, *, gaps: bool) -> Panel:
    """Random walks, numbered rows; with ``gaps`` one value in a hundred is missing."""
    draw = np.random.default_rng(0)
    panels = []
    for _ in range(series):
        length = rows // series
        values = draw.normal(0, 0.1, (length, len(columns.values))).cumsum(axis=0)
        if gaps:
            values[1:][draw.random((length - 1, values.shape[1])) < 0.01] = np.nan
        style = TimeStyle(integer=True)
        table = Table("walks", "step", np.arange(length), columns.values, values, style)
        panels.append(build_panel(table, columns, missing="linear"))
    return join_panels([replace(panel, ids=(str(place),)) for place, panel in enumerate(panels)])


def recipe_of(columns: Columns) -> Recipe:
    """A forecast of a day from four of them."""
    data = {"path": "-", "time": "step", "target": list(columns.targets), "missing": "linear"}
    task = {"context": 96, "horizon": 24}
    whole = {"name": "bench", "data": data | {"past": list(columns.past)}, "task": task}
    return recipe_from_mapping(whole, source="benchmark")


def kept_bytes(dataset: Dataset, device: str) -> int:
    """Bytes of the tensors on the device that are not the panel itself."""
    windows = (dataset.train, dataset.valid, dataset.test)
    tensors = [
        tensor
        for each in windows
        for tensor in (each.data.scaled, each.data.age, each.samples.offset, each.samples.stop)
        if tensor is not None and tensor.device.type == device
    ]
    storages = {tensor.data_ptr(): tensor.untyped_storage().nbytes() for tensor in tensors}
    return sum(storages.values())


def measure(case: str, rows: int, width: int, series: int, device: str) -> None:
    """Build one data set in this process and print what it took as JSON."""
    shape, targets, gaps = CASES[case]
    names = tuple(f"c{place}" for place in range(width))
    count = width if targets == "all targets" else 1
    columns = Columns(names[:count], past=names[count:])
    panel = walk_panel(rows, columns, 1 if shape == "one series" else series, gaps=bool(gaps))
    recipe = recipe_of(columns)
    tracemalloc.start()
    started = time.perf_counter()
    dataset = build_dataset(recipe, panel, device=device)
    seconds = time.perf_counter() - started
    table = panel.values.size * 4
    kept, most = kept_bytes(dataset, device) / table, tracemalloc.get_traced_memory()[1] / table
    print(json.dumps({"build_seconds": seconds, "kept": kept, "most": most}))


def main() -> None:
    """Take turns, then print the table and a line of JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--series", type=int, help="default: 2000 rows each")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.series = options.series or max(options.rows // 2000, 1)
    if options.case:
        measure(options.case, options.rows, options.columns, options.series, options.device)
        return
    shape = ["--rows", str(options.rows), "--columns", str(options.columns)]
    shape += ["--series", str(options.series), "--device", options.device]
    commands = {name: [sys.executable, __file__, *shape, "--case", name] for name in CASES}
    found = take_turns(commands, options.rounds)
    print(
        f"{options.rows} rows, {options.columns} columns, many series: {options.series}; "
        f"torch {torch.__version__}, {options.device}"
    )
    print(f"{'':36}{'seconds':>9}{'kept in tables':>16}{'most in tables':>16}")
    for name, row in found.items():
        print(f"{name:36}{row['build_seconds']:9.2f}{row['kept']:16.2f}{row['most']:16.2f}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
