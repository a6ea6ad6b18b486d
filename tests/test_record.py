"""The record of the weights during training: its numbers, its steps; it changes nothing."""

import json

import numpy as np
import pytest
import torch

from grucli import train
from grucli.cells.address import matrices_of
from grucli.checkpoint import load_checkpoint
from grucli.errors import InterruptedRunError
from grucli.insight import spectra
from grucli.insight.record import WeightRecorder
from grucli.recipe import load_recipe
from grucli.results import Epoch, Step, WeightRecord
from grucli.runs.folder import RunFolder
from grucli.runs.training_run import TrainingRun
from grucli.weights import read_snapshots, read_weights, snapshot_values
from tests.test_runs_training import stopping_after, weights_of

LONG = ["train.batch_size=1", "train.epochs=2", "model.hidden=20", "model.bidirectional=true"]
"""69 steps an epoch, so that the ends of epochs are recorded."""


def run_of(place, *overrides):
    (place / "run").mkdir()
    recipe = load_recipe(str(place / "wave.yaml"), overrides)
    return TrainingRun(recipe, RunFolder(place / "run"), "cpu")


def copies(run):
    """Every gate's share of every recurrent parameter by its long name, as float64."""
    return {
        matrix.long: matrix.of(p.detach()).double().numpy().copy()
        for name, p in run.training.model.recurrent.named_parameters()
        for matrix in matrices_of(run.recipe.model.cell, name)
    }


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """The records of two epochs with the weights as they were at, and one step before, each."""
    from tests.conftest import RECIPE, write_wave

    place = tmp_path_factory.mktemp("followed")
    write_wave(place / "wave.csv")
    (place / "wave.yaml").write_text(RECIPE)
    run = run_of(place, *LONG)
    weights = {0: copies(run)}
    for event in run.loop():
        if isinstance(event, Step):
            weights[event.step] = copies(run)
    return lines(place / "run" / "weights.jsonl"), weights, place / "run"


def turn(a, b):
    """1 - cos of two arrays, from their unit vectors so that small angles survive."""
    gap = a / np.linalg.norm(a) - b / np.linalg.norm(b)
    return float(np.sum(gap**2) / 2)


