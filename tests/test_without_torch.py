"""What is predicted and scored without torch, beside what torch says of the same models."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest

import grucli
from grucli.cells import CELLS
from tests.conftest import REPOSITORY
from tests.kernel_cases import BFLOAT16_SETS
from tests.said import said_of

BASE = """\
name: without
data:
  path: table.csv
  time: day
  target: [y, z]
  split: {valid: 14, test: 14}
task: {context: 10, horizon: 4}
model: {hidden: 16}
train: {epochs: 1, batch_size: 32}
"""
NORMS = {
    f"{name} {norm}": [
        f"model.cell={name}",
        f"model.layer_norm={norm}",
        f"model.layers={1 + place % 2}",
        f"model.decoder={('direct', 'segment', 'recursive')[place % 3]}",
        *(["model.segment=2"] if place % 3 == 1 else []),
        f"task.normalise={('none', 'last', 'mean_std', 'last_scaled', 'mean')[place % 5]}",
    ]
    for name, spec in CELLS.items()
    for place, norm in enumerate(spec.norm_names)
}
FUTURE = "data.future=[known, kind]"
SHOPS = ["data.path=shops.csv", "data.series=shop"]
WALKS = ["data.path=walks.csv", "data.time=step", "data.series=walk"]
SERIES = [*WALKS, "data.past=[x, turn]", "data.split={valid: 0.2, test: 0.2}"]
ROWS = ["data.past=[y, z]", "data.split={valid: 20, test: 20}"]
MORE = {
    "gaussian": ["task.output=gaussian"],
    "student": ["task.output=student_t", "model.decoder=recursive"],
    "counts": ["task.output=negative_binomial", "data.target=count", "task.normalise=mean"],
    "quantiles": ["task.output={quantiles: [0.1, 0.5, 0.9]}", "model.skip=linear"],
    "both ways": ["model.bidirectional=true", "model.layer_norm=split"],
    "biases inside": ["model.layer_norm=split", "model.norm_bias=true"],
    "relu": ["model.cell=rnn", "model.activation=relu"],
    "independent": ["model.channels=independent", "model.decoder=segment", "model.segment=3"],
    "seeds": ["train.seeds=2", "task.normalise=last"],
    "past and calendar": ["data.past=[p]", "data.calendar=[weekday, month]"],
    "profile": ["data.calendar=[weekday]", "model.harmonics.weekday=3", "task.normalise=last"],
    "profile alone": [
        "data.calendar=[weekday, year_day]",
        "model.harmonics={weekday: 3, alone: true}",
        "model.decoder=recursive",
        "task.normalise=last",
    ],
    "future": [FUTURE, "model.decoder=direct"],
    "future fed back": [FUTURE, "model.decoder=recursive"],
    "future of segments": [FUTURE, "model.decoder=segment", "model.segment=3"],
    "gaps": ["data.target=gaps", "data.missing=linear"],
    "gaps carried": ["data.target=gaps", "data.missing=forward"],
    "logarithms": ["data.transform=log1p", "data.target=count", "task.numbers=counts"],
    "series": [*SHOPS, "data.scale_by=series", "data.categories=[kind]", "data.past=[kind]"],
    "classes": [*SERIES, "task={kind: classify, label: kind}", "model.pooling=[last, mean, max]"],
    "numbers": [*SERIES, "task={kind: regress, label: size}", "model.cell=lstm"],
    "labels": [*SERIES, "task={kind: label, label: state}", "model.bidirectional=true"],
    "labels of rows": [*ROWS, "task={kind: label, label: p, answer: number, steps: 30}"],
}
if BFLOAT16_SETS:
    MORE["bfloat16"] = ["model.precision=bfloat16", "model.layer_norm=split"]
CASES = NORMS | MORE
"""Settings of ``BASE`` by name."""
TASKS = {"classes", "numbers", "labels", "labels of rows"}
"""Those that forecast nothing."""


def write_tables(folder):
    """A table of one series, one of two of them, and one of walks of unequal lengths."""
    draw = np.random.default_rng(5)
    rows = []
    for shop in ("a", "b"):
        for step in range(80):
            day = np.datetime64("2024-01-01") + step
            y, z, p, known = np.sin(step / 3) + draw.normal(0, 0.1, 4) + (shop == "b")
            gap = "" if step % 6 == 5 else f"{y * 3:.3f}"
            count, kind = draw.poisson(4 + 3 * np.sin(step / 4)), "uvw"[step % 3]
            rows.append(f"{shop},{day},{y:.4f},{z:.4f},{p:.4f},{known:.4f},{kind},{count},{gap}")
    head = "shop,day,y,z,p,known,kind,count,gaps"
    (folder / "shops.csv").write_text("\n".join([head, *rows]) + "\n")
    (folder / "table.csv").write_text("\n".join([head, *rows[:80]]) + "\n")
    ahead = [f"2024-03-{21 + step},{0.1 * step},{'vwxu'[step % 4]}" for step in range(11)]
    (folder / "ahead.csv").write_text("\n".join(["day,known,kind", *ahead]) + "\n")
    rows = []
    for walk in range(30):
        kind, size = "uv"[walk % 2], draw.normal()
        for step, x in enumerate(draw.normal(size, 1, draw.integers(5, 12))):
            turn = "left" if x > 0 else "right"
            state = "" if step == 2 else turn[:1]
            rows.append(f"w{walk},{step},{x:.4f},{turn},{kind},{size:.4f},{state}")
    lines = ["walk,step,x,turn,kind,size,state", *rows]
    (folder / "walks.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """Checkpoints of all settings, by name."""
    folder = tmp_path_factory.mktemp("without")
    write_tables(folder)
    (folder / "forecast.yaml").write_text(BASE)
    (folder / "other.yaml").write_text(BASE.replace("  target: [y, z]\n", ""))
    paths = {}
    for name, settings in CASES.items():
        there = [each.replace("data.path=", f"data.path={folder}/") for each in settings]
        recipe = folder / ("other.yaml" if name in TASKS else "forecast.yaml")
        done = grucli.train(recipe, there, run_dir=folder / name)
        paths[name] = str(done.best_path)
    return paths


@pytest.fixture(scope="module")
def without(asked):
    """What a process says of them that says first that it only reads models."""
    program = (
        "import json, sys; from grucli.computing import one_thread, read_only; "
        "one_thread(); read_only(); "
        "from tests.said import said_of; given = json.load(sys.stdin); "
        "json.dump({name: said_of(path) for name, path in given.items()}, sys.stdout); "
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", CASES)
def test_the_same_is_said_with_torch_and_without(asked, without, name):
    assert_alike(without[name], said_of(asked[name]))


def assert_alike(found, expected, where=""):
    """The same documents, but for a millionth of their numbers.

    What counts errors above a limit that is one of them itself is left out: rounding decides it.
    """
    assert type(found) is type(expected), where
    if re.match(r"\.all\.intervals.*coverage|\.anomaly\.(chances|p_values|notes)", where):
        return
    if isinstance(found, dict):
        assert found.keys() == expected.keys(), where
        for key, value in found.items():
            assert_alike(value, expected[key], f"{where}.{key}")
    elif isinstance(found, list):
        assert len(found) == len(expected), where
        for place, value in enumerate(found):
            assert_alike(value, expected[place], f"{where}[{place}]")
    elif isinstance(found, float):
        # errors beside small usual ones; states that many steps in float32 led to
        near = 4e-6 if where.startswith((".anomaly", ".looks")) else 1e-6
        assert found == pytest.approx(expected, rel=near, abs=near), where
    else:
        assert found == expected, where
