"""Cycles that the profile alone knows: what a run forecasts, and whatever names its inputs."""

import numpy as np
import pytest
import torch

import grucli
from grucli.errors import CheckpointError, UsageError
from grucli.recipe import load_recipe
from grucli.runs.explaining import explain
from grucli.runs.inspection import read_file
from grucli.runs.opened import open_checkpoint
from grucli.runs.setting_up import SetUp
from grucli.runs.streaming import Stream
from grucli.runs.tracing import trace
from grucli.runs.units import inspect_unit
from grucli.tasks.forecast.predict import horizon_of
from grucli.tasks.forecast.samples import latest_contexts
from grucli.weights.select import select_matrix
from tests.test_forecast_profile import write_day

RECIPE = """\
name: day
data: {path: day.csv, time: time, target: [a, b], missing: mask,
  calendar: [hour, year_day, weekday]}
task: {context: 12, horizon: 10, normalise: last}
model: {hidden: 4, skip: linear, harmonics: {weekday: 1, hour: 3, alone: true}}
train: {epochs: 1, patience: null}
"""
PLAIN = ["data.calendar=[year_day]", "model.harmonics={}"]
"""The network of the recipe by itself."""
HOURS_ALONE = ["data.calendar=[hour]", "model.harmonics={hour: 3, alone: true}"]
RUNS = {
    "direct": [],
    "read too": ["model.harmonics.alone=false"],
    "segments": ["model.decoder=segment", "model.segment=3", "model.channels=independent"],
    "fed back": ["model.decoder=recursive", "train.seeds=2"],
    "nothing else ahead": ["model.decoder=recursive", *HOURS_ALONE],
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with day.yaml and a run of each kind."""
    folder = tmp_path_factory.mktemp("alone")
    write_day(folder)
    (folder / "day.yaml").write_text(RECIPE)
    for name, settings in RUNS.items():
        grucli.train(folder / "day.yaml", settings, run_dir=folder / name)
    return folder


def profile(weight, hours):
    """Three waves of a day and one of a week by definition, hours after Monday 2024-01-01."""
    day, weekday = hours * 2 * np.pi / 24, hours // 24 * 2 * np.pi / 7
    angles = [day, 2 * day, 3 * day, weekday]
    return np.stack([f(angle) for angle in angles for f in (np.sin, np.cos)], axis=1) @ weight


@pytest.mark.parametrize("name", ["direct", "segments"])
def test_a_forecast_is_the_profile_and_what_the_network_says_of_the_rest(runs, name):
    plain = SetUp.of(load_recipe(runs / "day.yaml", [*RUNS[name], *PLAIN]), "cpu")
    weights = open_checkpoint(runs / name).model.state_dict()
    weight = weights.pop("season.weight").double().numpy()
    plain.model.load_state_dict(weights)
    read, scaler = plain.data.read, plain.data.read.learned.scaler
    context = latest_contexts(read.panel, scaler, context_steps=12, device=torch.device("cpu"))
    seasonal = profile(weight, np.arange(240 - 12, 240 + 10))
    context[0, :, :2] -= torch.from_numpy(seasonal[:12])
    ahead = torch.from_numpy(horizon_of(read).known(None, ("year_day",))).float()
    with torch.no_grad():
        rest = plain.model.eval()(context, ahead)[0].numpy()
    targets = scaler.only(("a", "b"))
    expected = targets.unscale(torch.from_numpy(rest + seasonal[12:])).numpy()
    found = grucli.predict(runs / name / "best.pt").values
    np.testing.assert_allclose(np.stack([found["a"], found["b"]], axis=1), expected, rtol=1e-5)


@pytest.mark.parametrize(("name", "others"), [("direct", []), ("read too", ["hour", "weekday"])])
def test_inputs_are_named_without_the_cycles_that_the_profile_alone_knows(runs, name, others):
    best, flags = runs / name / "best.pt", ["a measured", "b measured"]
    parts = [part for part in ("hour", "year_day", "weekday") if part in [*others, "year_day"]]
    names = ("a", "b", *(f"{part} {wave}" for part in parts for wave in ("sin", "cos")), *flags)
    assert grucli.inspect_weights(best).inputs == names
    assert select_matrix(read_file(best, None), "W_xz").columns == names
    unit = inspect_unit(best, 1)
    assert (unit.note, tuple(unit.inputs)) == ("", names)
    told = explain(best, at="2024-01-10 20:00")
    assert tuple(value.column for value in told.inputs) == names


def test_a_segment_is_explained_without_them(runs):
    told = explain(runs / "segments", at="2024-01-10 20:00", column="b")
    columns = ["b", "year_day sin", "year_day cos", "b measured"]
    assert [value.column.split(" 2024")[0] for value in told.inputs] == 3 * columns


def test_rows_can_be_shown_where_nothing_that_is_read_is_ahead_of_them(runs):
    assert explain(runs / "nothing else ahead", at="2024-01-10 20:00").inputs[-1].column
    assert trace(runs / "nothing else ahead").report.rows == 12
    with pytest.raises(UsageError, match=r"the next one's year_day sin, year_day cos \(decoder"):
        trace(runs / "fed back")


def test_a_stream_is_refused_where_the_profile_alone_knows_what_is_ahead(runs):
    with pytest.raises(
        UsageError, match=r"of the steps ahead \(hour sin, hour cos\); predict from"
    ):
        Stream(runs / "nothing else ahead")


def test_trained_weights_go_to_a_network_that_reads_the_same_columns(runs):
    begin = [f"model.init.checkpoint={runs / 'direct'}", "train.seed=1"]
    again = SetUp.of(load_recipe(runs / "day.yaml", begin), "cpu").model.state_dict()
    learned = open_checkpoint(runs / "direct").model.state_dict()
    assert all(torch.equal(again[name], values) for name, values in learned.items())
    other = load_recipe(runs / "day.yaml", [*begin, "model.harmonics.alone=false"])
    with pytest.raises(CheckpointError, match="trained with shape"):
        SetUp.of(other, "cpu")
