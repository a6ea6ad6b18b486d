"""What docs/architecture.md says about where to add what: done, in a copy of the package."""

import json
import random
import re

import pytest

from tests.package_copy import (
    INSPECT,
    PACKAGE,
    PAGE,
    TRAIN,
    Copy,
)


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


def test_a_metric_is_added(copy):
    copy.change(
        "results/scores.py",
        "    scaled_mse: float = row(",
        '    bias: float = row(Metric("mean error"))\n    scaled_mse: float = row(',
    )
    copy.change(
        "tasks/forecast/sums.py",
        "        parts = {\n",
        '        parts = {\n            "error": error,\n',
    )
    copy.change("tasks/forecast/sums.py", '    *("own_squared",', '    *("error", "own_squared",')
    copy.change(
        "tasks/forecast/metrics.py",
        "METRICS: dict",
        'def bias(errors: Errors) -> float:\n    """Mean of f - y."""\n'
        '    return errors.total("error") / errors.count\n\n\nMETRICS: dict',
    )
    copy.change("tasks/forecast/metrics.py", "in (mse, rmse, mae,", "in (mse, bias, rmse, mae,")
    _, scores, screen = copy.verbs(TRAIN, "eval run/best.pt --json", "eval run/best.pt --verbose")
    model = json.loads(scores)["model"]
    assert 0 < abs(model["bias"]) <= model["mae"]
    assert "mean error" in screen
    copy.check_page("a metric")


def test_a_statistic_is_added(copy):
    copy.change(
        "results/matrices.py",
        "    rotation_steps: float | None = _map(",
        '    nuclear_norm: float | None = _map("nuclear", "sum of all", place=25, rank=1)\n'
        "    rotation_steps: float | None = _map(",
    )
    copy.change(
        "weights/statistics/singular.py",
        "def condition_number(",
        'def nuclear_norm(s: Vector) -> float:\n    """Nuclear norm: the sum of all s.\n\n'
        '    Formula: sum s_i\n    """\n    return float(s.sum())\n\n\ndef condition_number(',
    )
    copy.change(
        "weights/statistics/measures.py",
        '    _of_directions("condition_number",',
        '    _of_directions("nuclear_norm", singular.nuclear_norm),\n'
        '    _of_directions("condition_number",',
    )
    _, shown, screen = copy.verbs(TRAIN, f"{INSPECT} --json", f"{INSPECT} --all")
    (found,) = [item for item in json.loads(shown)["matrices"] if item["symbol"] == "W_hz"]
    at_least = found["spectral_norm"] * found["stable_rank"] ** 0.5
    assert at_least <= found["nuclear_norm"] <= found["spectral_norm"] * 6
    assert "nuclear" in screen
    copy.check_page("a matrix statistic")


def test_a_loss_and_an_optimiser_are_added(copy):
    copy.change(
        "tasks/losses.py",
        "LOSSES: dict",
        'def log_cosh(forecast, target, reduction="mean"):\n'
        '    """ln cosh(f - y)."""\n'
        "    error = forecast - target\n"
        "    each = functional.softplus(2 * error) - error - 0.6931471805599453\n"
        '    return each.mean() if reduction == "mean" else each\n\n\nLOSSES: dict',
    )
    copy.change("tasks/losses.py", '    "mse": f', '    "log_cosh": log_cosh,\n    "mse": f')
    copy.change("recipe/train.py", 'Literal["mse", "mae"', 'Literal["log_cosh", "mse", "mae"')
    copy.check_page("a loss")
    copy.touched.clear()
    copy.change(
        "training/optimizers.py",
        "OPTIMIZERS: dict",
        'class Lion(Optimizer):\n    """Chen et al. 2023, arXiv 2302.06675."""\n\n'
        '    memories = ("mean",)\n\n    def step(self):\n'
        '        gradient, mean = self.parameters.gradient, self._memory["mean"]\n'
        "        direction = torch.lerp(gradient, mean, 0.9).sign_()\n"
        "        self.parameters.values.sub_(direction, alpha=self.lr)\n"
        "        mean.lerp_(gradient, 0.01)\n\n\nOPTIMIZERS: dict",
    )
    copy.change(
        "training/optimizers.py", '    "adam": Adam,', '    "adam": Adam,\n    "lion": Lion,'
    )
    copy.change("recipe/train.py", '"adam", "adamw"', '"adam", "lion", "adamw"')
    copy.check_page("an optimiser")
    train = f"{TRAIN} --set train.loss=log_cosh --set train.optimizer=lion"
    traced = "trace run/best.pt --json"
    _, history, shown = copy.verbs(train, f"{INSPECT} --history", traced)
    assert json.loads(shown)["loss"] == "log_cosh"
    assert "log_cosh 0." in history
    assert "lion changed the matrices" in history


