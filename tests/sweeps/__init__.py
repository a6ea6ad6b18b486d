"""Sweeps over thousands of faults: `make test` tries a sample of each, this all of them.

python -m tests.sweeps              # every sweep, and a table of the counts
python -m tests.sweeps flips kills  # some of them
"""

from tests.sweeps import (
    calls,
    cells,
    checkpoints,
    recipes,
    resumes,
    saving,
    signals,
    tables,
    weight_files,
)
from tests.sweeps.sweep import Sweep

SWEEPS = {
    "flips": Sweep("one bit of a checkpoint flipped", checkpoints.flips, 20),
    "truncations": Sweep("a checkpoint cut at every 64th part", checkpoints.truncations, 4),
    "rewritten": Sweep("bytes of its pickle changed, checksum right", checkpoints.rewritten, 60),
    "altered": Sweep("values of a checkpoint changed", checkpoints.altered, 100),
    "states": Sweep("values of last.pt changed, then --resume", checkpoints.states, 100),
    "safetensors": Sweep("safetensors files changed", weight_files.safetensors, 30),
    "onnx": Sweep("ONNX models changed", weight_files.onnx, 30),
    "calls": Sweep("each system call of a save: EIO, ENOSPC, kill, end", calls.calls, 20),
    "places": Sweep("each place where a run touches its folder", saving.places, 500),
    "kills": Sweep("a run killed at any moment", saving.kills, 50),
    "resumes": Sweep("a run stopped after each step and resumed", resumes.resumes, 110),
    "signals": Sweep("a signal at any moment of training", signals.signals, None),
    "tables": Sweep("a table with one fault", tables.tables, 15),
    "cells": Sweep("a thousand cells, fast reader against strict", cells.cells, 200),
    "recipes": Sweep("a recipe with one thing changed", recipes.recipes, 80),
}
