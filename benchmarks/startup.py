"""How long commands take that should answer at once, beside the least that Python can do.

    python benchmarks/startup.py [--rounds N]

Whole processes take turns; printed are medians of wall time. The checkpoint is that of a small
model, hidden 16, made for this.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import torch
from processes import take_turns

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


def main() -> None:
    """Take turns, then print the table and a line of JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        small = str(Path(place) / "small.pt")
        torch.save(GRU(3, 16, layer_norm="split").state_dict(), small)
        programs = {
            "python -c pass": ["pass"],
            "import numpy": ["import numpy"],
            "empty Typer program --help": [EMPTY_TYPER],
            "grucli --help": [ENTRY, "--help"],
            "grucli inspect-weights small.pt": [ENTRY, "inspect-weights", small],
            "import torch": ["import torch"],
        }
        commands = {name: [sys.executable, "-c", *rest] for name, rest in programs.items()}
        found = take_turns(commands, options.rounds)
    help_seconds = found["grucli --help"]["seconds"]
    print(f"{'':34}{'seconds':>8}{'beside grucli --help':>22}")
    for name, row in found.items():
        print(f"{name:34}{row['seconds']:8.3f}{row['seconds'] / help_seconds:22.2f}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
