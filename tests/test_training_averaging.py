"""The moving average of the weights: its formula, who sees it, and that stopping loses nothing."""

import json

import numpy as np
import pytest
import torch

from grucli import train
from grucli.checkpoint import load_checkpoint
from grucli.nn import GRU
from grucli.training.averaging import Average
from grucli.training.flat import FlatParameters
from tests.conftest import RECIPE, write_wave

SETTINGS = ["train.average=ema", "train.average_decay=0.7", "train.epochs=2"]


@pytest.fixture
def folder(tmp_path):
    write_wave(tmp_path / "wave.csv")
    (tmp_path / "wave.yaml").write_text(RECIPE)
    return tmp_path


def test_the_average_is_the_one_written_out_by_hand():
    flat = FlatParameters(GRU(2, 3))
    average, generator = Average(flat, decay=0.6), torch.Generator().manual_seed(0)
    expected = flat.values.double()
    for steps in range(12):
        flat.values.copy_(torch.randn(flat.values.shape, generator=generator))
        average.update()
        decay = min(0.6, (1 + steps) / (10 + steps))
        expected = decay * expected + (1 - decay) * flat.values.double()
    torch.testing.assert_close(average.mean.double(), expected, rtol=1e-5, atol=1e-6)


def test_the_average_is_applied_for_a_while_only():
    flat = FlatParameters(GRU(2, 3))
    average = Average(flat, decay=0.5)
    flat.values.add_(1.0)
    average.update()
    own = flat.values.clone()
    with average.applied():
        assert torch.equal(flat.values, average.mean)
        assert not torch.equal(flat.values, own)
    assert torch.equal(flat.values, own)


def test_learning_is_not_touched_and_the_average_is_what_is_kept(folder):
    runs = {}
    for name, settings in {"plain": ["train.epochs=2"], "ema": SETTINGS}.items():
        train(folder / "wave.yaml", settings, run_dir=folder / name)
        runs[name] = [load_checkpoint(folder / name / f"{kind}.pt") for kind in ("last", "best")]
    (plain, _), (last, best) = runs["plain"], runs["ema"]
    for name, value in plain.weights.items():
        np.testing.assert_array_equal(last.weights[name], value)
        assert not np.array_equal(best.weights[name], value)
    assert best.progress["best_epoch"] == 2
    values = np.concatenate([value.ravel() for value in best.weights.values()])
    np.testing.assert_array_equal(values, last.training["average"]["mean"])


def test_the_validation_loss_is_that_of_the_weights_that_are_kept(folder):
    train(folder / "wave.yaml", SETTINGS, run_dir=folder / "run")
    best = load_checkpoint(folder / "run" / "best.pt")
    lines = map(json.loads, (folder / "run" / "metrics.jsonl").read_text().splitlines())
    losses = {line["epoch"]: line["valid_loss"] for line in lines if line["kind"] == "Epoch"}
    assert losses[best.progress["best_epoch"]] == best.progress["best_valid_loss"]
    again = train(
        folder / "wave.yaml",
        [f"model.init.checkpoint={folder / 'run' / 'best.pt'}", "train.lr=1e-30", "train.epochs=1"],
        run_dir=folder / "again",
    )
    assert again.best_valid_loss == pytest.approx(best.progress["best_valid_loss"], rel=1e-6)
