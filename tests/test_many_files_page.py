"""The lines of docs/using.md that predict many files in many processes are run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from grucli.cli.app import run
from tests.conftest import REPOSITORY, write_wave

PAGE = (REPOSITORY / "docs" / "using.md").read_text()
FILES = 11
SBATCH = """\
#!/bin/sh
# What SLURM does with --array=1-N --wrap SCRIPT: the script, in a shell, for every number.
last=${1#--array=1-}
[ "$2" = --wrap ] || exit 64
for number in $(seq "$last"); do
    SLURM_ARRAY_TASK_ID=$number SLURM_ARRAY_TASK_COUNT=$last sh -c "$3" || exit
done
"""


def line_of(start):
    """The one line of the page that begins so."""
    (line,) = re.findall(rf"^{start} .*$", PAGE, re.MULTILINE)
    return line


@pytest.fixture
def place(trained, tmp_path):
    """A folder with a run in runs/mine, tables in in/, and an sbatch that waits in bin/."""
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mine").symlink_to(trained / "run")
    (tmp_path / "in").mkdir()
    for number in range(FILES):
        table = pd.read_csv(write_wave(tmp_path / "wave.csv", 20 + number))
        table.to_parquet(tmp_path / "in" / f"f{number}.parquet")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sbatch").write_text(SBATCH)
    (tmp_path / "bin" / "sbatch").chmod(0o755)
    return tmp_path


def run_line(line, place):
    own = f"{place / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": own}
    command = ["bash", "-o", "pipefail", "-c", line]
    return subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, check=False
    )


def files_in(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def smaller(line, parts):
    """The array of the page with fewer parts, so that a test does not start as many processes."""
    (number,) = re.findall(r"--array=1-([0-9]+)", line)
    assert line.count(number) == 2
    return line.replace(number, str(parts))


@pytest.mark.parametrize(
    "line", [line_of("seq"), smaller(line_of("sbatch"), 3)], ids=["xargs", "SLURM"]
)
def test_the_processes_write_what_one_run_writes(place, line):
    done = run_line(line, place)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert set(files_in(place / "out")) == {f"f{number}.csv" for number in range(FILES)}
    command = line[line.index("grucli") :].partition(" --shard")[0].replace("out/", "whole/")
    run_line(command, place)
    assert files_in(place / "out") == files_in(place / "whole")


def test_files_are_written_under_the_names_of_the_page(place):
    names = dict(re.findall(r"`in/([\w.]+)` becomes\s`out/([\w.]+)`", PAGE))
    assert list(names) == ["f1.parquet", "f2.csv.gz"]
    pd.read_parquet(place / "in" / "f2.parquet").to_csv(place / "in" / "f2.csv.gz", index=False)
    (place / "in" / "f2.parquet").unlink()
    for name, written in names.items():
        asked = ["predict", f"{place}/runs/mine", f"{place}/in/{name}"]
        assert run([*asked, "-o", f"{place}/of {name}/"]) == 0
        assert [*files_in(place / f"of {name}")] == [written]
