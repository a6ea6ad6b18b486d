"""docs/recipe.md: every key of a recipe, from its schema, and an example of each."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from grucli.recipe.data import DataRecipe, ReadRecipe, SplitRecipe
from grucli.recipe.keys import Key, recipe_keys
from grucli.recipe.schema import InitRecipe, ModelRecipe
from grucli.recipe.tasks import ClassifyRecipe, ForecastRecipe, LabelRecipe, RegressRecipe
from grucli.recipe.train import ScheduleRecipe, TrainRecipe
from grucli.recipe.tune import TuneRecipe

HEAD = """\
# The recipe

Written by `make docs` from the schema of recipes; the meanings stand in `grucli/recipe/`. Editors
that know JSON Schema complete and check a recipe that begins with
`# yaml-language-server: $schema=recipe.schema.json` (the file lies in `recipes/`).

A recipe is YAML with the sections below; what is left out has its default, and `grucli train RECIPE
--print-recipe` prints them all. `--set train.lr=3e-3` changes a key on the command line. An unknown
key, a key written twice, and keys that do not go together are errors with their line. Yes, no, on
and off are texts; `1e-3` is a number. `normalize`, `regularize` and `optimiser` are read as
`normalise`, `regularise` and `optimizer`. In the tables a dash is a key without a default, which
has to be there.

