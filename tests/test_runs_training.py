"""Training runs: the same bytes for the same seed, and resuming as if nothing had happened."""

import json

import numpy as np
import pytest
import torch

from grucli import evaluate, train
from grucli.checkpoint import load_checkpoint
from grucli.errors import DataError, InterruptedRunError, TrainingError, UsageError
from grucli.nn import available, kernel_words, limit_threads
from grucli.recipe import load_recipe
from grucli.results import Epoch, Step
from grucli.runs import training
from grucli.runs.folder import RunFolder
from grucli.runs.training_run import TrainingRun

STEPS_PER_EPOCH = 5


def weights_of(path):
    return {name: value.tobytes() for name, value in load_checkpoint(path).weights.items()}


def metrics_of(run):
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    timed = {"elapsed_seconds", "windows_per_second", "steps_per_second", "run_dir", "best_path"}
    return [{key: value for key, value in row.items() if key not in timed} for row in rows]


def stopping_after(steps):
    """A ``stop`` that asks for an end when so many steps are done."""
    asked = 0

    def stop():
        nonlocal asked
        asked += 1
        return 15 if asked >= steps else None

    return stop


def resumed_and_whole(recipe, folder, *, steps):
    """The best weights of a run that was stopped after so many steps, and of one that was not."""
    whole, parts = folder / "whole", folder / "parts"
    list(training.train(recipe, run_dir=whole, threads=1))
    with pytest.raises(InterruptedRunError):
        list(training.train(recipe, run_dir=parts, threads=1, stop=stopping_after(steps)))
    list(training.train(recipe, run_dir=parts, threads=1, resume=True))
    return weights_of(parts / "best.pt"), weights_of(whole / "best.pt")


def events_of(folder, *overrides, **options):
    recipe = load_recipe(str(folder / "wave.yaml"), overrides)
    return list(training.train(recipe, run_dir=folder / "run", **options))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(folder):
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        train(folder / "wave.yaml", [f"train.seed={seed}"], run_dir=folder / name)
    first = weights_of(folder / "a" / "best.pt")
    assert weights_of(folder / "b" / "best.pt") == first
    assert metrics_of(folder / "b") == metrics_of(folder / "a")
    assert weights_of(folder / "c" / "best.pt") != first


@pytest.mark.parametrize("steps", [1, 4, 5, 6, 9, 13])
@pytest.mark.parametrize("change", ["train.optimizer=rmsprop", "train.average=ema"])
def test_a_run_stopped_anywhere_and_resumed_equals_an_undisturbed_one(folder, steps, change):
    overrides = [change, "train.schedule={kind: plateau}"]
    train(folder / "wave.yaml", overrides, run_dir=folder / "whole")
    with pytest.raises(InterruptedRunError) as stopped:
        train(folder / "wave.yaml", overrides, run_dir=folder / "parts", stop=stopping_after(steps))
    assert stopped.value.exit_code == 143
    torch.manual_seed(12345)
    train(folder / "wave.yaml", overrides, run_dir=folder / "parts", resume=True)
    for name in ("best.pt", "last.pt"):
        parts, whole = folder / "parts" / name, folder / "whole" / name
        assert weights_of(parts) == weights_of(whole)
        assert load_checkpoint(parts).deviations == load_checkpoint(whole).deviations
    assert metrics_of(folder / "parts") == metrics_of(folder / "whole")


def test_resuming_needs_the_random_state(folder, monkeypatch):
    train(folder / "wave.yaml", run_dir=folder / "whole")
    with pytest.raises(InterruptedRunError):
        train(folder / "wave.yaml", run_dir=folder / "parts", stop=stopping_after(3))
    monkeypatch.setattr(torch, "set_rng_state", lambda state: None)
    train(folder / "wave.yaml", run_dir=folder / "parts", resume=True)
    assert weights_of(folder / "parts" / "last.pt") != weights_of(folder / "whole" / "last.pt")


def test_a_finished_run_can_be_resumed_and_stays_what_it_is(folder):
    train(folder / "wave.yaml", run_dir=folder / "run")
    before = weights_of(folder / "run" / "best.pt"), metrics_of(folder / "run")
    train(folder / "wave.yaml", run_dir=folder / "run", resume=True)
    assert (weights_of(folder / "run" / "best.pt"), metrics_of(folder / "run")) == before


