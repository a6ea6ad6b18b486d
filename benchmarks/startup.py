"""How long commands take that should answer at once, beside the least that Python can do.

    python benchmarks/startup.py [--rounds N]

Whole processes take turns; printed are medians of wall time and of processor time, and this beside
that of ``grucli --help``. Models are made for this: a state dictionary of a small layer, hidden 16,
and recipes/co2.yaml after one epoch, which predicts without torch and, with GRUCLI_KERNEL=torch, on
it. Each program runs once before, so that what Python compiles of it is kept.
"""

import argparse
import json
import sys
import tempfile
from os import environ
from pathlib import Path

import torch
from processes import take_turns, train

from grucli.nn import GRU

EMPTY_TYPER = """
import typer
app = typer.Typer()
@app.command()
def nothing() -> None: ...
app(["--help"])
"""
ENTRY = "from grucli.__main__ import main; main()"
"""What the installed command `grucli` runs."""
ON_TORCH = f"import os; os.environ['GRUCLI_KERNEL'] = 'torch'; {ENTRY}"
RECIPE = Path(__file__).parent.parent / "recipes" / "co2.yaml"


def main() -> None:
    """Take turns, then print the table and a line of JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        small = str(Path(place) / "small.pt")
        torch.save(GRU(3, 16, layer_norm="split").state_dict(), small)
        run = str(Path(place) / "run")
        train(RECIPE, Path(run), ["train.epochs=1"])
        forecast = ["predict", run, "--output", str(Path(place) / "forecast.csv")]
        programs = {
            "python -c pass": ["pass"],
            "import numpy": ["import numpy"],
            "empty Typer program --help": [EMPTY_TYPER],
            "grucli --help": [ENTRY, "--help"],
            "grucli inspect-weights small.pt": [ENTRY, "inspect-weights", small],
            "grucli predict": [ENTRY, *forecast],
            "grucli eval": [ENTRY, "eval", run],
            "import torch": ["import torch"],
            "grucli predict, on torch": [ON_TORCH, *forecast],
        }
        commands = {name: [sys.executable, "-c", *rest] for name, rest in programs.items()}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        take_turns(commands, 1)
        found = take_turns(commands, options.rounds)
    usual = found["grucli --help"]["processor"]
    print(f"{'':34}{'seconds':>8}{'processor':>11}{'beside grucli --help':>22}")
    for name, row in found.items():
        numbers = f"{row['seconds']:8.3f}{row['processor']:11.3f}{row['processor'] / usual:22.2f}"
        print(f"{name:34}{numbers}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
