"""What layer normalisation does inside a GRU, measured: runs, tables, and the page about them.

    python -m experiments.layer_norm steps        # one experiment: makes its runs, prints its table
    python -m experiments.layer_norm all          # every experiment, then the page; 25 minutes
    python -m experiments.layer_norm tables       # only the generated tables, into runs/layer_norm
    python -m experiments.layer_norm page         # only the page, from the runs that are there

Runs are kept in runs/layer_norm/results.json and not made again; after an interruption the same
command goes on. Everything runs on one thread. A dash is a level that no validation reached.
"""

import argparse
import json
from pathlib import Path

from experiments.layer_norm.grid import EXPERIMENTS
from experiments.layer_norm.page import RESULTS, write_page
from experiments.layer_norm.running import FOLDER, Bench, reference, write_tables
from experiments.layer_norm.tables import table

SHOWN = ("invariance", *EXPERIMENTS)


def show(bench: Bench, name: str) -> None:
    """Make the runs that are missing and print the table."""
    if name in EXPERIMENTS:
        experiment = EXPERIMENTS[name]
        lacking = [table for _, table in experiment.tables if not reference(table).is_file()]
        if lacking:
            print(f"{name}: GRUCLI_REFERENCE_DATA names no folder with {lacking[0]}: as kept")
            bench.take(experiment, json.loads(RESULTS.read_text()))
        else:
            bench.measure(experiment)
    print(f"\n{name}, {bench.seeds} seeds: least / median / most" * (name in EXPERIMENTS))
    print(table(bench, name))


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=(*SHOWN, "all", "tables", "page"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    given = parser.parse_args()
    bench = Bench(given.folder, seeds=given.seeds, changes=tuple(given.set))
    if given.what == "tables":
        write_tables(given.folder)
        return
    for name in SHOWN:
        if given.what in ("all", name):
            show(bench, name)
    if given.what in ("all", "page"):
        write_page(bench)


if __name__ == "__main__":
    main()
