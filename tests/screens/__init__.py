"""Screens as they are to look, for one model trained on shipped data: read them as a person would.

    python -m tests.screens    # writes them again, to be read and committed

Numbers may differ in their last digits from machine to machine: ``alike`` compares the rest.
"""

import io
import re
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from rich.console import Console

FOLDER = Path(__file__).parent
SIZES = ((80, 24), (140, 50))

LONG = {("explain", 80), ("explain", 140), ("eval", 80), ("train", 80)}
"""Screens that are read from top to bottom, at this width: they may be higher than the window."""

_NUMBER = re.compile(r"\d[\d,]*\.?\d*(?:e[-+]\d+)?")
_SHADES = re.compile("[▁▂▃▄▅▆▇█░▒▓●○◦·]+")
_RUN, _TABLE = "runs/co2", "data/co2_weekly.csv"


def train_co2(folder, *overrides):
    """The run of co2.yaml beside this file, on one thread, as its end tells."""
    import grucli

    path = FOLDER / "co2.yaml"
    return grucli.train(path, overrides, run_dir=folder / "co2", threads=1)


def train_screen(run, width):
    """What train says at its end."""
    from grucli.cli.views.summary import render_end, render_next, render_result

    told = {"best_path": f"{_RUN}/best.pt", "run_dir": _RUN}
    end = replace(run, **told, elapsed_seconds=10.0, steps_per_second=64.4)
    return "".join(
        drawn(draw(end, width), width) for draw in (render_end, render_result, render_next)
    )


def weights_screen(run, width):
    """What inspect-weights shows first."""
    from grucli.cli.views.weights_summary import render_weight_summary
    from grucli.runs import inspection

    report = replace(inspection.inspect_weights(run.best_path), path=f"{_RUN}/best.pt")
    pictures = inspection.picture(run.best_path)
    return drawn(render_weight_summary(report, width, pictures=lambda: pictures), width)


def unit_screen(run, width):
    """The page of one unit."""
    from grucli.cli.views.unit import render_unit
    from grucli.runs.units import inspect_unit

    return drawn(
        render_unit(replace(inspect_unit(run.best_path, 3), path=f"{_RUN}/best.pt"), width), width
    )


def trace_screen(run, width):
    """What trace shows on a terminal."""
    from grucli.cli.views.trace import render_trace
    from grucli.runs.tracing import trace

    report = replace(trace(run.best_path).report, checkpoint=f"{_RUN}/best.pt", table=_TABLE)
    return drawn(render_trace(report, width), width)


def explain_screen(run, width):
    """One step with all its numbers."""
    from grucli.cli.views.explain import render_explanation
    from grucli.runs.explaining import explain

    told = explain(run.best_path, at="2001-06-02", unit=3)
    return drawn(render_explanation(replace(told, checkpoint=f"{_RUN}/best.pt"), width), width)


def scores_screen(run, width):
    """What eval shows."""
    from grucli.cli.views.scores import render_scores

    return drawn(render_scores(run.scores, width=width), width)


def runs_screen(run, width):
    """Two runs beside each other."""
    from grucli.cli.views.runs import render_runs
    from grucli.runs.comparing import compare

    found = compare([run.run_dir])
    first = replace(found.runs[0], run=_RUN, seconds=10.0)
    second = replace(first, run="runs/co2_small", parameters=3_474, valid_loss=0.0041)
    differences = {"model.hidden": (64, 32), "train.lr": (0.002, 0.001)}
    found = replace(found, runs=(first, second), differences=differences)
    return drawn(render_runs(found, width), width)


def check_screen(_, width):
    """What check says of a recipe."""
    from grucli.cli.views.recipe_check import render_check
    from grucli.recipe import load_recipe
    from grucli.runs.checking import check

    with TemporaryDirectory() as empty, chdir(empty):  # where no demo has left a run
        found = check(load_recipe(FOLDER / "co2.yaml"), threads=1)
    measured = {"batch_seconds": 0.0055, "epoch_seconds": 0.253, "total_seconds": 5.06}
    where = {"table": _TABLE, "kernel": "native avx512", "memory_bytes": 280 << 20}
    return drawn(render_check(replace(found, **measured, **where), width), width)


def drawn(screen, width):
    """A screen as plain text."""
    console = Console(width=width, file=io.StringIO(), legacy_windows=False)
    console.print(screen, soft_wrap=True)
    return "".join(f"{line.rstrip()}\n" for line in console.file.getvalue().splitlines())


SCREENS = {
    "check": check_screen,
    "train": train_screen,
    "eval": scores_screen,
    "compare": runs_screen,
    "inspect-weights": weights_screen,
    "unit": unit_screen,
    "trace": trace_screen,
    "explain": explain_screen,
}


def golden(verb, width, height):
    """Where the screen of a verb is kept."""
    return FOLDER / f"{verb}-{width}x{height}.txt"


def alike(text, kept):
    """Whether two screens differ in nothing but shades and the last digits of numbers."""
    shapes = [_SHADES.sub("▄", _NUMBER.sub("0", re.sub(" +", " ", part))) for part in (text, kept)]
    assert shapes[0] == shapes[1]
    for number, expected in zip(*(map(_NUMBER.findall, (text, kept))), strict=True):
        last = float(f"1e-{len(expected.partition('.')[2])}")
        assert _value(number) == pytest.approx(_value(expected), rel=0.05, abs=1.5 * last)
    return True


def _value(number):
    return float(number.replace(",", ""))
