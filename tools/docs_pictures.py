"""Draw docs/pictures/ from the runs that the pages train: screens, figures, a report, the cell."""

import csv
import io
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME

from grucli.cli.views.training_screen import draw
from grucli.cli.views.training_state import TrainingState
from grucli.recipe import load_recipe
from grucli.results import Epoch, Step, TrainingStarted
from grucli.runs import training
from tools.docs_unrolled import unrolled
from tools.docs_walk import REPOSITORY, output

PICTURES = REPOSITORY / "docs" / "pictures"
COLOURS = 64
"""Of a PNG: curves and shades need no more, and the file is a third as large."""
_FONT = re.compile(r"@font-face \{.*?\}", re.DOTALL)
Screen = Callable[[Console], None]


def export(screen: Screen, *, title: str, width: int, name: str) -> str:
    """What a screen puts on a terminal so wide, as SVG that asks for no font from elsewhere."""
    console = Console(
        record=True, width=width, file=io.StringIO(), force_terminal=True, legacy_windows=False
    )
    screen(console)
    text = console.export_svg(title=title, theme=SVG_EXPORT_THEME, unique_id=name)
    return "".join(f"{line.rstrip()}\n" for line in _FONT.sub("", text).splitlines())


def train_screen(folder: Path) -> str:
    """The display of `grucli train recipes/co2.yaml` in the midst of an epoch."""
    state, recipe = TrainingState(), load_recipe(folder / "recipes" / "co2.yaml")
    for event in training.train(recipe, run_dir=folder / "runs" / "screen", threads=1):
        if isinstance(event, TrainingStarted):
            state.begin(event)
        elif isinstance(event, Step):
            state.step = event
            state.sample()
        elif isinstance(event, Epoch):
            state.close_epoch(event)
        if state.step and state.step.epoch == SHOWN_EPOCH and state.step.step_in_epoch == 20:
            break

    def screen(console: Console) -> None:
        for line in draw(state, 96, 32, ascii_only=False):
            console.print(line)

    shown = export(screen, title="grucli train recipes/co2.yaml", width=96, name="train")
    return shown.replace(f"{folder}/runs/screen", "runs/co2")


SHOWN_EPOCH = 30


def report_page(folder: Path) -> bytes:
    """The page about a run as Chromium shows it. Raises FileNotFoundError without Chromium."""
    program = shutil.which("chromium")
    if program is None:
        raise FileNotFoundError("report.png is a picture of Chromium: apt-get install chromium")
    output("grucli report runs/co2 --quiet", folder)
    page = (folder / "runs" / "co2" / "report.html").as_uri()
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    with tempfile.TemporaryDirectory() as place:
        size = ["--window-size=1280,1500", f"--screenshot={place}/shot.png"]
        call = [program, *options, f"--user-data-dir={place}/profile", *size, page]
        subprocess.run(call, check=True, capture_output=True, timeout=120)
        return quantised(Path(place, "shot.png"))


def quantised(path: Path) -> bytes:
    """A PNG with few colours."""
    from PIL import Image

    packed = io.BytesIO()
    Image.open(path).convert("RGB").quantize(COLOURS).save(packed, "PNG", optimize=True)
    return packed.getvalue()


def cell(folder: Path) -> str:
    """The unrolled cell with the numbers of one unit in the last three weeks."""
    output("grucli trace runs/co2_plain/best.pt data/co2_weekly.csv -o trace.csv", folder)
    with (folder / "trace.csv").open() as lines:
        return unrolled(list(csv.DictReader(lines)))


DRAWN: dict[str, Callable[[Path], Any]] = {
    "train.svg": train_screen,
    "report.png": report_page,
    "unrolled.svg": cell,
}
PLOTTED = {
    "weights.png": "grucli inspect-weights runs/co2/best.pt",
    "start.png": "grucli inspect-weights runs/start/best.pt",
    "gates.png": "grucli trace runs/co2_plain/best.pt data/co2_weekly.csv",
    "gradient.png": "grucli trace runs/start/best.pt data/co2_weekly.csv",
    "learned.png": "grucli inspect-weights runs/co2_plain/best.pt",
    "history.png": "grucli inspect-weights runs/co2_plain/best.pt --history",
    "forecasts.png": "grucli eval runs/co2_plain/best.pt",
}
"""Commands that draw with --plot."""


def draw_pictures(folder: Path, to: Path = PICTURES) -> None:
    """Write every picture from the runs in a folder."""
    to.mkdir(exist_ok=True)
    for name, command in PLOTTED.items():
        output(f"{command} --plot {shlex.quote(name)}", folder)
        (to / name).write_bytes(quantised(folder / name))
    for name, made in DRAWN.items():
        content = made(folder)
        (to / name).write_bytes(content if isinstance(content, bytes) else content.encode())