LIMIT = '''
"""A number that most series stay below, as a task."""

from functools import partial

import torch

from grucli.tasks.regress.task import RegressTask
from grucli.tasks.sequences.objective import SequenceObjective


class LimitTask(RegressTask):
    """The quantile of task.level of the number of each series."""

    kind = "limit"
    best_by = ("mae", 1)

    def objective(self, model, data):
        """The pinball loss."""
        task = data.recipe.task
        train, valid = data.samples("train"), data.samples("valid")
        return SequenceObjective(model, partial(pinball, task.level), task.noise, train, valid)


def pinball(level, said, truth):
    """Koenker & Bassett 1978."""
    error = truth - said
    return torch.maximum(level * error, (level - 1) * error).mean(), error.numel()
'''


LIMIT_RECIPE = """class LimitRecipe(RegressRecipe):
    kind: Literal["limit"] = Field(description="What to do with the series.")
    level: float = Field(default=0.9, gt=0, lt=1, description="The share of series below it.")


"""


LIMITED = """
name: loads
data: {path: loads.csv, time: step, series: id, past: [x], split: {valid: 40, test: 100}}
task: {kind: limit, label: load}
model: {hidden: 4}
train: {epochs: 40, batch_size: 32, lr: 1e-2}
"""


def test_a_task_is_added(copy):
    copy.write("tasks/limit/__init__.py", '"""Limit: a number that most series stay below."""\n')
    copy.write("tasks/limit/task.py", LIMIT)
    copy.change("tasks/__init__.py", "RegressTask(), ", "RegressTask(), LimitTask(), ")
    beside = "from grucli.tasks.label.task import LabelTask\n"
    own = "from grucli.tasks.limit.task import LimitTask\n"
    copy.change("tasks/__init__.py", beside, beside + own)
    copy.change("recipe/tasks.py", "class LabelRecipe", LIMIT_RECIPE + "class LabelRecipe")
    copy.change("recipe/tasks.py", '    "label": L', '    "limit": LimitRecipe,\n    "label": L')
    union = '    | Annotated[LabelRecipe, Tag("label")],\n'
    copy.change("recipe/tasks.py", union, '    | Annotated[LimitRecipe, Tag("limit")]\n' + union)
    copy.check_page("a task", "limit")
    draw = random.Random(0)
    loads = [draw.gauss(0, 1) for _ in range(400)]
    rows = [
        f"s{place},{step},{draw.gauss(0, 1):.3f},{load:.3f}"
        for place, load in enumerate(loads)
        for step in range(4)
    ]
    (copy.folder / "loads.csv").write_text("\n".join(["id,step,x,load", *rows]) + "\n")
    (copy.folder / "wave.yaml").write_text(LIMITED)
    verbs = ("eval run/best.pt", f"{INSPECT} --json", "trace run/best.pt", "predict run/best.pt")
    _, scores, _, _, told = copy.verbs(TRAIN, *verbs)
    assert "ridge" in scores
    limits = [float(line.split(",")[1]) for line in told.splitlines()[1:]]
    below = sum(load < limit for load, limit in zip(loads, limits, strict=True)) / len(loads)
    assert 0.84 < below < 0.96
    refused = "check wave.yaml --set model.decoder=recursive --set task.level=2"
    said = copy.run(f"from grucli.cli.app import run\nassert run({refused.split()}) == 2", 1)
    assert "task.level" in said


