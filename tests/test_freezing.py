"""Parts of a model that stay as they begin, and training that goes on from a trained model."""

import pytest
import torch

import grucli
from grucli.errors import RecipeError
from grucli.recipe import load_recipe
from grucli.runs.training import train as training_events
from tests.conftest import write_wave

DECAYING = ["train.optimizer=adamw", "train.weight_decay=0.5", "train.average=ema"]


def gates_of(path, name):
    """The rows of reset, update and candidate of a stacked weight."""
    weights = torch.load(path, weights_only=True)["weights"]
    return weights[f"recurrent.{name}"].chunk(3)


def begun(folder, *settings):
    """The weights before the first step."""
    from grucli.runs.setting_up import SetUp

    recipe = load_recipe(folder / "wave.yaml", settings)
    return SetUp.of(recipe, "cpu").model.state_dict()


@pytest.mark.parametrize(
    "settings", [[], DECAYING, ["train.optimizer=sgd", "train.weight_decay=0.5"]]
)
def test_a_frozen_matrix_stays_bit_for_bit_and_its_neighbours_move(folder, settings):
    grucli.train(
        folder / "wave.yaml",
        [*settings, "model.freeze=[W_hz, 0.candidate.ih]", "train.epochs=2"],
        run_dir=folder / "run",
    )
    start = begun(folder)
    for layer in (0, 1):
        before = start[f"recurrent.weight_hh_l{layer}"].chunk(3)
        after = gates_of(folder / "run" / "best.pt", f"weight_hh_l{layer}")
        same = [torch.equal(a, b) for a, b in zip(before, after, strict=True)]
        assert same == [False, True, False]
    after = gates_of(folder / "run" / "best.pt", "weight_ih_l0")
    before = start["recurrent.weight_ih_l0"].chunk(3)
    assert [torch.equal(a, b) for a, b in zip(before, after, strict=True)] == [False, False, True]


def test_a_frozen_matrix_has_no_part_in_the_gradient_norm(folder):
    settings = ["train.epochs=1", "model.freeze=[W_hz]"]
    *_, epoch, _ = training_events(
        load_recipe(folder / "wave.yaml", settings), run_dir=folder / "run"
    )
    norms = {(gate.layer, gate.matrix): gate.gradient_norm for gate in epoch.gates}
    assert norms[0, "W_hz"] == norms[1, "W_hz"] == 0
    assert norms[0, "W_hr"] > 0


def test_inspecting_shows_a_frozen_matrix_unmoved(folder):
    grucli.train(folder / "wave.yaml", ["model.freeze=[W_hz]"], run_dir=folder / "run")
    from grucli.weights import read_history

    history = read_history(folder / "run" / "best.pt")
    turned = {
        m.address.symbol: m.cosine_distance_from_initialisation
        for m in history.learning
        if m.layer == 0
    }
    assert turned["W_hz"] == pytest.approx(0, abs=1e-12)
    assert turned["W_hr"] > 1e-6


def test_a_name_that_is_no_matrix_is_refused(folder):
    with pytest.raises(RecipeError, match=r"model.freeze: 'W_hq' is no matrix of this model"):
        grucli.train(folder / "wave.yaml", ["model.freeze=[W_hq]"], run_dir=folder / "run")


def test_an_interrupted_run_goes_on_with_what_is_frozen(folder):
    settings = ["model.freeze=[W_hz]", *DECAYING]
    grucli.train(folder / "wave.yaml", [*settings, "train.epochs=1"], run_dir=folder / "run")
    grucli.train(
        folder / "wave.yaml", [*settings, "train.epochs=3"], run_dir=folder / "run", resume=True
    )
    grucli.train(folder / "wave.yaml", [*settings, "train.epochs=3"], run_dir=folder / "whole")
    stopped, whole = (
        torch.load(folder / name / "last.pt", weights_only=True)["weights"]
        for name in ("run", "whole")
    )
    assert all(torch.equal(stopped[name], whole[name]) for name in whole)


def test_training_goes_on_from_a_trained_model_with_newer_rows(folder, trained):
    write_wave(folder / "wave.csv", rows=200)
    settings = [
        f"model.init.checkpoint={trained / 'run' / 'best.pt'}",
        "model.freeze=[W_xr, W_xz, W_xn, W_hr, W_hz, W_hn]",
        "train.epochs=1",
    ]
    grucli.train(folder / "wave.yaml", settings, run_dir=folder / "run")
    for name in ("weight_ih_l0", "weight_hh_l0", "weight_ih_l1", "weight_hh_l1"):
        before = gates_of(trained / "run" / "best.pt", name)
        after = gates_of(folder / "run" / "best.pt", name)
        assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