def test_more_epochs_continue_a_finished_run_as_if_asked_for_at_once(folder):
    train(folder / "wave.yaml", ["train.epochs=5"], run_dir=folder / "whole")
    train(folder / "wave.yaml", run_dir=folder / "parts")
    train(folder / "wave.yaml", ["train.epochs=5"], run_dir=folder / "parts", resume=True)
    assert weights_of(folder / "parts" / "last.pt") == weights_of(folder / "whole" / "last.pt")


def test_a_changed_recipe_is_refused_on_resume_with_both_values(folder):
    train(folder / "wave.yaml", run_dir=folder / "run")
    with pytest.raises(UsageError, match=r"train\.lr was 0\.01 and is now 0\.5"):
        train(folder / "wave.yaml", ["train.lr=0.5"], run_dir=folder / "run", resume=True)


@pytest.mark.parametrize("version", [None, 1, 2])
def test_a_training_state_of_another_form_is_refused_and_still_evaluated(folder, version):
    train(folder / "wave.yaml", run_dir=folder / "run")
    last = folder / "run" / "last.pt"
    body = torch.load(last, weights_only=True)
    del body["training"]["version"]  # as before there were versions
    body["training"] |= {} if version is None else {"version": version}
    torch.save(body, last)
    with pytest.raises(UsageError, match=r"cannot go on with"):
        train(folder / "wave.yaml", run_dir=folder / "run", resume=True)
    assert evaluate(last).windows > 0


def test_a_changed_table_is_refused_on_resume(folder):
    train(folder / "wave.yaml", run_dir=folder / "run")
    table = folder / "wave.csv"
    table.write_text(table.read_text().replace("2024-01-03,1", "2024-01-03,2"))
    with pytest.raises(UsageError, match="the table has changed"):
        train(folder / "wave.yaml", run_dir=folder / "run", resume=True)


def test_an_existing_run_is_refused_and_its_files_stay(folder):
    train(folder / "wave.yaml", run_dir=folder / "run")
    before = (folder / "run" / "best.pt").read_bytes()
    with pytest.raises(UsageError, match="add --resume"):
        train(folder / "wave.yaml", run_dir=folder / "run")
    assert (folder / "run" / "best.pt").read_bytes() == before


def test_overwriting_replaces_our_files_and_leaves_others(folder):
    train(folder / "wave.yaml", run_dir=folder / "run")
    (folder / "run" / "notes.txt").write_text("mine")
    train(folder / "wave.yaml", ["train.epochs=1"], run_dir=folder / "run", overwrite=True)
    assert (folder / "run" / "notes.txt").read_text() == "mine"
    assert [row["kind"] for row in metrics_of(folder / "run")] == ["Epoch", "TrainingFinished"]


def test_two_processes_cannot_train_into_one_folder(folder):
    recipe = load_recipe(str(folder / "wave.yaml"))
    first = training.train(recipe, run_dir=folder / "run")
    next(first)
    with pytest.raises(UsageError, match="another process is training"):
        train(folder / "wave.yaml", run_dir=folder / "run", overwrite=True)
    first.close()


@pytest.mark.parametrize("was_there", [False, True])
def test_a_start_that_fails_leaves_the_place_as_it_was(folder, was_there):
    if was_there:
        (folder / "run").mkdir()
    (folder / "wave.csv").write_text("day,level\n2024-01-01,1\n")
    with pytest.raises(DataError):
        train(folder / "wave.yaml", run_dir=folder / "run")
    assert (folder / "run").exists() == was_there
    assert not (folder / "run" / ".lock").exists()


def test_a_finished_run_leaves_no_lock(folder):
    train(folder / "wave.yaml", ["train.epochs=1"], run_dir=folder / "run")
    assert not (folder / "run" / ".lock").exists()


