"""Keys of a recipe that do not go together, each named at its own place."""

from pathlib import Path

import pytest

from tests.recipe_texts import BASE, errors_of, load


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("added", "line"),
    [
        (
            "model: {cell: lstm, layer_norm: sum}",
            "7:21: model.layer_norm: found sum with cell lstm, which has no such; expected none, "
            "split, ba2016, split_state, or cell gru or rnn",
        ),
        (
            "model: {eps: 0.01}",
            "7:9: model.eps: found 0.01 with layer_norm none; nothing is normalised; choose a "
            "layer_norm",
        ),
        (
            "model: {norm_bias: true}",
            "7:9: model.norm_bias: found true with layer_norm none; nothing is normalised; choose "
            "a layer_norm",
        ),
        (
            "model: {cell: lstm, activation: relu}",
            "7:21: model.activation: found relu with cell lstm; expected tanh",
        ),
        (
            "model: {init: {gain: 0.5}}",
            "7:16: model.init.gain: found 0.5 with layer_norm none; there is no gain to set; "
            "choose a layer_norm",
        ),
        (
            "model: {cell: rnn, init: {chrono_steps: 9}}",
            "7:27: model.init.chrono_steps: found 9 with cell rnn; expected null; rnn has no gate "
            "that keeps",
        ),
        (
            "model: {decoder: recursive, bidirectional: true}",
            "7:9: model.decoder: found recursive with bidirectional true; a reverse layer cannot "
            "go on step by step; choose decoder direct or bidirectional false",
        ),
        (
            "model: {decoder: segment, segment: 2, bidirectional: true}",
            "7:9: model.decoder: found segment with bidirectional true; a reverse layer cannot "
            "go on step by step; choose decoder direct or bidirectional false",
        ),
        (
            "model: {segment: 2}",
            "7:9: model.segment: found 2 with decoder direct; expected null, or model.decoder "
            "segment",
        ),
        (
            "model: {decoder: segment}",
            "7:9: model.decoder: found segment without model.segment; set it to the steps of one "
            "segment",
        ),
        (
            "model: {decoder: segment, segment: 99}",
            "7:27: model.segment: found 99; expected at most task.context, 10",
        ),
        (
            "model: {init: {matrices: [W_hz]}}",
            "7:16: model.init.matrices: found names without a checkpoint to take them from; set "
            "model.init.checkpoint",
        ),
        (
            "model: {init: {layout: haste}}",
            "7:16: model.init.layout: found a layout without a checkpoint that has it; set "
            "model.init.checkpoint",
        ),
        (
            "model: {init: {layout: 'sum,eps=2', checkpoint: c.pt}}",
            "7:16: model.init.layout: found 'sum,eps=2': expected eps=NUMBER, up to 1, after the "
            "comma",
        ),
        (
            "train: {momentum: 0.9}",
            "7:9: train.momentum: found 0.9 with optimizer adam; only sgd and rmsprop have "
            "momentum",
        ),
        (
            "train: {loss_units: window}",
            "7:9: train.loss_units: found window with task.normalise none, which divides by "
            "nothing; expected scaled, or task.normalise last_scaled or mean_std or mean",
        ),
        (
            "train: {average_decay: 0.5}",
            "7:9: train.average_decay: found 0.5 with average none; expected train.average ema",
        ),
        (
            "train: {nesterov: true}",
            "7:9: train.nesterov: found true with optimizer adam; only sgd has Nesterov's momentum",
        ),
        (
            "train: {optimizer: sgd, nesterov: true}",
            "7:25: train.nesterov: found true with momentum 0; expected train.momentum > 0, such "
            "as 0.9",
        ),
        (
            "train: {teacher_forcing: 0.5}",
            "7:9: train.teacher_forcing: found 0.5 with decoder direct; only model.decoder "
            "recursive feeds values back",
        ),
        (
            "train: {scheduled_sampling: true}",
            "7:9: train.scheduled_sampling: found true with teacher_forcing 0; expected "
            "train.teacher_forcing > 0, such as 1.0",
        ),
        (
            "train: {tbptt_steps: 11}",
            "7:9: train.tbptt_steps: found 11; expected at most task.context, 10; null reaches "
            "the whole context",
        ),
        (
            "train: {tbptt_steps: 5}\nmodel: {bidirectional: true}",
            "7:9: train.tbptt_steps: found 5 with model.bidirectional true; a reverse layer needs "
            "the whole context; choose null or bidirectional false",
        ),
        (
            "train: {recompute_steps: 10}",
            "7:9: train.recompute_steps: found 10; expected less than task.context, 10: one chunk "
            "of all steps saves no memory; the square root of it saves most, null is off",
        ),
        (
            "train: {recompute_steps: 5, tbptt_steps: 4}",
            "7:9: train.recompute_steps: found 5; expected less than train.tbptt_steps, 4: one "
            "chunk of all steps saves no memory; the square root of it saves most, null is off",
        ),
        (
            "model: {decoder: segment, segment: 4}\ntrain: {recompute_steps: 3}",
            "8:9: train.recompute_steps: found 3; expected less than the segments of task.context, "
            "3: one chunk of all steps saves no memory; the square root of it saves most, null is "
            "off",
        ),
        (
            "train: {recompute_steps: 5}\nmodel: {bidirectional: true}",
            "7:9: train.recompute_steps: found 5 with model.bidirectional true; a reverse layer "
            "begins at the end and needs every step; choose null or bidirectional false",
        ),
    ],
)
def test_keys_that_do_not_go_together_are_named_at_the_key(added: str, line: str) -> None:
    assert errors_of(BASE + added + "\n") == [f"r.yaml:{line}"]


@pytest.mark.parametrize(
    ("added", "line"),
    [
        (
            "past: [t]",
            "6:3: data.past: found 't', which is the time column; expected a column of numbers",
        ),
        (
            "past: [y]",
            "6:3: data.past: found 'y', which is a target and so an input already; remove it",
        ),
        ("past: [u, u]", "6:3: data.past: found 'u' twice; expected each column once"),
        (
            "split: {valid: 0.9}",
            "6:11: data.split.test: found fractions 0.9 + 0.2 = 1.1; expected a sum below 1",
        ),
        (
            'split: {train: 0.5, test: "2000-01-01"}',
            "6:11: data.split.train: found a length beside a date in test; expected null or a "
            "date: training ends where valid begins",
        ),
    ],
)
def test_data_keys_that_do_not_go_together_are_named(added: str, line: str) -> None:
    content = BASE.replace("target: y\n", f"target: y\n  {added}\n")
    assert errors_of(content) == [f"r.yaml:{line}"]


@pytest.mark.parametrize(
    ("model", "line"),
    [
        (
            "decoder: recursive",
            "8:9: model.decoder: found recursive with data.past columns; their future is not "
            "known, so they cannot be fed back; choose decoder direct or empty data.past",
        ),
        (
            "channels: independent",
            "8:9: model.channels: found independent with data.past columns; each target is then "
            "its own sample; choose channels joint or empty data.past",
        ),
    ],
)
def test_past_columns_exclude_some_models(model: str, line: str) -> None:
    content = BASE.replace("target: y\n", "target: y\n  past: [u]\n") + f"model: {{{model}}}\n"
    assert errors_of(content) == [f"r.yaml:{line}"]


@pytest.mark.parametrize("split", ["train: 0.7, valid: 0.1", "valid: 100, test: 0.9", "train: 5"])
def test_spans_that_leave_enough_are_accepted(split: str) -> None:
    load(BASE.replace("target: y\n", f"target: y\n  split: {{{split}}}\n"))
