"""Load and check a large CSV beside pandas.read_csv alone: time, and memory over the array's size.

    python benchmarks/csv_load.py [--rows N] [--columns N] [--rounds N] [--folder FOLDER]

A time column and 8 columns of numbers with four decimals, a row a minute. grucli reads every cell
strictly, parses the times, checks their order and distance, looks for gaps and keeps what is
missing; pandas reads the numbers and leaves the times as text. Whole processes take turns; each
says how long the reading took (without imports) and the memory it added, in arrays of float64.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from processes import peak_mib, take_turns

from grucli.columns import Columns
from grucli.data import build_panel, read_table
from grucli.data.readers.wanted import Wanted


def write_table(path: Path, rows: int, columns: int) -> None:
    """Random walks, so that cells have several widths and signs."""
    if path.exists():
        return
    walks = np.random.default_rng(0).normal(0, 0.1, (rows, columns)).cumsum(axis=0)
    frame = pd.DataFrame(walks, columns=[f"c{place}" for place in range(columns)])
    times = np.datetime64("2000-01-01T00:00") + np.arange(rows)
    frame.insert(0, "minute", np.char.replace(times.astype(str), "T", " "))
    frame.to_csv(path, index=False, float_format="%.4f")


def load(reader: str, path: str) -> None:
    """Read in this process, and print seconds and added memory as JSON."""
    before, started = peak_mib(), time.perf_counter()
    if reader == "pandas":
        values = pd.read_csv(path).iloc[:, 1:].to_numpy()
    else:
        table = read_table(path, Wanted("minute"))
        values = build_panel(table, Columns(table.columns)).values
    seconds = time.perf_counter() - started
    array_mib = values.size * 8 / 2**20
    print(json.dumps({"load_seconds": seconds, "arrays": (peak_mib() - before) / array_mib}))


def main() -> None:
    """Take turns, then print the table and a line of JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("runs/bench"))
    parser.add_argument("--load", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        load(*options.load)
        return
    options.folder.mkdir(parents=True, exist_ok=True)
    path = options.folder / f"table_{options.rows}_{options.columns}.csv"
    write_table(path, options.rows, options.columns)
    commands = {
        name: [sys.executable, __file__, "--load", name, str(path)] for name in ("pandas", "grucli")
    }
    found = take_turns(commands, options.rounds)
    print(f"{options.rows} rows, {options.columns} columns, {path.stat().st_size / 2**20:.0f} MiB")
    print(f"{'':8}{'seconds':>9}{'beside pandas':>15}{'memory in arrays':>18}")
    for name, row in found.items():
        ratio = row["load_seconds"] / found["pandas"]["load_seconds"]
        print(f"{name:8}{row['load_seconds']:9.2f}{ratio:15.2f}{row['arrays']:18.2f}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
