"""A small real series on disk, a recipe for it, and the command line as a process."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import settings

from tests import forked

torch.set_num_threads(1)
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # tests use ONNX Runtime by themselves too
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

REPOSITORY = Path(__file__).parent.parent

RECIPE = """\
name: wave
data:
  path: wave.csv
  time: day
  target: level
  split: {valid: 0.2, test: 0.2}
task: {context: 14, horizon: 3, normalise: last}
model: {cell: gru, layer_norm: split, hidden: 8, layers: 2, dropout: 0.1}
train: {lr: 1.0e-2, batch_size: 16, epochs: 3, seed: 7}
"""


def write_wave(path: Path, rows: int = 160) -> Path:
    """A weekly wave with a trend and seeded noise, one row a day."""
    steps = np.arange(rows)
    noise = np.random.default_rng(0).normal(0, 0.1, rows)
    level = 10 + 0.02 * steps + np.sin(2 * np.pi * steps / 7) + noise
    days = np.datetime64("2024-01-01") + steps
    lines = [f"{day},{value:.4f}" for day, value in zip(days, level, strict=True)]
    path.write_text("\n".join(["day,level", *lines]) + "\n")
    return path


@pytest.fixture
def folder(tmp_path):
    """A folder with wave.csv and wave.yaml."""
    write_wave(tmp_path / "wave.csv")
    (tmp_path / "wave.yaml").write_text(RECIPE)
    return tmp_path


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A folder with wave.csv, wave.yaml and a finished run in run/; do not change it."""
    from grucli import train

    place = tmp_path_factory.mktemp("trained")
    write_wave(place / "wave.csv")
    (place / "wave.yaml").write_text(RECIPE)
    train(place / "wave.yaml", run_dir=place / "run")
    return place


@pytest.fixture
def without_bfloat16(monkeypatch):
    """A processor that has no instructions for it."""
    from grucli.nn.native.problem import native

    if native is None:
        pytest.skip("installed without a compiler")
    monkeypatch.setattr(native, "instruction_sets", lambda *_: [])


def grucli(*arguments, cwd=None, stdin=None, env=None, stdin_file=None):
    """Run the command line as a process of its own, fed with a text or an open file."""
    words = [*map(str, arguments)]
    if stdin is None and env is None and stdin_file is None:
        return forked.run(words, cwd)
    return subprocess.run(
        [sys.executable, "-m", "grucli", *words],
        capture_output=True,
        text=True,
        cwd=cwd,
        **({"input": stdin} if stdin_file is None else {"stdin": stdin_file}),
        env=env,
        check=False,
        timeout=forked.SECONDS,
    )


class Done(NamedTuple):
    """What a command gave."""

    code: int
    out: str
    err: str


def verb(capsys, *arguments):
    """Run the command line in this process."""
    from grucli.cli.app import run

    return Done(run([*map(str, arguments)]), *capsys.readouterr())


def has_digits_of_float32(text):
    """Whether a number is written as the shortest decimal of its float32."""
    return float(str(np.float32(text))) == float(text)
