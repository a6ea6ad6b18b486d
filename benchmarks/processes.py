"""What a process of a benchmark can say of itself, how several take turns, and runs of grucli."""

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")


def peak_mib() -> float:
    """Most memory this process has had at once.

    Linux' own figure where there is one: getrusage begins with what the parent had.
    """
    if STATUS.exists():
        lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def take_turns(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, dict[str, Any]]:
    """Run whole processes in turn: medians of their seconds, of those that processors worked, and
    of the numbers of a last line.

    A command may end its standard output with one JSON object of numbers. Each measurement is told
    of on standard error when it is over.
    """
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in commands}
    for turn in range(1, rounds + 1):
        for name, command in commands.items():
            started, worked = time.perf_counter(), _worked()
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            row = {"seconds": time.perf_counter() - started, "processor": _worked() - worked}
            last = done.stdout.rstrip().rsplit("\n", 1)[-1]
            if last.startswith("{"):
                row |= json.loads(last)
            found[name].append(row)
            print(f"round {turn} of {rounds}: {name}: {row['seconds']:.1f} s", file=sys.stderr)
    return {
        name: {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        for name, rows in found.items()
    }


def _worked() -> float:
    """Processor seconds of all processes that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def grucli(*arguments: str) -> str:
    """Run the tool; its standard output. Stops with what it says where it fails."""
    command = [sys.executable, "-m", "grucli", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def train(
    recipe: Path, run: Path, sets: Sequence[str] = (), *, threads: int | None = None
) -> float:
    """Train a recipe with these changes into a folder; the seconds that it took."""
    options = [word for change in sets for word in ("--set", change)]
    if threads is not None:
        options += ["--threads", str(threads)]
    began = time.perf_counter()
    grucli("train", str(recipe), "--run-dir", str(run), "--quiet", *options)
    return time.perf_counter() - began
