"""Several models of one recipe in a checkpoint, which answer with their mean."""

import json
import signal

import numpy as np
import pytest
import torch

import grucli
from grucli import train
from grucli.checkpoint import load_checkpoint
from grucli.cli.views.summary import ensemble_lines
from grucli.cli.views.trace import render_trace
from grucli.errors import InterruptedRunError, RecipeError, UsageError
from grucli.nn import SequenceModel, ensemble_of
from grucli.recipe import load_recipe
from grucli.results import Ensemble, SeedLoss
from grucli.runs import streaming
from grucli.runs.explaining import explain
from grucli.runs.inspection import compare, history, inspect_weights
from grucli.runs.opened import open_checkpoint, open_table
from grucli.runs.tracing import trace
from grucli.runs.units import inspect_unit
from tests.conftest import verb, write_wave

SMALL = """\
name: wave
data: {path: wave.csv, time: day, target: level, split: {valid: 0.2, test: 0.2}}
task: {context: 8, horizon: 2}
model: {hidden: 4, dropout: 0.1}
train: {lr: 1.0e-2, batch_size: 32, epochs: 2, seed: 7, seeds: 3}
"""


def small(folder):
    folder.mkdir(exist_ok=True)
    write_wave(folder / "wave.csv", 120)
    (folder / "wave.yaml").write_text(SMALL)
    return folder / "wave.yaml"


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """A folder with a finished run of three seeds in run/; nobody changes it."""
    folder = tmp_path_factory.mktemp("together")
    train(small(folder), run_dir=folder / "run", threads=1)
    return folder


@pytest.fixture(scope="module")
def alone(together):
    """The same models, each trained by itself."""
    for seed in (7, 8, 9):
        settings = ["train.seeds=1", f"train.seed={seed}"]
        train(together / "wave.yaml", settings, run_dir=together / f"{seed}", threads=1)
    return together


def test_the_models_are_those_of_their_seeds_alone(alone):
    saved = load_checkpoint(alone / "run" / "best.pt")
    for seed, weights in zip((7, 8, 9), (saved.weights, *saved.members), strict=True):
        other = load_checkpoint(alone / f"{seed}" / "best.pt").weights
        assert all(np.array_equal(weights[name], other[name]) for name in other)


def test_a_forecast_is_the_mean_of_theirs(alone):
    def values(name):
        return np.array(grucli.predict(alone / name / "best.pt").values["level"])

    mean = np.mean([values(name) for name in ("7", "8", "9")], axis=0)
    assert values("run") == pytest.approx(mean, rel=1e-6)


def test_scores_and_validation_loss_are_those_of_the_mean(together):
    finished = json.loads((together / "run" / "metrics.jsonl").read_text().splitlines()[-1])
    scores = grucli.evaluate(together / "run")
    assert finished["scores"]["model"]["rmse"] == pytest.approx(scores.model.rmse, rel=1e-6)
    ensemble = finished["ensemble"]
    assert [one["seed"] for one in ensemble["seeds"]] == [7, 8, 9]
    losses = [one["best_valid_loss"] for one in ensemble["seeds"]]
    assert 0 < ensemble["valid_loss"] < max(losses)
    valid = grucli.evaluate(together / "run", split="valid")
    assert ensemble["valid_loss"] == pytest.approx(valid.model.scaled_mse, rel=1e-5)
    assert "the mean of 3 models, seeds 7 to 9, with validation losses" in scores.notes[0]


def test_the_spread_is_how_far_apart_their_forecasts_are(alone):
    finished = json.loads((alone / "run" / "metrics.jsonl").read_text().splitlines()[-1])
    windows = open_table(alone / "run").data.samples("valid")
    context = windows.inputs(torch.arange(len(windows)))[0]
    models = [open_checkpoint(alone / name).model.eval() for name in ("7", "8", "9")]
    with torch.no_grad():
        made = torch.stack([model(context) for model in models])
    spread = float(made.var(dim=0, unbiased=False).mean().sqrt())
    assert finished["ensemble"]["spread"] == pytest.approx(spread, rel=1e-5)


def test_the_first_model_is_the_one_that_is_looked_at(alone):
    first = grucli.inspect_weights(alone / "7").matrices[0]
    report = grucli.inspect_weights(alone / "run")
    assert report.matrices[0] == first
    assert report.notes[0].startswith("Model 1 of 3 that answer with their mean")
    second = grucli.inspect_weights(alone / "run" / "seeds" / "8").matrices[0]
    assert second == grucli.inspect_weights(alone / "8").matrices[0]


def test_each_model_can_be_looked_at_with_the_way_that_it_went(alone):
    for member, name in ((1, "7"), (2, "8"), (3, "9")):
        shown = inspect_weights(alone / "run", member=member)
        own = inspect_weights(alone / name)
        assert [item.frobenius_norm for item in shown.matrices] == [
            item.frobenius_norm for item in own.matrices
        ]
        assert shown.movement == own.movement
        assert shown.notes[0].startswith(f"Model {member} of 3")


def test_the_history_of_each_model_is_its_own(alone):
    for member, name in ((None, "7"), (1, "7"), (2, "8"), (3, "9")):
        shown, own = history(alone / "run", member=member), history(alone / name)
        assert (shown.records, shown.findings) == (own.records, own.findings)