JSON_LINES = '''
"""Lines of JSON: an object for each row."""

import io

import pandas as pd

from grucli.data.readers.frame import read_frame


def is_json_lines(source):
    """Whether a file begins with an object."""
    return source.head(1) == b"{"


def read_json_lines(source, wanted):
    """The wanted columns of a file of objects."""
    with source.open("utf-8") as binary:
        frame = pd.read_json(io.BytesIO(binary.read()), lines=True)
    return read_frame(frame, wanted, source=source.name)
'''
UNROLLED = '''
"""One map for all steps, of the last state and a learned vector of the step."""

import torch
from torch import nn

from grucli.nn.decoders.decoder import Decoder


class Unrolled(Decoder):
    """y_k = W (h + v_k) + b."""

    def __init__(self, plan):
        super().__init__(plan)
        self.steps = nn.Embedding(plan.horizon, plan.hidden)

    @staticmethod
    def values(plan):
        """All numbers of one step."""
        return plan.numbers

    def read(self, context_BTC, future_BKF):
        """The context as it is."""
        return context_BTC

    def decode(self, stack, last_BH, state, ahead):
        """All steps at once."""
        return self._values(last_BH[:, None] + self.steps.weight)
'''


def test_a_reader_and_a_decoder_are_added(copy):
    copy.write("data/readers/json_lines.py", JSON_LINES)
    beside = "from grucli.data.readers.kinds import"
    own = "from grucli.data.readers.json_lines import is_json_lines, read_json_lines\n"
    copy.change("data/readers/table.py", beside, own + beside)
    plain = "    return read_fast(source, wanted) or"
    told = "    if is_json_lines(source):\n        return read_json_lines(source, wanted)\n"
    copy.change("data/readers/table.py", plain, told + plain)
    copy.check_page("a reader of tables", "json_lines")
    copy.touched.clear()
    copy.write("nn/decoders/unrolled.py", UNROLLED)
    copy.change(
        "nn/decoders/__init__.py", '    "direct": D', '    "unrolled": Unrolled,\n    "direct": D'
    )
    beside = "from grucli.nn.window_scale import"
    own = "from grucli.nn.decoders.unrolled import Unrolled\n"
    copy.change("nn/decoders/__init__.py", beside, own + beside)
    copy.change("recipe/schema.py", 'Literal["direct", "rec', 'Literal["unrolled", "direct", "rec')
    copy.check_page("a decoder", "unrolled")
    steps = [{"step": step, "value": (step * 37 % 24) / 7} for step in range(160)]
    (copy.folder / "wave.jsonl").write_text("\n".join(map(json.dumps, steps)) + "\n")
    told = f"{TRAIN} --set data.path=wave.jsonl --set model.decoder=unrolled"
    _, scores, ahead, _, trace = copy.verbs(
        told,
        "eval run/best.pt --json",
        "predict run/best.pt wave.csv",
        f"{INSPECT} --json",
        "trace run/best.pt --json",
    )
    assert json.loads(scores)["horizon_steps"] == 2
    assert [line.split(",")[0] for line in ahead.splitlines()] == ["step", "160", "161"]
    assert json.loads(trace)["table"].endswith("wave.jsonl")


def test_everything_that_the_page_names_is_there():
    rows = re.findall(r"^\| (?:a|an) .*\|$", PAGE.read_text(), re.M)
    names = {name for row in rows for name in re.findall(r"`([\w/]+(?:\.py|/))", row)}
    assert len(names) > 25
    assert [name for name in names if not list(PACKAGE.glob(name.replace("NAME", "*")))] == []
