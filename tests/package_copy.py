"""A copy of the package, in which a test adds something by docs/architecture.md alone."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import grucli

PACKAGE = Path(grucli.__file__).parent


PAGE = Path(__file__).parents[1] / "docs" / "architecture.md"


MOST_FILES = 3


RECIPE = """
name: wave
data: {path: wave.csv, time: step, target: value}
task: {kind: forecast, context: 8, horizon: 2}
model: {hidden: 6}
train: {epochs: 2, batch_size: 32}
"""


# An editable installation finds the package by itself, before any path: that finder is taken away.
FIRST = """
import sys
sys.meta_path[:] = [f for f in sys.meta_path if type(f).__module__ != "_editable_skbc_grucli"]
sys.path.insert(0, "copy")
import grucli
assert "/copy/grucli/" in grucli.__file__, grucli.__file__
"""


TRAIN = "train wave.yaml --run-dir run --quiet"


INSPECT = "inspect-weights run/best.pt"


class Copy:
    """A copy of the package, and which of its files were changed."""

    def __init__(self, folder):
        """Beside it a table wave.csv and a recipe for it."""
        rows = "".join(f"{step},{(step * 37 % 24) / 7}\n" for step in range(160))
        (folder / "wave.csv").write_text("step,value\n" + rows)
        (folder / "wave.yaml").write_text(RECIPE)
        self.folder = folder
        self.touched = set()
        shutil.copytree(PACKAGE, folder / "copy" / "grucli")

    def write(self, file, text):
        """Write a new file."""
        path = self.folder / "copy" / "grucli" / file
        assert not path.exists()
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.touched.add(file)

    def change(self, file, old, new):
        """Replace a text that stands there once."""
        path = self.folder / "copy" / "grucli" / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, (file, old)
        path.write_text(text.replace(old, new), encoding="utf-8")
        self.touched.add(file)

    def run(self, code, stream=0):
        """What a program that has the copy for its grucli prints, or says on standard error."""
        ran = subprocess.run(
            [sys.executable, "-c", FIRST + code],
            cwd=self.folder,
            env={**os.environ, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return (ran.stdout, ran.stderr)[stream]

    def verbs(self, *lines, then=""):
        """What each of some commands of the copy prints, in one process; then runs more code."""
        commands = [line.split() for line in lines]
        return self.run(f"""
from grucli.cli.app import run
for command in {commands}:
    assert run(command) == 0, command
    print("\\0", flush=True)
{then}""").split("\0\n")[:-1]

    def check_page(self, what, name=""):
        """The changed files are those that the page names for this, and not too many.

        What lies in a folder of its own is one thing.
        """
        (row,) = re.findall(rf"^\| {re.escape(what)} \|(.*)\|(.*)\|$", PAGE.read_text(), re.M)
        named = re.findall(r"`([\w/]+(?:\.py|NAME/))", " ".join(row))
        said = {file.replace("NAME", name) for file in named}
        own = {file for file in self.touched if f"{file.rpartition('/')[0]}/" in said}
        assert self.touched - own <= said
        assert len(self.touched - own) <= MOST_FILES
