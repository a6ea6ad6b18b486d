"""Screens as they are to look, for one model trained on shipped data: read them as a person would.

    python -m tests.screens    # writes them again, to be read and committed

Numbers may differ in their last digits from machine to machine: ``alike`` compares the rest.
"""

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

FOLDER = Path(__file__).parent
SIZES = ((80, 24), (140, 50))

_NUMBER = re.compile(r"\d[\d,]*\.?\d*(?:e[-+]\d+)?")
_SHADES = re.compile("[▁▂▃▄▅▆▇█░▒▓●○◦·]+")


def train_co2(folder, *overrides):
    """The run of co2.yaml beside this file, on one thread; gives the path of its best.pt."""
    import grucli

    path = FOLDER / "co2.yaml"
    return grucli.train(path, overrides, run_dir=folder / "co2", threads=1).best_path


def weights_screen(best, width):
    """What inspect-weights shows first."""
    from grucli.cli.views.weights_summary import render_weight_summary
    from grucli.runs import inspection

    report = replace(inspection.inspect_weights(best), path="runs/co2/best.pt")
    pictures = inspection.picture(best)
    return drawn(render_weight_summary(report, width, pictures=lambda: pictures), width)


def drawn(screen, width):
    """A screen as plain text."""
    console = Console(width=width, file=io.StringIO(), legacy_windows=False)
    console.print(screen)
    return "".join(f"{line.rstrip()}\n" for line in console.file.getvalue().splitlines())


SCREENS = {"inspect-weights": weights_screen}


def golden(verb, width, height):
    """Where the screen of a verb is kept."""
    return FOLDER / f"{verb}-{width}x{height}.txt"


def alike(text, kept):
    """Whether two screens differ in nothing but shades and the last digits of numbers."""
    shapes = [_SHADES.sub("▄", _NUMBER.sub("0", re.sub(" +", " ", part))) for part in (text, kept)]
    numbers = [
        [float(number.replace(",", "")) for number in _NUMBER.findall(part)]
        for part in (text, kept)
    ]
    assert shapes[0] == shapes[1]
    assert numbers[0] == pytest.approx(numbers[1], rel=0.05)
    return True