def test_records_lie_at_the_start_at_powers_of_two_and_at_the_ends_of_epochs(followed):
    records, weights, _ = followed
    steps = max(weights)
    powers = [0, 1, 2, 4, 8, 16, 32, 64, 128]
    expected = sorted({*powers, steps // 2, steps})
    assert [record["step"] for record in records] == expected
    assert {(r["schema_version"], r["kind"]) for r in records} == {(2, "WeightRecord")}


def test_norms_and_turns_are_those_of_the_weights_themselves(followed):
    records, weights, _ = followed
    last = 0
    for record in records:
        for matrix in record["matrices"]:
            now, start, before = (
                weights[step][matrix["name"]] for step in (record["step"], 0, last)
            )
            assert matrix["frobenius_norm"] == pytest.approx(np.linalg.norm(now), rel=1e-6)
            if np.linalg.norm(start) > 0:
                assert matrix["cosine_distance_from_initialisation"] == pytest.approx(
                    turn(now, start), rel=1e-3, abs=1e-11
                )
            if np.linalg.norm(before) > 0:
                assert matrix["cosine_distance_from_last_record"] == pytest.approx(
                    turn(now, before), rel=1e-3, abs=1e-11
                )
        last = record["step"]


def test_the_update_ratio_is_the_change_that_the_step_applied(followed):
    records, weights, _ = followed
    for record in records[1:]:
        for matrix in record["matrices"]:
            after, before = (weights[record["step"] - d][matrix["name"]] for d in (0, 1))
            norm = np.linalg.norm(before)
            if norm == 0:
                assert matrix["update_ratio"] is None
            else:
                expected = np.linalg.norm(after - before) / norm
                assert matrix["update_ratio"] == pytest.approx(expected, rel=1e-4)


def test_spectra_are_close_to_exact_ones(followed):
    records, weights, _ = followed
    errors = []
    for record in records:
        for matrix in record["matrices"]:
            values = weights[record["step"]][matrix["name"]]
            if values.ndim == 1:
                assert matrix["spectral_norm"] is None
                continue
            exact = np.linalg.svd(values, compute_uv=False)[0]
            assert matrix["spectral_norm"] == pytest.approx(exact, rel=5e-3)
            assert (matrix["spectral_radius"] is not None) == (matrix["part"] == "hh")
            if matrix["part"] == "hh":
                exact = np.abs(np.linalg.eigvals(values)).max()
                errors.append(abs(matrix["spectral_radius"] / exact - 1))
    assert max(errors) < 0.05
    assert np.quantile(errors, 0.9) < 0.005


def test_quantiles_are_those_of_biases_gains_and_time_constants(followed):
    records, weights, _ = followed
    shares = (0, 0.25, 0.5, 0.75, 1)
    for record in records:
        values = weights[record["step"]]
        for matrix in record["matrices"]:
            if matrix["part"] not in ("ih", "hh"):
                expected = np.quantile(values[matrix["name"]], shares)
                assert matrix["quantiles"] == pytest.approx(expected, abs=1e-6)
        places = [f"{m['layer']}{'r' * (m['direction'] == 'reverse')}" for m in record["memories"]]
        assert places == ["0", "0r", "1", "1r"]
        for place, memory in zip(places, record["memories"], strict=True):
            bias = values[f"{place}.update.bias_ih"] + values[f"{place}.update.bias_hh"]
            tau = -1 / np.log(1 / (1 + np.exp(-bias)))
            assert memory["quantiles"] == pytest.approx(np.quantile(tau, shares), rel=1e-5)


def test_a_normalised_state_takes_no_memory_from_the_record(folder):
    recipe = ["model.cell=lstm", "model.layer_norm=split"]
    list(run_of(folder, *recipe).loop())
    for record in lines(folder / "run" / "weights.jsonl"):
        assert [memory["gate"] for memory in record["memories"]] == ["forget", "forget"]


@pytest.mark.parametrize("clip", [1e-6, 1e6])
def test_the_gradient_is_that_before_clipping_and_clipped_steps_are_counted(folder, clip):
    run = run_of(folder, f"train.clip={clip}", "train.epochs=1", "train.batch_size=1")
    list(run.loop())
    records = lines(folder / "run" / "weights.jsonl")
    first = records[1]
    total = np.sqrt(sum(matrix["gradient_norm"] ** 2 for matrix in first["matrices"]))
    assert total > 1e-3
    assert [r["clipped_share"] for r in records[1:]] == [float(clip < 1)] * (len(records) - 1)


def test_the_loss_is_that_of_the_steps_batch(folder):
    run = run_of(folder, "train.epochs=1")
    losses = {e.step: float(e.loss) for e in run.loop() if isinstance(e, Step)}
    for record in lines(folder / "run" / "weights.jsonl"):
        if record["loss"] is not None:
            assert record["loss"] == losses[record["step"]]


CELLS = [
    ["model.layer_norm=split"],
    ["model.layer_norm=sum_joint"],
    ["model.cell=lstm", "model.layer_norm=none"],
    ["model.cell=rnn", "model.layer_norm=none"],
]


@pytest.mark.parametrize("cell", CELLS)
def test_weights_are_the_same_bytes_with_and_without_the_record(folder, cell):
    learned = []
    for name, recorded in (("with", True), ("without", False)):
        (folder / name).mkdir()
        recipe = load_recipe(str(folder / "wave.yaml"), ["train.epochs=2", *cell])
        run = TrainingRun(recipe, RunFolder(folder / name), "cpu")
        if not recorded:
            run.observers.clear()
        epochs = [e.train_loss for e in run.loop() if isinstance(e, Epoch)]
        weights = (weights_of(folder / name / part) for part in ("best.pt", "last.pt"))
        learned.append((epochs, *weights, torch.get_rng_state().tolist()))
        assert bool((folder / name / "weights.jsonl").read_bytes()) == recorded
    assert learned[0] == learned[1]


def test_the_record_draws_no_random_number(folder):
    run = run_of(folder, "model.hidden=20")
    before = torch.get_rng_state()
    recorder = WeightRecorder(run.training.model, "gru")
    recorder.begin()
    recorder.end(step=1, epoch=1)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("steps", [1, 2, 5, 8, 13, 15])
@pytest.mark.parametrize("cell", CELLS[1:3])
def test_a_run_stopped_anywhere_goes_on_with_the_same_record(folder, steps, cell):
    cell = [*cell, "model.hidden=20"]
    train(folder / "wave.yaml", cell, run_dir=folder / "whole")
    with pytest.raises(InterruptedRunError):
        train(folder / "wave.yaml", cell, run_dir=folder / "parts", stop=stopping_after(steps))
    with (folder / "parts" / "weights.jsonl").open("a") as file:
        file.write('{"schema_version": 1, "kind": "Weig')
    train(folder / "wave.yaml", cell, run_dir=folder / "parts", resume=True)
    for name in ("weights.jsonl", "snapshots.jsonl"):
        assert (folder / "parts" / name).read_bytes() == (folder / "whole" / name).read_bytes()


def test_records_beyond_the_saved_state_are_taken_again(folder):
    train(folder / "wave.yaml", run_dir=folder / "run")
    whole = (folder / "run" / "weights.jsonl").read_bytes()
    train(folder / "wave.yaml", run_dir=folder / "run", resume=True)
    assert (folder / "run" / "weights.jsonl").read_bytes() == whole
    train(folder / "wave.yaml", ["train.epochs=1"], run_dir=folder / "run", overwrite=True)
    assert [r["step"] for r in lines(folder / "run" / "weights.jsonl")] == [0, 1, 2, 4, 5]


def test_the_last_record_is_of_the_weights_that_training_ended_with(folder):
    train(folder / "wave.yaml", ["train.epochs=2"], run_dir=folder / "run")
    record = lines(folder / "run" / "weights.jsonl")[-1]
    assert (record["step"], record["epoch"], record["is_end"]) == (10, 2, True)
    ended = load_checkpoint(folder / "run" / "last.pt").weights["recurrent.weight_hh_l0"][8:16]
    (found,) = (m["frobenius_norm"] for m in record["matrices"] if m["name"] == "0.update.hh")
    assert found == pytest.approx(float(np.linalg.norm(ended)), rel=1e-6)


def test_snapshots_show_the_matrices_at_log_spaced_steps_and_the_best(followed):
    _, weights, run = followed
    snapshots = read_snapshots(run, read_weights(run / "best.pt"))
    assert [s.step for s in snapshots if not s.is_best] == [0, 1, 2, 4, 8, 16, 32, 64, 128]
    for snapshot in snapshots:
        for matrix in snapshot.matrices:
            values = weights[snapshot.step][matrix.name]
            assert snapshot_values(matrix) == pytest.approx(values, rel=1e-3, abs=1e-6)
    best = load_checkpoint(run / "best.pt").weights["recurrent.weight_hh_l0"][20:40]
    assert snapshots[-1].is_best
    (update,) = (m for m in snapshots[-1].matrices if m.name == "0.update.hh")
    assert snapshot_values(update) == pytest.approx(best, rel=1e-3, abs=1e-6)


def test_a_large_matrix_is_sketched_by_the_means_of_its_blocks():
    from grucli.insight.snapshots import take_snapshot

    weights = {"weight_ih_l0": torch.randn(3 * 96, 5), "weight_hh_l0": torch.randn(3 * 96, 96)}
    inputs, *_, candidate = take_snapshot(weights, cell="gru", step=0, epoch=0).matrices
    assert (inputs.shape, inputs.grid) == ((96, 5), (32, 5))
    values = weights["weight_hh_l0"][192:].numpy().reshape(32, 3, 32, 3).mean(axis=(1, 3))
    assert snapshot_values(candidate) == pytest.approx(values, rel=2e-3, abs=1e-4)


@pytest.mark.parametrize("hidden", [1, 5, 8, 40])
def test_a_rotation_has_its_radius_found_although_it_has_no_real_eigenvalue(hidden):
    values = torch.zeros(1, hidden, hidden)
    for unit in range(0, hidden - 1, 2):
        size = 0.9 ** (unit + 1)
        values[0, unit : unit + 2, unit : unit + 2] = torch.tensor([[0.0, size], [-size, 0.0]])
    if hidden == 1:
        values[0, 0, 0] = -0.9
    found, _ = spectra.spectral_radii(values, spectra.cold_basis(values), rounds=24)
    assert float(found) == pytest.approx(0.9, rel=1e-3)


def test_a_record_survives_weights_that_are_not_finite(folder):
    run = run_of(folder)
    recorder = WeightRecorder(run.training.model, "gru")
    recorder.begin()
    with torch.no_grad():
        run.training.model.recurrent.weight_hh_l0[0, 0] = float("inf")
    record = recorder.end(step=1, epoch=1)
    assert isinstance(record, WeightRecord)
    matrices = {matrix.name: matrix for matrix in record.matrices}
    assert matrices["0.reset.hh"].spectral_norm is None
    assert matrices["1.reset.hh"].cosine_distance_from_initialisation == 0
    run.saver.folder.append(record)
    assert lines(folder / "run" / "weights.jsonl")[0]["matrices"][3]["frobenius_norm"] is None
