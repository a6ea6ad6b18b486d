"""Write the tables in data/ again, byte for byte.

    python tools/make_data.py adding    # drawn with a fixed seed; needs numpy only
    python tools/make_data.py adding --steps 600 --episodes 10000 --to DIR  # longer ones
    python tools/make_data.py walks     # the same
    python tools/make_data.py co2       # needs statsmodels, which ships the public record
    python tools/make_data.py sunspots  # the same

statsmodels is no dependency of grucli: install it in an environment of its own.
"""

import argparse
import gzip
import hashlib
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parent.parent / "data"


def make_adding(*, episodes: int = 4000, steps: int = 100, seed: int = 1997) -> bytes:
    """The adding problem (Hochreiter & Schmidhuber 1997, in the form of Le et al. 2015) as gzip.

    An episode has ``steps`` rows with a value in [0, 1] (3 decimals), two of them marked: one in
    each half. One more row follows with value and marker 0, whose ``sum`` is that of the two
    marked values; ``sum`` is 0 elsewhere. Rows are numbered through by ``step``.
    """
    random = np.random.default_rng(seed)
    thousandths = random.integers(0, 1001, size=(episodes, steps))
    half = steps // 2
    first = random.integers(0, half, size=episodes)
    second = random.integers(half, steps, size=episodes)
    lines = ["step,value,marker,sum"]
    for episode in range(episodes):
        values, marked = thousandths[episode], (first[episode], second[episode])
        begin = episode * (steps + 1)
        for step, value in enumerate(values):
            lines.append(f"{begin + step},{_decimal(value)},{int(step in marked)},0")
        total = int(values[marked[0]] + values[marked[1]])
        lines.append(f"{begin + steps},0,0,{_decimal(total)}")
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=9, mtime=0) as file:
        file.write(("\n".join(lines) + "\n").encode())
    return packed.getvalue()


def make_walks(*, walks: int = 120, seed: int = 7) -> bytes:
    """Walks of 40 to 80 steps: pace and sway, rest or run at each step, how fast the walk sways.

    From step to step the state changes with a chance of .1; one label in ten is not given. The
    pace is 0 at rest and 1 at a run, with noise of deviation .8. The sway is a sine of the same
    ``rhythm`` in all rows of a walk, .2 to 1.2 radians a step, with noise of deviation .3.
    """
    random = np.random.default_rng(seed)
    lines = ["walk,step,pace,sway,state,rhythm"]
    for walk in range(walks):
        steps = int(random.integers(40, 81))
        runs = np.cumsum(random.random(steps) < 0.1) % 2
        pace = runs + random.normal(0, 0.8, steps)
        rhythm, phase = random.uniform(0.2, 1.2), random.uniform(0, 2 * np.pi)
        sway = np.sin(rhythm * np.arange(steps) + phase) + random.normal(0, 0.3, steps)
        states = np.where(random.random(steps) < 0.1, "", np.where(runs, "run", "rest"))
        lines += [
            f"{walk},{step},{value:.3f},{side:.3f},{state},{rhythm:.4f}"
            for step, (value, side, state) in enumerate(zip(pace, sway, states, strict=True))
        ]
    return ("\n".join(lines) + "\n").encode()


def _decimal(thousandths: int) -> str:
    return f"{thousandths / 1000:.3f}".rstrip("0").rstrip(".")


def make_co2() -> bytes:
    """Weekly CO2 at Mauna Loa as statsmodels ships it; a week without a measurement is empty."""
    record = _statsmodels("co2")
    lines = ["week,co2"]
    for week, value in record["co2"].items():
        lines.append(f"{week:%Y-%m-%d},{'' if math.isnan(value) else repr(float(value))}")
    return ("\n".join(lines) + "\n").encode()


def make_sunspots() -> bytes:
    """Yearly sunspot numbers as statsmodels ships them."""
    record = _statsmodels("sunspots")
    rows = zip(record["YEAR"], record["SUNACTIVITY"], strict=True)
    lines = ["year,sunspots", *(f"{int(year)},{float(number)!r}" for year, number in rows)]
    return ("\n".join(lines) + "\n").encode()


def _statsmodels(name: str) -> Any:
    from importlib import import_module

    return import_module(f"statsmodels.datasets.{name}").load_pandas().data


TABLES: dict[str, tuple[str, Callable[..., bytes]]] = {
    "adding": ("adding.csv.gz", make_adding),
    "walks": ("walks.csv", make_walks),
    "co2": ("co2_weekly.csv", make_co2),
    "sunspots": ("sunspots.csv", make_sunspots),
}


def main() -> None:
    """Write one table and say its size and sha256."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--to", type=Path, default=DATA, help="folder to write to")
    parser.add_argument("--steps", type=int, help="of an episode of the adding problem")
    parser.add_argument("--episodes", type=int, help="of the adding problem")
    chosen = parser.parse_args()
    name, make = TABLES[chosen.table]
    sizes = {"steps": chosen.steps, "episodes": chosen.episodes}
    content = make(**{key: size for key, size in sizes.items() if size is not None})
    (chosen.to / name).write_bytes(content)
    print(f"{name}: {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
