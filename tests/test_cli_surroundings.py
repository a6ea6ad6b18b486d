"""What is around a process: little memory, no width, places where nothing can be written."""

import resource
import subprocess
import sys

import pytest

from tests.conftest import verb

LITTLE = 300 << 20
"""Bytes of addresses in which torch has no room."""


def test_little_room_for_addresses_is_one_line(folder):
    done = subprocess.run(
        [sys.executable, "-m", "grucli", "train", "wave.yaml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (LITTLE, LITTLE)),
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: could not finish: not enough memory; free some, or raise the limit (ulimit -v)\n"
    )


def test_a_terminal_without_width_gets_a_screen(trained, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "0")
    done = verb(capsys, "inspect-weights", trained / "run")
    assert (done.code, done.err) == (0, "")
    assert "W_hz" in done.out


@pytest.mark.parametrize("place", ["/proc/nowhere", "wave.csv/run", "wave.csv"])
def test_a_place_that_takes_no_run_is_named_before_the_table_is_read(folder, place, capsys):
    path = folder / place
    recipe, elsewhere = folder / "wave.yaml", "data.path=nowhere.csv"
    done = verb(capsys, "train", recipe, "--run-dir", path, "--set", elsewhere)
    assert done.code == 1
    assert done.err.startswith(f"error: {path}: cannot be used as a run folder: ")
