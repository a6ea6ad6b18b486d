"""A recipe that keeps no test span: trained, not judged, and said in one line."""

import pytest
import torch

import grucli
from grucli.cli.app import run
from grucli.errors import RecipeError, UsageError
from grucli.recipe import load_recipe
from grucli.runs.checking import check


@pytest.fixture
def unjudged(folder):
    """A folder with a finished run of such a recipe."""
    (folder / "wave.yaml").write_text(
        (folder / "wave.yaml").read_text().replace("test: 0.2", "test: 0")
    )
    grucli.train(folder / "wave.yaml", ["train.epochs=1"], run_dir=folder / "run")
    return folder


def test_the_newest_rows_are_validated_by_and_nothing_is_scored(unjudged):
    found = check(load_recipe(unjudged / "wave.yaml"), threads=1)
    assert [(span.name, span.last) for span in found.spans] == [
        ("train", "2024-05-07"),
        ("valid", "2024-06-08"),
    ]
    saved = torch.load(unjudged / "run" / "best.pt", weights_only=True)
    assert saved["progress"]["test_scores"] is None


def test_the_end_of_a_run_says_that_it_is_not_judged(unjudged, capsys, monkeypatch):
    monkeypatch.chdir(unjudged)
    assert run(["train", "wave.yaml", "--set", "train.epochs=1", "--threads", "1"]) == 0
    said = capsys.readouterr()
    assert said.out.strip() == "Not judged: the recipe keeps no test span (data.split.test: 0)."
    assert "best.pt --split valid" in said.err


def test_verbs_that_need_a_test_span_say_so_in_one_line(unjudged, capsys):
    best = str(unjudged / "run" / "best.pt")
    assert run(["eval", best]) == 2
    said = capsys.readouterr().err
    assert "data.split.test is 0: there is no test span to judge by" in said
    assert len(said.splitlines()) == 1
    assert run(["eval", best, "--split", "valid"]) == 0
    assert run(["predict", best]) == 0


def test_a_report_is_made_without_scores(unjudged):
    from grucli.runs.reporting import report_run

    found = report_run(unjudged / "run")
    assert found.scores is None
    assert "data.split.test is 0" in found.missing["scores"]


def test_classes_may_be_learned_without_a_test_part(tmp_path):
    lines = ["case,step,x,label"]
    for case in range(30):
        lines += [f"c{case},{step},{case % 2 + step / 9},{'ab'[case % 2]}" for step in range(6)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "t.yaml").write_text(
        "name: t\ndata: {path: t.csv, time: step, series: case, past: [x], split: {test: 0}}\n"
        "task: {kind: classify, label: label}\nmodel: {hidden: 4}\ntrain: {epochs: 1}\n"
    )
    finished = grucli.train(tmp_path / "t.yaml", run_dir=tmp_path / "run")
    assert finished.scores is None
    with pytest.raises(UsageError, match="no test span"):
        grucli.evaluate(finished.best_path)


@pytest.mark.parametrize("value", ["0.0", "-1", "valid: 0"])
def test_only_the_test_span_may_be_0(folder, value):
    key = "data.split.valid=0" if "valid" in value else f"data.split.test={value}"
    with pytest.raises(RecipeError, match="expected a fraction > 0"):
        load_recipe(folder / "wave.yaml", [key])