def test_a_line_torn_by_a_crash_is_repaired_on_resume(folder):
    train(folder / "wave.yaml", run_dir=folder / "whole")
    with pytest.raises(InterruptedRunError):
        train(folder / "wave.yaml", run_dir=folder / "parts", stop=stopping_after(8))
    with (folder / "parts" / "metrics.jsonl").open("a") as file:
        file.write('{"schema_version": 1, "kind": "Epo')
    train(folder / "wave.yaml", run_dir=folder / "parts", resume=True)
    assert metrics_of(folder / "parts") == metrics_of(folder / "whole")


def test_events_come_in_order_and_count_every_step(folder):
    events = events_of(folder, "train.epochs=2")
    names = [type(event).__name__ for event in events]
    one_epoch = ["Step"] * STEPS_PER_EPOCH + ["Epoch"]
    assert names == ["TrainingStarted", *one_epoch, *one_epoch, "TrainingFinished"]
    assert [e.step for e in events if isinstance(e, Step)] == list(
        range(1, 2 * STEPS_PER_EPOCH + 1)
    )


def test_every_gate_reports_its_gradient_and_update(folder):
    epoch = next(event for event in events_of(folder) if isinstance(event, Epoch))
    assert {(gate.layer, gate.matrix) for gate in epoch.gates} == {
        (layer, matrix)
        for layer in (0, 1)
        for matrix in ("W_xr", "W_xz", "W_xn", "W_hr", "W_hz", "W_hn")
    }
    assert all(gate.gradient_norm > 0 and 0 < gate.update_ratio < 1 for gate in epoch.gates)


def test_the_best_weights_are_kept_not_the_last(folder):
    rising = ("train.lr=50.0", "train.schedule.warmup_steps=1000")  # good at first, then too fast
    events = events_of(folder, "train.epochs=12", "train.patience=null", *rising)
    epochs = [event for event in events if isinstance(event, Epoch)]
    losses = [epoch.valid_loss for epoch in epochs]
    best = losses.index(min(losses)) + 1
    assert best < len(losses)
    assert events[-1].best_epoch == best
    assert [epoch.epoch for epoch in epochs if epoch.is_best][-1] == best
    assert weights_of(folder / "run" / "best.pt") != weights_of(folder / "run" / "last.pt")


def test_patience_ends_training_early(folder):
    events = events_of(folder, "train.epochs=50", "train.patience=2", "train.lr=0.5")
    assert events[-1].reason == "patience"
    assert events[-1].epochs == events[-1].best_epoch + 2


def test_a_loss_that_is_not_finite_stops_before_the_step(folder):
    recipe = load_recipe(
        str(folder / "wave.yaml"), ["train.optimizer=sgd", "train.lr=1e30", "train.clip=null"]
    )
    (folder / "run").mkdir()
    run = TrainingRun(recipe, RunFolder(folder / "run"), "cpu")
    values = run.training.parameters.values
    before = [values.clone()]
    with pytest.raises(TrainingError, match=r"loss .* the weights were left as they were"):
        before.extend(values.clone() for _ in run.loop())
    assert len(before) > 1
    assert bool(torch.isfinite(values).all())
    assert torch.equal(values, before[-1])


@pytest.mark.parametrize("threads", [1, "auto"])
@pytest.mark.parametrize(
    ("error", "found"),
    [
        (RuntimeError("[enforce fail] can't allocate memory: 9 bytes\n..."), "enforce fail"),
        (MemoryError(), "the machine has no more"),
    ],
)
def test_memory_that_runs_out_is_one_line_in_training_and_when_threads_are_measured(
    folder, monkeypatch, threads, error, found
):
    def exhausted(*_):
        raise error

    monkeypatch.setattr("grucli.training.loop._backpropagate", exhausted)
    before = torch.get_num_threads()
    with pytest.raises(TrainingError, match=f"out of memory at step 1: .*{found}.*; try") as caught:
        train(folder / "wave.yaml", run_dir=folder / "run", threads=threads)
    torch.set_num_threads(before)
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize("threads", [1, "auto"])
def test_other_errors_of_a_step_keep_their_words(folder, monkeypatch, threads):
    def broken(*_):
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr("grucli.training.loop._backpropagate", broken)
    with pytest.raises(RuntimeError, match=r"^shapes do not fit$"):
        train(folder / "wave.yaml", run_dir=folder / "run", threads=threads)


