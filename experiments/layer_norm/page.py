"""The tables, the results and the picture of docs/layer-normalisation.md."""

import json
import re
import statistics
from pathlib import Path
from typing import Any

from experiments.layer_norm.grid import EXPERIMENTS, Experiment
from experiments.layer_norm.running import LAGS, REPOSITORY, STEPS, Bench
from experiments.layer_norm.tables import table
from grucli.figures.canvas import COLOURS, Drawing, logarithmic, render, step_ticks

DOCS = REPOSITORY / "docs"
PAGE = DOCS / "layer-normalisation.md"
RESULTS = DOCS / "layer-normalisation.json"
PICTURE = DOCS / "layer-normalisation.svg"
DRAWN = ("none", "none, chrono 500", "split", "sum")

_TABLE = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def kept_results(bench: Bench) -> str:
    """The results of all experiments as JSON, a run on each line."""
    names = sorted(
        {
            name
            for experiment in EXPERIMENTS.values()
            for row in experiment.rows
            for name in bench.names(experiment, row)
        }
    )
    lines = [f"{json.dumps(name)}: {json.dumps(bench.results[name])}" for name in names]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def filled(text: str, bench: Bench) -> str:
    """A page with its tables, each between ``<!-- name -->`` and ``<!-- end -->``."""
    return _TABLE.sub(lambda match: f"{match[1]}{table(bench, match[2])}\n{match[3]}", text)


def gradient_picture(bench: Bench) -> Drawing:
    """Gradient by lag before and after training: medians as lines, all seeds as bands."""

    def draw(figure: Any) -> None:
        places = figure.subplots(1, 2, sharey=True)
        panels = {"as drawn": "start", "trained": "trained"}
        for axes, (title, name) in zip(places, panels.items(), strict=True):
            _panel(axes, bench, EXPERIMENTS[name])
            axes.set_title(title)
            axes.set_xlabel("lag, steps back")
        places[0].set_ylabel("gradient, share of that at lag 0")
        figure.legend(*places[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)

    return Drawing(
        title="Gradient of the loss by lag, adding problem over 500 steps",
        caption="Median and span of the seeds.",
        size=(8.4, 4.0),
        draw=draw,
    )


def _panel(axes: Any, bench: Bench, experiment: Experiment) -> None:
    rows = {row.label: row for row in experiment.rows}
    shown = []
    for label, colour in zip(DRAWN, COLOURS, strict=False):
        runs = bench.of(experiment, rows[label])
        shares = [[size / run["gradient"][0] for size in run["gradient"]] for run in runs]
        by_lag = [[max(share, FLOOR) for share in column] for column in zip(*shares, strict=True)]
        axes.fill_between(
            LAGS, list(map(min, by_lag)), list(map(max, by_lag)), color=colour, alpha=0.15, lw=0
        )
        axes.plot(LAGS, list(map(statistics.median, by_lag)), color=colour, lw=1.6, label=label)
        shown += [share for column in by_lag for share in column]
    logarithmic(axes, shown)
    axes.set_ylim(bottom=FLOOR)
    step_ticks(axes, STEPS)
    axes.set_xlim(0, STEPS)


FLOOR = 1e-8
"""Shares below this are drawn at it: nothing is learned from them."""


def write_page(bench: Bench, *, to: Path = DOCS) -> None:
    """Write results, picture and tables into the documentation."""
    (to / RESULTS.name).write_text(kept_results(bench))
    (to / PICTURE.name).write_bytes(render(gradient_picture(bench), ".svg"))
    (to / PAGE.name).write_text(filled(PAGE.read_text(), bench))
