"""Train, score and predict as tables grow: processor time and memory of whole processes.

    python benchmarks/scaling.py [--axis rows|series|columns]... [--most N]

One thing grows at a time: the rows of one series, the series of 110 rows each, or the target
columns of 2,000 rows, each forecast on its own (``channels: independent``). Every verb is a process
of its own on one thread; ``train`` is one epoch with the baselines and the final scores. ``each``
is the processor time that one more row, series or column took since the line above, in
microseconds: it stays the same where time grows in proportion. MiB is the most memory that the
process held. What T and B cost is ``benchmarks/length.py``.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

RECIPE = """\
name: scaling
data:
  path: walks.csv
  time: step
  {series}target: [{targets}]
  split: {{valid: {test}, test: {test}}}
task: {{context: {context}, horizon: 12, stride: {stride}, normalise: last}}
model:
  cell: gru
  layer_norm: split
  hidden: 16
  channels: independent
  decoder: segment
  segment: 12
train: {{epochs: 1, batch_size: 256}}
"""
VERBS = {
    "train": ("train", "scaling.yaml", "--run-dir", "run", "--overwrite", "--quiet"),
    "eval": ("eval", "run/best.pt", "--json"),
    "predict": ("predict", "run/best.pt", "-o", "forecast.csv"),
}
BLOCK = 100_000


@dataclass(frozen=True)
class Size:
    """A table of random walks: so many series of so many rows and columns."""

    rows: int = 1
    series: int = 1
    columns: int = 1
    context: int = 48
    stride: int = 12
    test: str = "0.1"

    @property
    def names(self) -> list[str]:
        """Of the columns."""
        return [f"c{number}" for number in range(self.columns)]

    def recipe(self) -> str:
        """The recipe of its model."""
        series = "series: id\n  " if self.series > 1 else ""
        targets = ", ".join(self.names)
        return RECIPE.format(
            series=series,
            targets=targets,
            context=self.context,
            stride=self.stride,
            test=self.test,
        )

    def blocks(self) -> Iterator[pd.DataFrame]:
        """The table, some rows at a time: drawing it takes little memory."""
        draw, many = np.random.default_rng(0), max(1, BLOCK // self.rows)
        level = np.zeros(self.columns)
        for first in range(0, self.series, many):
            numbers = np.arange(first, min(first + many, self.series))
            for row in range(0, self.rows, BLOCK):
                steps = np.arange(row, min(row + BLOCK, self.rows))
                values = draw.normal(0, 1, (len(numbers), len(steps), self.columns)).cumsum(axis=1)
                values += level
                level = values[-1, -1] if self.series == 1 else level
                frame = pd.DataFrame(
                    values.reshape(-1, self.columns).round(3), columns=self.names, copy=False
                )
                frame.insert(0, "step", np.tile(steps, len(numbers)))
                if self.series > 1:
                    frame.insert(0, "id", numbers.repeat(len(steps)))
                yield frame


AXES = {
    "rows": {size: Size(rows=size) for size in (10_000, 100_000, 1_000_000, 10_000_000)},
    "series": {
        size: Size(rows=110, series=size, context=72, stride=1, test="13")
        for size in (100, 1_000, 10_000, 100_000)
    },
    "columns": {size: Size(rows=2_000, columns=size) for size in (10, 100, 1_000)},
}


def measure(arguments: tuple[str, ...], folder: Path) -> tuple[float, float]:
    """Processor seconds of a process of the tool, and the most MiB that it held."""
    command = [sys.executable, "-m", "grucli", *arguments, "--threads", "1"]
    with (folder / "words").open("w+") as words:
        child = subprocess.Popen(command, cwd=folder, stdout=words, stderr=words)
        _, status, used = os.wait4(child.pid, 0)
        if status:
            words.seek(0)
            sys.exit(f"{' '.join(command)}: {words.read()[-2000:]}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def lines(axis: str, most: int) -> Iterator[str]:
    """A line for each size of an axis."""
    yield f"{axis:>10}" + "".join(f"{verb + ' s':>12}{'each':>8}{'MiB':>7}" for verb in VERBS)
    before: dict[str, tuple[int, float]] = {}
    for count, size in AXES[axis].items():
        if count > most:
            return
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            (folder / "scaling.yaml").write_text(size.recipe())
            for number, block in enumerate(size.blocks()):
                mode = "a" if number else "w"
                block.to_csv(folder / "walks.csv", mode=mode, header=not number, index=False)
            line = f"{count:10}"
            for verb, arguments in VERBS.items():
                seconds, mib = measure(arguments, folder)
                last = before.get(verb)
                each = f"{(seconds - last[1]) / (count - last[0]) * 1e6:.1f}" if last else ""
                before[verb] = count, seconds
                line += f"{seconds:12.1f}{each:>8}{mib:7.0f}"
        yield line


def main() -> None:
    """Print a table for each axis."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--axis", action="append", choices=list(AXES))
    parser.add_argument("--most", type=int, default=10_000_000)
    options = parser.parse_args()
    for axis in options.axis or AXES:
        for line in lines(axis, options.most):
            print(line, flush=True)


if __name__ == "__main__":
    main()
