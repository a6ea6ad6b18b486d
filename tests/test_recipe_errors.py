"""The text of every kind of recipe error, its place, and overrides from the command line."""

from pathlib import Path
from typing import Any

import pytest

from grucli.errors import RecipeError
from grucli.recipe import load_recipe, recipe_from_mapping

BASE = """\
name: a
data:
  path: x.csv
  time: t
  target: y
task: {context: 10, horizon: 2}
"""
PLAIN: dict[str, Any] = {
    "name": "a",
    "data": {"path": "x.csv", "time": "t", "target": "y"},
    "task": {"context": 10, "horizon": 2},
}


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def load(content: str, *overrides: str) -> Any:
    Path("r.yaml").write_text(content)
    return load_recipe("r.yaml", overrides)


def errors_of(content: str, *overrides: str) -> list[str]:
    with pytest.raises(RecipeError) as caught:
        load(content, *overrides)
    return list(caught.value.problems)


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
            "7:1: qqq: unknown key; expected one of name, data, task, model, train",
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
            "sum_joint; did you mean 'none'?",
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
            "{kind: classify, context",
            '6:14: task.kind: found the text "classify"; expected forecast',
        ),
        (
            "target: y",
            "target: y\n  split: {valid: 1.0}",
            "6:18: data.split.valid: found 1.0; expected a fraction > 0 and < 1, a number of steps "
            ">= 1 or a date in quotes",
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


@pytest.mark.parametrize(
    ("added", "line"),
    [
        (
            "model: {cell: lstm, layer_norm: split}",
            "7:21: model.layer_norm: found split with cell lstm; expected none; lstm has no layer "
            "normalisation here, choose cell gru or rnn",
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
            "model: {init: {matrices: [W_hz]}}",
            "7:16: model.init.matrices: found names without a checkpoint to take them from; set "
            "model.init.checkpoint",
        ),
        (
            "train: {momentum: 0.9}",
            "7:9: train.momentum: found 0.9 with optimizer adam; only sgd and rmsprop have "
            "momentum",
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


def test_the_message_shows_twenty_errors_and_counts_the_rest() -> None:
    content = BASE + "".join(f"key{i}: 1\n" for i in range(25))
    with pytest.raises(RecipeError, match=r"\.\.\. and 5 more \(25 in all\)$"):
        load(content)


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("model.hiden=3", "model.hiden: unknown key; did you mean 'hidden'?"),
        ("modle.hidden=3", "modle: unknown key; did you mean 'model'?"),
        ("model.hidden=0", "model.hidden: found 0; expected a whole number from 1 to 65536"),
        (
            "model.hidden=1e2",
            "model.hidden: found 1e2; expected a whole number from 1 to 65536; write 100",
        ),
        ("model", "not an override; expected KEY=VALUE, such as model.hidden=32"),
        ("model..hidden=3", "not an override; expected KEY=VALUE, such as model.hidden=32"),
        ("name=@x", "a value cannot begin with @; quote it; the line reads: @x"),
        ("data.path=*.csv", "a value cannot begin with *, & or !; quote it; the line reads: *.csv"),
        (
            "train={lr: 0}",
            "train.lr: found 0; expected a number > 0",
        ),
        (
            "train.tbptt_steps=99",
            "train.tbptt_steps: found 99; expected at most task.context, 10; null reaches the "
            "whole context",
        ),
    ],
)
def test_an_error_of_an_override_names_the_override(override: str, line: str) -> None:
    assert errors_of(BASE, override) == [f"--set {override}: {line}"]


@pytest.mark.parametrize(
    ("override", "section", "key", "value"),
    [
        ("train.lr=1e-2", "train", "lr", 0.01),
        ("train.lr=2", "train", "lr", 2.0),
        ("train.clip=null", "train", "clip", None),
        ("data.target=[a, b]", "data", "target", ("a", "b")),
        ("data.target=a", "data", "target", ("a",)),
        ('data.time="12:30"', "data", "time", "12:30"),
        ("model.cell=lstm", "model", "cell", "lstm"),
        ("data.path=-", "data", "path", "-"),
        ("data.path=/a=b.csv", "data", "path", "/a=b.csv"),
    ],
)
def test_an_override_takes_the_place_of_the_value(
    override: str, section: str, key: str, value: object
) -> None:
    read = getattr(getattr(load(BASE, override), section), key)
    assert (type(read), read) == (type(value), value)


def test_an_override_reaches_into_sections_that_are_not_written() -> None:
    assert load(BASE, "train.schedule.kind=cosine").train.schedule.kind == "cosine"


def test_the_last_of_two_overrides_of_one_key_counts() -> None:
    assert load(BASE, "model.hidden=3", "model.hidden=4").model.hidden == 4


@pytest.mark.parametrize(
    "train", ["{lr: 0}", "{lr: 1_0}", "{lr: 1, lr: 2}", "{lr: [a, {b: !x c}]}"]
)
def test_an_error_goes_with_the_value_that_an_override_replaces(train: str) -> None:
    assert load(BASE + f"train: {train}\n", "train.lr=3").train.lr == 3.0


def test_an_override_of_one_alias_leaves_the_other() -> None:
    shared = "model: &m {hidden: 3}\ntrain: *m\n"
    assert errors_of(BASE + shared, "model.hidden=4") == [
        "r.yaml:7:12: train.hidden: unknown key; did you mean 'model.hidden'?"
    ]


def test_paths_of_the_file_go_from_its_folder_and_those_of_overrides_from_the_current_one(
    tmp_path: Path,
) -> None:
    (tmp_path / "recipes").mkdir()
    content = BASE.replace("x.csv", "../x.csv") + "model: {init: {checkpoint: c.pt}}\n"
    Path("recipes/r.yaml").write_text(content)
    written = load_recipe("recipes/r.yaml")
    assert written.data.path == f"{tmp_path}/x.csv"
    assert written.model.init.checkpoint == f"{tmp_path}/recipes/c.pt"
    overrides = ["data.path=d/x.csv", "model.init.checkpoint=c.pt"]
    overridden = load_recipe("recipes/r.yaml", overrides)
    assert overridden.data.path == f"{tmp_path}/d/x.csv"
    assert overridden.model.init.checkpoint == f"{tmp_path}/c.pt"


def test_the_home_folder_may_be_written_as_a_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    assert load(BASE.replace("x.csv", "~/x.csv")).data.path == "/home/someone/x.csv"


def test_a_lone_dash_stays_a_dash() -> None:
    assert load(BASE.replace("x.csv", '"-"')).data.path == "-"


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
