"""The text of every kind of recipe error, and its place."""

from pathlib import Path
from typing import Any

import pytest

from grucli.errors import RecipeError
from grucli.recipe import recipe_from_mapping
from tests.recipe_texts import BASE, errors_of, load

PLAIN: dict[str, Any] = {
    "name": "a",
    "data": {"path": "x.csv", "time": "t", "target": "y"},
    "task": {"context": 10, "horizon": 2},
}


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("added", "line"),
    [
        (
            "model: {hiden_size: 3}",
            "7:9: model.hiden_size: unknown key; did you mean 'hidden'?",
        ),
        ("model: {Hidden: 3}", "7:9: model.Hidden: unknown key; did you mean 'hidden'?"),
        ("hidden: 3", "7:1: hidden: unknown key; did you mean 'model.hidden'?"),
        ("train: {valid: 3}", "7:9: train.valid: unknown key; did you mean 'data.split.valid'?"),
        ("train: {learning_rate: 1}", "7:9: train.learning_rate: unknown key; did you mean 'lr'?"),
        ("lookback: 1", "7:1: lookback: unknown key; did you mean 'task.context'?"),
        (
            "qqq: 3",
            "7:1: qqq: unknown key; expected one of name, data, task, model, train, tune",
        ),
        (
            "model: {hidden: 0}",
            "7:17: model.hidden: found 0; expected a whole number from 1 to 65536",
        ),
        (
            "model: {hidden: 1000000000000}",
            "7:17: model.hidden: found 1000000000000; expected a whole number from 1 to 65536",
        ),
        (
            "model: {hidden: 64.0}",
            "7:17: model.hidden: found 64.0; expected a whole number from 1 to 65536; write 64",
        ),
        (
            "model: {dropout: 1.0}",
            "7:18: model.dropout: found 1.0; expected a number >= 0 and < 1",
        ),
        (
            "model: {bidirectional: 1}",
            "7:24: model.bidirectional: found 1; expected true or false",
        ),
        (
            "model: {bidirectional: no}",
            '7:24: model.bidirectional: found the text "no"; expected true or false; write true or '
            "false, in small letters and without quotes",
        ),
        (
            "model: {cell: grru}",
            '7:15: model.cell: found the text "grru"; expected one of gru, rnn, lstm; did you mean '
            "'gru'?",
        ),
        (
            "model: {layer_norm: null}",
            "7:21: model.layer_norm: found null; expected one of none, split, ba2016, sum, "
            "sum_joint, split_state; did you mean 'none'?",
        ),
        ("train: {lr: true}", "7:13: train.lr: found true; expected a number > 0"),
        ("train: {lr: 0}", "7:13: train.lr: found 0; expected a number > 0"),
        ("train: {lr: nan}", '7:13: train.lr: found the text "nan"; expected a number > 0'),
        (
            "train: {lr: .inf}",
            "7:13: train.lr: found .inf; expected a number > 0; it has to be finite",
        ),
        (
            "train: {lr: 1e999}",
            "7:13: train.lr: found 1e999; expected a number > 0; it has to be finite",
        ),
        (
            'train: {lr: "0.1"}',
            '7:13: train.lr: found the text "0.1"; expected a number > 0; remove the quotes',
        ),
        (
            "train: {lr: 1_000}",
            "7:13: train.lr: found 1_000, a number to one version of YAML and something else to "
            'another; write 1000 for a number or "1_000" for a text',
        ),
        (
            "train: {seed: 12:30}",
            "7:15: train.seed: found 12:30, a number to one version of YAML and something else to "
            "another; quote it",
        ),
        (
            "train: {patience: none}",
            '7:19: train.patience: found the text "none"; expected a whole number from 1 to '
            "10000000, or null; write null, without quotes",
        ),
        (
            "train: {clip: -1}",
            "7:15: train.clip: found -1; expected a number > 0, or null",
        ),
        (
            "train: {teacher_forcing: 2}",
            "7:26: train.teacher_forcing: found 2; expected a number from 0 to 1",
        ),
        (
            "model:",
            "7:7: model: found nothing; expected a section with keys such as cell, layer_norm, "
            "hidden",
        ),
        (
            "model: {init: {matrices: [W_hz, 3]}}",
            '7:33: model.init.matrices[1]: found 3; expected a text; quote it: "3"',
        ),
        (
            "model: {init: {matrices: W_hz}}",
            '7:26: model.init.matrices: found the text "W_hz"; expected a list of texts',
        ),
        (
            "train: {loss: mse, optimizer: sgd,\n  loss: mae}",
            "8:3: train.loss: written twice, first in line 7; keep one of the two",
        ),
        ("name: b", "7:1: name: written twice, first in line 1; keep one of the two"),
    ],
)
def test_a_wrong_line_is_named_with_what_to_do(added: str, line: str) -> None:
    assert errors_of(BASE + added + "\n") == [f"r.yaml:{line}"]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "name: a",
            "name: ../a",
            '1:7: name: found the text "../a"; expected a name of letters, digits, _, - and . that '
            "begins with a letter, digit or _",
        ),
        (
            "name: a",
            r'name: "\e[2J"',
            r'1:7: name: found the text "\x1b[2J"; expected a name of letters, digits, _, - and . '
            "that begins with a letter, digit or _",
        ),
        (
            "target: y",
            "target: []",
            "5:11: data.target: found an empty list; expected a text or a list of texts; it "
            "must not be empty",
        ),
        (
            "target: y",
            "target: 3",
            '5:11: data.target: found 3; expected a text or a list of texts; quote it: "3"',
        ),
        ("  target: y\n", "", "2:1: data.target: missing; expected a text or a list of texts"),
        ("target: y", "targt: y", "5:3: data.targt: unknown key; did you mean 'target'?"),
        (
            "task: {context: 10, horizon: 2}\n",
            "",
            "1:1: task: missing; expected a section with keys such as kind, context, horizon",
        ),
        (
            "{context",
            "{kind: tag, context",
            '6:14: task.kind: found the text "tag"; expected one of forecast, classify, regress, '
            "label",
        ),
        (
            "target: y",
            "target: y\n  split: {valid: 1.0}",
            "6:18: data.split.valid: found 1.0; expected a fraction > 0 and < 1, a number of steps "
            ">= 1 or a date in quotes",
        ),
        (
            "target: y",
            "target: y\n  split: {test: -1}",
            "6:17: data.split.test: found -1; expected a fraction > 0 and < 1, a number of steps, "
            "0 for none, or a date in quotes",
        ),
        (
            "target: y",
            'target: y\n  split: {valid: "0.2"}',
            '6:18: data.split.valid: found the text "0.2"; expected a fraction > 0 and < 1, a '
            "number of steps >= 1 or a date in quotes; remove the quotes",
        ),
    ],
)
def test_a_changed_line_is_named_with_what_to_do(old: str, new: str, line: str) -> None:
    assert errors_of(BASE.replace(old, new)) == [f"r.yaml:{line}"]


