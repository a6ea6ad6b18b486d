"""What benchmarks have in common."""

import subprocess
import sys

from tests.conftest import REPOSITORY


def test_processes_that_take_turns_are_told_of_one_by_one():
    program = (
        "from processes import take_turns; print(take_turns({'a': ['true'], 'b': ['true']}, 2))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY / "benchmarks",
        capture_output=True,
        text=True,
        check=True,
    )
    told = [line.rpartition(":")[0] for line in done.stderr.splitlines()]
    assert told == [f"round {turn} of 2: {name}" for turn in (1, 2) for name in "ab"]
    assert done.stdout.startswith("{'a': {'seconds': ")
