"""What a recipe would come to, without training; and all that training would refuse."""

import json

import pytest

from grucli.cli.app import run
from grucli.recipe import load_recipe
from grucli.runs.checking import check
from grucli.runs.training import train


@pytest.fixture
def inside(folder, monkeypatch):
    """The folder with the wave, as the current one."""
    monkeypatch.chdir(folder)
    return folder


def said(capsys, *arguments):
    """The exit code, and what went to either stream."""
    code = run(["check", "wave.yaml", "--threads", "1", *arguments])
    return code, *capsys.readouterr()


def test_a_check_tells_what_training_would_begin_with(inside):
    recipe = load_recipe("wave.yaml")
    found = check(recipe, threads=1)
    started = next(iter(train(recipe, threads=1)))
    assert found.parameters == started.parameters
    assert [span.samples for span in found.spans] == [
        started.train_windows,
        started.valid_windows,
        started.test_windows,
    ]
    assert (found.rows, found.model, found.kernel) == (160, started.model, started.kernel)
    assert found.steps_per_epoch == started.steps_per_epoch
    assert found.epoch_seconds == found.batch_seconds * found.steps_per_epoch > 0
    assert found.total_seconds == found.epoch_seconds * 3
    assert found.memory_bytes > 1 << 20


def test_spans_are_told_with_their_dates(inside):
    spans = check(load_recipe("wave.yaml"), threads=1).spans
    assert [(span.first, span.last) for span in spans] == [
        ("2024-01-01", "2024-04-05"),
        ("2024-04-06", "2024-05-07"),
        ("2024-05-08", "2024-06-08"),
    ]


def test_nothing_is_written(inside, capsys):
    before = sorted(inside.iterdir())
    code, out, err = said(capsys)
    assert (code, err) == (0, "")
    assert "wave: can be trained" in out
    assert "2024-04-06" in out
    assert sorted(inside.iterdir()) == before


def test_a_check_is_one_document(inside, capsys):
    _, out, _ = said(capsys, "--json")
    document = json.loads(out)
    assert document["kind"] == "RecipeCheck"
    assert document["spans"][2]["name"] == "test"


REFUSED = {
    "model.hiden=3": (2, "did you mean 'hidden'?"),
    "data.path=no.csv": (3, "no such file"),
    "data.target=height": (3, "no column 'height'"),
    "task.context=200": (3, "no window ends between"),
    "model.init.checkpoint=no.pt": (4, "no.pt"),
}


@pytest.mark.parametrize(("setting", "refusal"), REFUSED.items())
def test_what_training_would_refuse_is_refused(inside, capsys, setting, refusal):
    code, out, err = said(capsys, "--set", setting)
    assert (code, out) == (refusal[0], "")
    assert refusal[1] in err


def test_a_gradient_that_is_not_finite_is_refused(inside, capsys):
    lines = (inside / "wave.csv").read_text().splitlines()
    lines[20] = lines[20].split(",")[0] + ",1e30"
    (inside / "wave.csv").write_text("\n".join(lines) + "\n")
    code, out, err = said(capsys, "--set", "data.scale=none")
    assert (code, out) == (5, "")
    assert "gradient of the first batch is" in err


def test_a_validation_span_without_a_value_is_refused(inside, capsys):
    lines = (inside / "wave.csv").read_text().splitlines()
    gap = [line.split(",")[0] + "," if 97 <= n <= 128 else line for n, line in enumerate(lines)]
    (inside / "wave.csv").write_text("\n".join(gap) + "\n")
    code, _, err = said(capsys, "--set", "data.missing=forward")
    assert code == 3
    assert "validation span holds no measured value" in err


def test_a_run_that_is_there_is_told_of(inside):
    recipe = load_recipe("wave.yaml", ["train.epochs=1"])
    assert list(train(recipe, threads=1))
    assert any("needs --overwrite" in note for note in check(recipe, threads=1).notes)