def test_a_comparison_is_of_the_model_that_is_named_in_each_file_of_several(alone):
    changes = compare(alone / "7", alone / "8").changes
    assert compare(alone / "7", alone / "run", member=2).changes == changes
    assert compare(alone / "run", alone / "run", member=3).changes[0].relative_change == 0.0
    with pytest.raises(UsageError, match="holds one model; leave it out"):
        compare(alone / "7", alone / "8", member=2)


def test_a_trace_a_step_and_a_unit_are_of_the_model_that_is_named(alone):
    run, own = alone / "run", alone / "8"
    assert np.array_equal(
        trace(run, member=2).layers[0, "forward"], trace(own).layers[0, "forward"]
    )
    assert np.array_equal(trace(run).layers[0, "forward"], trace(alone / "7").layers[0, "forward"])
    at = trace(run).times[-1]
    assert explain(run, at=at, unit=1, member=2).value == explain(own, at=at, unit=1).value
    assert inspect_unit(run, 1, member=2).states == inspect_unit(own, 1).states


def test_every_screen_and_document_says_which_model_it_is_of(alone, capsys):
    run = alone / "run"
    at = trace(run).times[-1]
    report = trace(run, member=2).report
    assert (report.member, report.members) == (2, 3)
    assert "model 2 of 3 · " in render_trace(report, 80).plain
    looks = [["inspect-weights", run, *rest] for rest in (["--unit", 1], ["--matrix", "W_hz"])]
    looks += [["inspect-weights", run, "--history"], ["inspect-weights", alone / "7", run]]
    for look in (*looks, ["explain", run, "--at", at]):
        assert "model 2 of 3 · " in verb(capsys, *look, "--member", 2).out
        document = json.loads(verb(capsys, *look, "--member", 2, "--json").out)
        which = [value for key, value in document.items() if key.startswith("member")]
        assert [value for value in which if value is not None][-2:] == [2, 3]


def test_of_several_models_the_first_is_shown_and_said(alone, capsys):
    assert "model 1 of 3 · " in render_trace(trace(alone / "run").report, 80).plain
    assert "model 1" not in render_trace(trace(alone / "7").report, 80).plain
    history_of_third = ["inspect-weights", alone / "run", "--history", "--member", 3]
    assert "seed 9." in verb(capsys, *history_of_third).out


@pytest.mark.parametrize(
    ("name", "member", "said"),
    [("run", 4, "holds 3 models; expected 1 to 3"), ("8", 1, "holds one model; leave it out")],
)
def test_a_model_that_is_not_there_is_a_usage_error(alone, name, member, said):
    for look in (inspect_weights, trace):
        with pytest.raises(UsageError, match=said):
            look(alone / name, member=member)


@pytest.mark.parametrize("step", [4, 8])
def test_a_stopped_run_goes_on_to_the_same_models(together, tmp_path, step):
    file, steps = small(tmp_path), iter(range(1000))
    options = {"run_dir": tmp_path / "run", "threads": 1}
    with pytest.raises(InterruptedRunError):
        train(file, stop=lambda: signal.SIGINT if next(steps) == step else None, **options)
    train(file, resume=True, **options)
    one, other = (load_checkpoint(at / "run" / "best.pt") for at in (together, tmp_path))
    assert len(other.members) == 2
    pairs = zip((one.weights, *one.members), (other.weights, *other.members), strict=True)
    for ours, theirs in pairs:
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_another_run_leaves_no_models_of_the_one_before(together, tmp_path):
    file = small(tmp_path)
    options = {"run_dir": tmp_path / "run", "threads": 1}
    train(file, ["train.seeds=2", "train.epochs=1"], **options)
    train(file, ["train.seeds=1", "train.epochs=1"], overwrite=True, **options)
    assert not (tmp_path / "run" / "seeds" / "8" / "best.pt").exists()
    assert list(load_checkpoint(tmp_path / "run" / "best.pt").members) == []


def test_one_model_is_trained_on_all_rows_not_many(together):
    with pytest.raises(RecipeError, match=r"train\.refit: found true with train.seeds 3"):
        load_recipe(together / "wave.yaml", ["train.refit=true"])


def test_several_models_say_of_a_sequence_the_mean_of_what_each_says():
    torch.manual_seed(0)
    models = [SequenceModel(2, 3, hidden=4).eval() for _ in range(3)]
    inputs = torch.randn(5, 7, 2), torch.tensor([7, 3, 5, 1, 2])
    said = ensemble_of(models)(*inputs)
    assert torch.allclose(said, sum(model(*inputs) for model in models) / 3)
    assert ensemble_of(models[:1]) is models[0]


def test_the_end_of_training_says_how_far_apart_the_models_are(together):
    lines = (together / "run" / "metrics.jsonl").read_text().splitlines()
    ensemble = json.loads(lines[-1])["ensemble"]
    losses = tuple(SeedLoss(**one) for one in ensemble["seeds"])
    words = ensemble_lines(Ensemble(losses, ensemble["valid_loss"], ensemble["spread"]))
    assert words[0].startswith("3 models, seeds 7 to 9: validation loss ")
    assert f"mean {ensemble['valid_loss']:#.4g}" in words[1]


def test_the_mean_of_many_has_no_state_to_carry_on(together):
    with pytest.raises(UsageError, match=r"train\.seeds: 1"):
        streaming.Stream(together / "run")