```yaml
name: co2
data: {path: co2_weekly.csv, time: week, target: co2, missing: linear}
task: {context: 104, horizon: 26, normalise: last}
model: {cell: gru, layer_norm: split, hidden: 64}
train: {lr: 2.0e-3, epochs: 20, patience: 5}
```
"""
EXAMPLES = {
    "name": "co2",
    "data.path": "sales/*.csv",
    "data.read.delimiter": '";"',
    "data.read.decimal": '","',
    "data.read.thousands": '"."',
    "data.read.encoding": "cp1252",
    "data.read.time_format": '"%d.%m.%Y %H:%M"',
    "data.read.time_zone": "Europe/Berlin",
    "data.read.missing_values": '[ERR, "-999"]',
    "data.time": "[year, month, day]",
    "data.frequency": "1h",
    "data.regularise": "true",
    "data.series": "[store, item]",
    "data.target": "sales",
    "data.past": "[temperature]",
    "data.future": "[promo, price]",
    "data.calendar": "[weekday, year_day, holidays.DE]",
    "data.static": "[floor_space]",
    "data.categories": "[store, weather]",
    "data.missing": "{sales: zero, temperature: linear}",
    "data.transform": "log1p",
    "data.scale": "robust",
    "data.scale_by": "series",
    "data.split.train": "0.7",
    "data.split.valid": "52",
    "data.split.test": '"2001-01-06"',
    "data.split.column": "part",
    "data.split.seed": "1",
    "data.split.by": "time",
    "task.kind": "classify",
    "task.context": "104",
    "task.horizon": "26",
    "task.normalise": "mean_std",
    "task.numbers": "counts",
    "task.stride": "4",
    "task.season": "52",
    "task.label": "speaker",
    "task.class_weights": "balanced",
    "task.label_smoothing": "0.1",
    "task.noise": "0.1",
    "task.answer": "number",
    "task.steps": "200",
    "task.overlap": "20",
    "model.cell": "lstm",
    "model.layer_norm": "split",
    "model.hidden": "128",
    "model.layers": "2",
    "model.eps": "1e-5",
    "model.norm_bias": "true",
    "model.activation": "relu",
    "model.bidirectional": "true",
    "model.dropout": "0.1",
    "model.decoder": "segment",
    "model.segment": "13",
    "model.skip": "linear",
    "model.harmonics.hour": "12",
    "model.harmonics.weekday": "3",
    "model.harmonics.month": "4",
    "model.harmonics.year_day": "4",
    "model.harmonics.lunar": "2",
    "model.harmonics.alone": "true",
    "model.channels": "independent",
    "model.pooling": "[mean, max]",
    "model.freeze": "[W_hr, W_hz, W_hn]",
    "model.init.input_hidden": "xavier",
    "model.init.hidden_hidden": "orthogonal",
    "model.init.chrono_steps": "104",
    "model.init.gain": "0.1",
    "model.init.checkpoint": "runs/co2/best.pt",
    "model.init.layout": "keras",
    "model.init.matrices": "[W_hz]",
    "train.kernel": "torch",
    "train.loss": "huber",
    "train.loss_units": "window",
    "train.optimizer": "adamw",
    "train.lr": "3e-3",
    "train.momentum": "0.9",
    "train.nesterov": "true",
    "train.weight_decay": "1e-4",
    "train.batch_size": "64",
    "train.epochs": "40",
    "train.patience": "null",
    "train.clip": "0.5",
    "train.seed": "1",
    "train.seeds": "3",
    "train.schedule.kind": "cosine",
    "train.schedule.warmup_steps": "200",
    "train.schedule.every_epochs": "5",
    "train.schedule.factor": "0.3",
    "train.schedule.patience_epochs": "3",
    "train.average": "ema",
    "train.average_decay": "0.99",
    "train.skip_not_finite": "3",
    "train.tbptt_steps": "64",
    "train.recompute_steps": "100",
    "train.refit": "true",
    "train.teacher_forcing": "0.5",
    "train.scheduled_sampling": "true",
    "tune.trials": "100",
    "tune.sampler": "random",
    "tune.pruner": "none",
}
"""Key -> an example of its value, as a recipe has it."""


_SECTIONS = {
    "data": DataRecipe,
    "data.read": ReadRecipe,
    "data.split": SplitRecipe,
    "task, kind forecast": ForecastRecipe,
    "task, kind classify": ClassifyRecipe,
    "task, kind regress": RegressRecipe,
    "task, kind label": LabelRecipe,
    "model": ModelRecipe,
    "model.init": InitRecipe,
    "train": TrainRecipe,
    "train.schedule": ScheduleRecipe,
    "tune": TuneRecipe,
}


def recipe_page() -> str:
    """docs/recipe.md."""
    sections: dict[str, list[Key]] = {}
    for key in recipe_keys():
        sections.setdefault(_section(key), []).append(key)
    parts = [HEAD]
    for section in sorted(sections, key=_place(sections)):
        parts += [*_heading(section), "| key | takes | default | example | meaning |"]
        parts += ["|---|---|---|---|---|", *map(_row, sections[section])]
    return "\n".join(parts) + "\n"


def _place(sections: Iterable[str]) -> Callable[[str], tuple[int, int]]:
    """Sections in their order, each before those that are part of it."""
    every = list(sections)
    tops = list(dict.fromkeys(name.partition(".")[0] for name in every))
    return lambda name: (tops.index(name.partition(".")[0]), "." in name and every.index(name) + 1)


def _section(key: Key) -> str:
    above = key.path.rpartition(".")[0] or "top"
    return f"{above}, kind {key.task}" if key.task else above


def _heading(section: str) -> Iterator[str]:
    depth = "##" if "." not in section else "###"
    yield f"\n{depth} {'The top' if section == 'top' else section}\n"
    if section in _SECTIONS:
        yield f"{inspect.getdoc(_SECTIONS[section])}\n".replace("``", "`")
    if section == "tune":
        yield (
            "Beside the keys below it holds dotted keys and what is tried for each: a list, "
            "`{log: [1e-4, 1e-2]}` or `{range: [0, 0.5]}`.\n"
        )


def _row(key: Key) -> str:
    default = "–" if key.is_required else f"`{_plain(key.default)}`"
    name = key.path.rpartition(".")[2]
    cells = f"`{name}`", key.takes, default, f"`{example_of(key)}`", key.help
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def example_of(key: Key) -> str:
    """An example that was chosen, else a choice that is not the default, or the default."""
    others = [choice for choice in key.choices if choice != _plain(key.default)]
    return EXAMPLES.get(key.path) or (others[0] if others else _plain(key.default))


def _plain(value: Any) -> str:
    """A default as a recipe has it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"[{', '.join(value)}]" if isinstance(value, list) else str(value)
