"""Inputs made to hang a reader or to fill a memory end soon, in one clear line."""

import json
import subprocess
import sys

import pytest

SECONDS = 60
MEBIBYTES = 400
CHILD = f"""
import json, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))
from grucli.data import Wanted, read_table
from grucli.errors import DataError
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before, problems = peak(), {{}}
for path, columns in json.loads(sys.argv[1]).items():
    try:
        read_table(path, Wanted("t", columns=columns))
    except DataError as error:
        problems[path] = list(error.problems)[:50]
print(json.dumps([problems, peak() - before]))
"""
"""Reads tables in so many seconds of processor time, and says what came of them."""


def problems_of(tables, stdin=None):
    """The faults found in every table by one process of little time and memory."""
    command = [sys.executable, "-c", CHILD, json.dumps(tables)]
    done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, check=True)
    problems, mebibytes = json.loads(done.stdout)
    assert mebibytes < MEBIBYTES
    return problems


def rows_of(line, count, head=b"t,a\n"):
    return lambda: (head, *([line] * count))


def long_cells(cell, *, place):
    cells = ["1", "1"]
    cells[place] = f'"{cell}"'
    return rows_of(",".join(cells).encode() + b"\n", 100)


HOLE = 10 << 30
FILES = {
    "blank lines": (rows_of(b"\n" * (1 << 20), 64, head=b""), "more than 1000000 blank lines"),
    "blank lines below a header": (rows_of(b"\n" * (1 << 20), 64), "more than 1000000 blank"),
    "blank lines that end in CR": (rows_of(b"\r" * (1 << 20), 64), "more than 1000000 blank"),
    "a hole": (rows_of(b"\0" * 4096, 1, head=b"t,a\n0,1\n"), "binary data"),
    "commas": (rows_of(b"\n", 1, head=b"," * 4_000_000), "expected at most 100000"),
    "columns": (rows_of(b"\n", 1, head=b"a," * 2_000_000), "expected at most 100000"),
    "a long cell": (rows_of(b"x" * 140_000, 1, head=b"t,a,note\n1,1,"), ":2: a cell of more than"),
    "an open quote": (
        rows_of(b"2,1\n", 50_000, head=b't,a\n1,"'),
        ":2: a quote opened in this row is not closed within 131072 characters",
    ),
    "fractions of a second": (
        long_cells("2021-01-01 ." + "0" * 60_000, place=0),
        "is not a time grucli reads",
    ),
    "digits for a time": (long_cells("1" * 60_000, place=0), "is not a time grucli reads"),
    "groups of digits": (long_cells("1,234" * 12_000, place=1), "is not a number"),
    "digits and dots": (long_cells("1." * 30_000, place=1), "is not a number"),
    "digits": (long_cells("1" * 60_000, place=1), "is beyond the range"),
}


@pytest.fixture(scope="module")
def refusals(tmp_path_factory):
    """The faults of every file of FILES, by its name."""
    folder = tmp_path_factory.mktemp("tables")
    for name, (parts, _) in FILES.items():
        with (folder / name).open("wb") as file:
            file.writelines(parts())
            if name == "a hole":
                file.truncate(HOLE)
    problems = problems_of({str(folder / name): ["a"] for name in FILES})
    return {name: problems[str(folder / name)] for name in FILES}


@pytest.mark.parametrize("name", FILES)
def test_what_is_made_to_be_endless_is_refused(refusals, name):
    first = refusals[name][0]
    assert FILES[name][1] in first
    assert "\n" not in first
    assert len(first) < 400


@pytest.mark.parametrize(
    ("device", "words"), [("/dev/zero", "binary data"), ("/dev/urandom", "binary data")]
)
def test_a_device_without_end_is_refused_also_on_standard_input(device, words):
    with open(device, "rb") as stdin:  # noqa: PTH123
        problems = problems_of({device: ["a"], "-": ["a"]}, stdin=stdin)
    for name in (device, "-"):
        (problem,) = problems[name]
        assert words in problem


def test_many_names_are_looked_through_for_many_that_are_missing(tmp_path):
    path = tmp_path / "names.csv"
    path.write_text(",".join(["t", *(f"column{place}" for place in range(60_000))]) + "\n0\n")
    wanted = [f"colunm{place}" for place in range(40)]
    problems = problems_of({str(path): wanted})[str(path)]
    assert "did you mean 'column0'?" in problems[0]