def test_all_kinds_of_errors_come_at_once_in_the_order_of_the_file() -> None:
    content = BASE + "model: {hiden: 3, hidden: 0, cell: lstm, layer_norm: sum}\nname: b\n"
    content += "train: {lr: 017, epochs: 1.5}\n"
    lines = errors_of(content, "train.clip=0", "model.layers=[")
    assert [line.split(": ")[1] for line in lines[:-1]] == [
        "model.hiden",
        "model.hidden",
        "model.layer_norm",
        "name",
        "train.lr",
        "train.epochs",
        "train.clip",
    ]
    assert lines[-1].startswith("--set model.layers=[: ")


def test_an_ambiguous_value_starts_no_second_error() -> None:
    content = BASE.replace("context: 10", "context: 010") + "train: {tbptt_steps: 11}\n"
    assert [line.split(": ")[1] for line in errors_of(content)] == ["task.context"]


def test_an_unknown_key_is_named_whatever_its_value() -> None:
    assert [line[:12] for line in errors_of(BASE + "qqq: 1_0\n")] == [
        "r.yaml:7:1: ",
        "r.yaml:7:6: ",
    ]


def test_the_message_shows_twenty_errors_and_counts_the_rest() -> None:
    content = BASE + "".join(f"key{i}: 1\n" for i in range(25))
    with pytest.raises(RecipeError, match=r"\.\.\. and 5 more \(25 in all\)$"):
        load(content)


@pytest.mark.parametrize(
    ("mapping", "line"),
    [
        (PLAIN | {"model": {"hiden": 3}}, "model.hiden: unknown key; did you mean 'hidden'?"),
        (
            PLAIN | {"train": {"lr": float("nan")}},
            "train.lr: found nan; expected a number > 0; it has to be finite",
        ),
        (
            PLAIN | {"train": {"clip": b"x"}},
            "train.clip: found b'x'; expected a number > 0, or null",
        ),
        (
            PLAIN | {"train": {"momentum": 0.5}},
            "train.momentum: found 0.5 with optimizer adam; only sgd and rmsprop have momentum",
        ),
        ([1], "found a list; expected a section with keys such as name, data, task"),
    ],
)
def test_a_wrong_recipe_of_a_checkpoint_is_named_by_its_source(mapping: Any, line: str) -> None:
    with pytest.raises(RecipeError) as caught:
        recipe_from_mapping(mapping, source="best.pt")
    assert list(caught.value.problems) == [f"best.pt: {line}"]


def test_a_recipe_that_is_nested_without_end_is_refused() -> None:
    loop: dict[str, Any] = dict(PLAIN)
    loop["model"] = loop
    with pytest.raises(RecipeError, match="nested deeper than 32 levels"):
        recipe_from_mapping(loop)