CHANGES = [
    "train.loss=mae",
    "train.loss=huber",
    "train.optimizer=sgd",
    "train.optimizer=rmsprop",
    "train.lr=0.02",
    "train.weight_decay=0.1",
    "train.batch_size=8",
    "train.clip=0.01",
    "train.seed=8",
    "train.schedule.kind=cosine",
    "train.schedule.warmup_steps=3",
    "train.tbptt_steps=3",
    "train.recompute_steps=5",
    "task.context=10",
    "task.horizon=2",
    "task.normalise=none",
    "task.normalise=mean_std",
    "task.stride=2",
    "model.cell=rnn",
    "model.layer_norm=none",
    "model.layer_norm=ba2016",
    "model.layer_norm=sum",
    "model.layer_norm=sum_joint",
    "model.hidden=9",
    "model.layers=1",
    "model.eps=0.1",
    "model.norm_bias=true",
    "model.bidirectional=true",
    "model.dropout=0.3",
    "model.decoder=recursive",
    "model.skip=linear",
    "task.normalise=last_scaled",
    "model.freeze=[W_hz]",
    "model.init.input_hidden=xavier",
    "model.init.hidden_hidden=orthogonal",
    "model.init.chrono_steps=10",
    "model.init.gain=0.1",
    "data.scale=minmax",
    "data.scale=robust",
    "data.scale=none",
    "data.split.valid=0.3",
    "data.split.test=0.3",
    "data.split.train=60",
    "data.missing=mask",
]


@pytest.fixture(scope="module")
def one_epoch(tmp_path_factory):
    """Final weights of the recipe as it stands, after one epoch."""
    from tests.conftest import RECIPE, write_wave

    place = tmp_path_factory.mktemp("one_epoch")
    write_wave(place / "wave.csv")
    (place / "wave.yaml").write_text(RECIPE)
    train(place / "wave.yaml", ["train.epochs=1"], run_dir=place / "run")
    return weights_of(place / "run" / "last.pt")


@pytest.mark.parametrize("change", CHANGES)
def test_every_key_changes_what_is_learned(folder, one_epoch, change):
    train(folder / "wave.yaml", ["train.epochs=1", change], run_dir=folder / "run")
    assert weights_of(folder / "run" / "last.pt") != one_epoch


PAIRS = [
    (["train.weight_decay=0.1"], "train.optimizer=adamw"),
    (["train.optimizer=sgd"], "train.momentum=0.9"),
    (["train.optimizer=sgd", "train.momentum=0.9"], "train.nesterov=true"),
    (["task.normalise=mean_std"], "train.loss_units=window"),
    (["model.cell=rnn"], "model.activation=relu"),
    (["model.cell=lstm"], "model.layer_norm=split_state"),
    (["model.decoder=segment", "model.segment=4"], "model.segment=7"),
    (["model.decoder=recursive"], "train.teacher_forcing=1.0"),
    (
        ["model.decoder=recursive", "train.teacher_forcing=0.9", "train.epochs=3"],
        "train.scheduled_sampling=true",
    ),
    (
        ["train.schedule={kind: step, every_epochs: 1}", "train.epochs=3"],
        "train.schedule.every_epochs=2",
    ),
    (
        ["train.schedule={kind: step, every_epochs: 1}", "train.epochs=3"],
        "train.schedule.factor=0.9",
    ),
]


@pytest.mark.parametrize(("before", "change"), PAIRS)
def test_keys_that_need_another_key_change_what_is_learned_too(folder, before, change):
    for name, extra in (("a", []), ("b", [change])):
        train(folder / "wave.yaml", ["train.epochs=1", *before, *extra], run_dir=folder / name)
    assert weights_of(folder / "a" / "last.pt") != weights_of(folder / "b" / "last.pt")


def test_named_matrices_begin_from_a_trained_checkpoint(folder, trained):
    source = trained / "run" / "best.pt"
    overrides = [
        "train.lr=1e-12",
        "train.epochs=1",
        f"model.init.checkpoint={source}",
        "model.init.matrices=[W_hz, 1.candidate.ih]",
    ]
    train(folder / "wave.yaml", overrides, run_dir=folder / "run")
    ours, theirs = (load_checkpoint(path).weights for path in (folder / "run" / "last.pt", source))
    update, candidate = slice(8, 16), slice(16, 24)
    same = [("recurrent.weight_hh_l0", update), ("recurrent.weight_ih_l1", candidate)]
    for name, rows in same:
        assert ours[name][rows] == pytest.approx(theirs[name][rows], abs=1e-6)
    other = "recurrent.weight_hh_l0"
    assert ours[other][candidate] != pytest.approx(theirs[other][candidate], abs=1e-3)


