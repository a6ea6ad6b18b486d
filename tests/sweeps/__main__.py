"""Run sweeps whole and print their counts, as the table of docs/reliability.md has them.

Ctrl-C or SIGTERM ends them with the counts so far.
"""

import signal
import sys
import tempfile
from pathlib import Path

from grucli import train
from tests.conftest import RECIPE, write_wave
from tests.sweeps import SWEEPS
from tests.sweeps.sweep import Tally, swept


def main(names: list[str]) -> int:
    """Run the sweeps of these names, or all; 1 where something ended wrong."""
    print("| sweep | tried | how they ended | wrong | slowest | memory |")
    print("|---|---:|---|---:|---:|---:|")
    wrong = 0
    with tempfile.TemporaryDirectory() as place:
        ground = Path(place) / "ground"
        ground.mkdir()
        write_wave(ground / "wave.csv")
        (ground / "wave.yaml").write_text(RECIPE)
        train(ground / "wave.yaml", run_dir=ground / "run")
        for name in names or SWEEPS:
            folder = Path(place) / name
            folder.mkdir()
            tally = Tally()
            try:
                swept(SWEEPS[name].cases(ground, folder), tally=tally)
            finally:
                print(row(name, tally), flush=True)
                for words in tally.wrong:
                    print(f"{name}: {words}", file=sys.stderr, flush=True)
            wrong += len(tally.wrong)
    return 1 if wrong else 0


def row(name: str, tally: Tally) -> str:
    """One sweep as a row of a table."""
    ends = ", ".join(f"{count:,} {end}" for end, count in tally.ends.most_common())
    return (
        f"| {name}: {SWEEPS[name].words} | {tally.tried:,} | {ends} | {len(tally.wrong)} "
        f"| {tally.slowest:.1f} s | +{tally.peak_mebibytes} MiB |"
    )


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
