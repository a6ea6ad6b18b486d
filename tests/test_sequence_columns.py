"""What tasks on series read beside the past: the calendar, and what is constant in a series."""

import numpy as np
import pytest

from grucli import evaluate, predict, train
from grucli.checkpoint import load_checkpoint
from grucli.errors import DataError
from grucli.runs.explaining import explain
from tests.recipe_texts import errors_of

RECIPE = """\
name: machines
data:
  path: machines.csv
  time: day
  series: machine
  past: [x, sky]
  calendar: [weekday]
  static: [size, place]
  split: {valid: 0.2, test: 0.2}
task: %s
model: {hidden: 12, pooling: [mean]}
train: {lr: 2.0e-2, batch_size: 8, epochs: 12, patience: null}
"""
TASKS = {
    "classify": "{kind: classify, label: place_of_make}",
    "regress": "{kind: regress, label: load}",
    "label": "{kind: label, label: state}",
}
HEADER = "machine,day,x,sky,size,place,place_of_make,load,state"


def machine_rows(count=40):
    """Noise x; the place says the class, the size the load, and the day of the week the state."""
    draw = np.random.default_rng(0)
    for machine in range(count):
        size, place = draw.normal(), ("hall", "yard")[machine % 2]
        first = np.datetime64("2024-01-01") + draw.integers(0, 7)
        for day in first + np.arange(draw.integers(14, 22)):
            state = "rest" if (day.astype(int) + 3) % 7 > 4 else "run"
            sky = ("clear", "rain")[draw.integers(2)]
            start = f"m{machine},{day},{draw.normal():.4f},{sky}"
            yield f"{start},{size:.4f},{place},{place}_{machine % 2},{100 + 10 * size:.4f},{state}"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a finished run of each task; do not change it."""
    folder = tmp_path_factory.mktemp("machines")
    (folder / "machines.csv").write_text("\n".join([HEADER, *machine_rows()]) + "\n")
    for kind, task in TASKS.items():
        text = RECIPE % task
        if kind == "label":
            text = text.replace(", pooling: [mean]", "")
        (folder / f"{kind}.yaml").write_text(text)
        train(folder / f"{kind}.yaml", run_dir=folder / kind)
    return folder


@pytest.mark.parametrize("kind", TASKS)
def test_what_only_the_calendar_or_a_static_column_tells_is_learned(runs, kind):
    scores = evaluate(runs / kind / "best.pt")
    if kind == "regress":
        assert scores.model.r2 > 0.9
    else:
        assert scores.model.accuracy > 0.95


@pytest.mark.parametrize("kind", TASKS)
def test_the_calendar_is_read_as_it_is_and_the_scaler_knows_all_columns(runs, kind):
    scaler = load_checkpoint(runs / kind / "best.pt").scaler
    assert scaler["columns"] == ["x", "sky", "weekday sin", "weekday cos", "size", "place"]
    assert (scaler["center"][2:4], scaler["spread"][2:4]) == ([0, 0], [1, 1])
    assert scaler["vocabularies"] == {"sky": ["clear", "rain"], "place": ["hall", "yard"]}


@pytest.mark.parametrize("kind", TASKS)
def test_a_table_without_labels_gets_the_same_answers(runs, kind, tmp_path):
    lines = [line.rsplit(",", 3)[0] for line in (runs / "machines.csv").read_text().splitlines()]
    (tmp_path / "new.csv").write_text("\n".join(lines) + "\n")
    told, said = (predict(runs / kind / "best.pt", path) for path in (None, tmp_path / "new.csv"))
    assert said.table == told.table


@pytest.mark.parametrize("kind", TASKS)
def test_a_step_is_explained_number_by_number_in_the_order_that_it_is_read(runs, kind):
    what = explain(runs / kind, at="2024-01-10")
    assert what.value == pytest.approx(what.own_value, abs=1e-5)
    names = ["x", "weekday sin", "weekday cos", "size", "place=hall[0]", "place=hall[1]"]
    assert [row.column for row in what.inputs][:6] == names


def test_a_part_of_the_calendar_that_never_varies_is_refused(runs):
    with pytest.raises(DataError, match=r"data\.calendar: hour: the same in all rows"):
        train(runs / "regress.yaml", ["data.calendar=[hour]"], run_dir=runs / "same")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            ("static: [size, place]", "future: [size]"),
            "r.yaml:8:3: data.future: found size with task.kind regress; nothing is ahead of the "
            "rows that are read; expected none",
        ),
        (
            ("static: [size, place]", "static: [load]"),
            "r.yaml:10:23: task.label: found 'load', which is in data.static; expected a column of "
            "its own",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_line(change, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert errors_of((RECIPE % TASKS["regress"]).replace(*change)) == [expected]