def test_measuring_the_threads_changes_nothing_that_is_learned(folder, monkeypatch):
    monkeypatch.setattr("grucli.runs.pace._WORTHWHILE", 0.0)
    for name, threads in (("measured", "auto"), ("given", 1)):
        train(folder / "wave.yaml", run_dir=folder / name, threads=threads)
    assert weights_of(folder / "measured" / "last.pt") == weights_of(folder / "given" / "last.pt")


@pytest.mark.skipif(not available(), reason="installed without a compiler")
def test_fewer_threads_on_the_way_change_no_byte(folder, monkeypatch):
    """With one thread from the start the same run rounds otherwise."""
    before, limits = torch.get_num_threads(), []

    def limit(most):
        limits.append(most)
        limit_threads(most)

    monkeypatch.setattr("grucli.runs.training_run.pick_threads", lambda _: torch.set_num_threads(2))
    monkeypatch.setattr("grucli.runs.pace.limit_threads", limit)
    monkeypatch.setattr("grucli.runs.pace._WINDOW_STEPS", 1)
    monkeypatch.setattr("grucli.runs.pace._WINDOW_SECONDS", 0.0)
    monkeypatch.setattr("grucli.runs.pace._SLOW", 0.0)
    monkeypatch.setattr("grucli.runs.pace._WORTHWHILE", 0.0)
    overrides = ["model.hidden=48", "model.dropout=0.1", "model.layers=2"]
    for name, threads in (("limited", "auto"), ("free", 2), ("alone", 1)):
        train(folder / "wave.yaml", overrides, run_dir=folder / name, threads=threads)
    torch.set_num_threads(before)
    assert weights_of(folder / "limited" / "last.pt") == weights_of(folder / "free" / "last.pt")
    assert weights_of(folder / "limited" / "last.pt") != weights_of(folder / "alone" / "last.pt")
    assert {1, 2} <= set(limits)
    assert limits[-1] == 0


def test_a_resumed_run_takes_the_threads_it_had(folder):
    before = torch.get_num_threads()
    with pytest.raises(InterruptedRunError):
        train(folder / "wave.yaml", run_dir=folder / "run", threads=2, stop=stopping_after(3))
    torch.set_num_threads(1)
    recipe = load_recipe(str(folder / "wave.yaml"))
    events = training.train(recipe, run_dir=folder / "run", resume=True, threads="auto")
    assert next(events).threads == 2
    events.close()
    torch.set_num_threads(before)


def test_training_leaves_the_arithmetic_of_the_process_as_it_was(folder):
    tiny = np.array([1e-310])
    train(folder / "wave.yaml", ["train.epochs=1"], run_dir=folder / "run")
    assert (tiny * 0.5 > 0).all()


def test_the_recipe_chooses_the_kernel(folder):
    assert events_of(folder, "train.epochs=1", "train.kernel=torch")[0].kernel == "torch"


@pytest.mark.parametrize(
    ("changes", "words", "native"),
    [
        (["model.cell=rnn", "model.activation=relu"], "rnn with relu, layer norm split, ", True),
        (["model.norm_bias=true"], "gru, layer norm split, ", False),
        (["model.cell=lstm"], "lstm, layer norm split, ", True),
    ],
)
def test_a_run_says_what_it_trains_and_with_which_kernel(folder, changes, words, native):
    started = events_of(folder, "train.epochs=1", *changes)[0]
    assert started.model.startswith(words)
    assert started.kernel == (kernel_words() if native else "torch")


def test_an_unknown_kernel_in_the_environment_is_named(folder, monkeypatch):
    monkeypatch.setenv("GRUCLI_KERNEL", "abacus")
    with pytest.raises(UsageError, match="'abacus' is unknown; expected one of auto"):
        events_of(folder)
