"""``model.precision: bfloat16`` from a recipe to a forecast, and where a processor has none."""

from dataclasses import replace

import numpy as np
import pytest

import grucli
from grucli import train
from grucli.checkpoint import load_checkpoint, save_checkpoint
from grucli.errors import InterruptedRunError, UsageError
from grucli.nn import kernel_words
from grucli.recipe import load_recipe
from grucli.runs import exporting
from grucli.runs.checking import check
from tests.conftest import RECIPE, verb, write_wave
from tests.kernel_cases import needs_bfloat16
from tests.recipe_texts import BASE, errors_of
from tests.test_runs_training import stopping_after, weights_of

BFLOAT16 = "model.precision=bfloat16"


@pytest.fixture(scope="module")
def rough(tmp_path_factory):
    """A folder with a run in bfloat16; do not change it."""
    place = tmp_path_factory.mktemp("rough")
    write_wave(place / "wave.csv")
    (place / "wave.yaml").write_text(RECIPE)
    train(place / "wave.yaml", [BFLOAT16], run_dir=place / "run")
    return place


@pytest.fixture
def from_elsewhere(trained, tmp_path):
    """The session's checkpoint as if it had been trained in bfloat16."""
    saved = load_checkpoint(trained / "run" / "best.pt")
    recipe = {**saved.recipe, "model": {**saved.recipe["model"], "precision": "bfloat16"}}
    save_checkpoint(replace(saved, recipe=recipe), tmp_path / "best.pt")
    return tmp_path / "best.pt"


@needs_bfloat16
def test_a_run_in_bfloat16_is_near_the_one_in_float32_and_says_what_it_is(rough, trained):
    found, usual = (grucli.evaluate(place / "run").model for place in (rough, trained))
    assert found.rmse != usual.rmse
    assert found.rmse == pytest.approx(usual.rmse, rel=0.05)
    checked = check(load_recipe(rough / "wave.yaml", [BFLOAT16]))
    assert checked.model.startswith("gru, layer norm split, 2 × 8, bfloat16, ")
    assert checked.kernel == kernel_words("bfloat16")
    weights = load_checkpoint(rough / "run" / "best.pt").weights
    assert {array.dtype for array in weights.values()} == {np.dtype("float32")}


@needs_bfloat16
def test_a_run_gives_the_same_bytes_again_and_after_a_stop(rough, folder):
    recipe = folder / "wave.yaml"
    with pytest.raises(InterruptedRunError):
        train(recipe, [BFLOAT16], run_dir=folder / "run", stop=stopping_after(8))
    train(recipe, [BFLOAT16], run_dir=folder / "run", resume=True)
    assert weights_of(folder / "run" / "last.pt") == weights_of(rough / "run" / "last.pt")


@needs_bfloat16
@pytest.mark.parametrize(
    "arguments",
    [("predict",), ("explain", "--at", "2024-03-01"), ("trace",), ("inspect-weights",)],
    ids=lambda arguments: arguments[0],
)
def test_verbs_take_a_checkpoint_in_bfloat16(rough, capsys, arguments):
    name, *options = arguments
    done = verb(capsys, name, rough / "run", *options)
    assert done.code == 0, done.err


@needs_bfloat16
def test_an_exported_graph_is_of_the_equations_in_float32(rough, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(exporting, "_export_graph", lambda opened, *_: drawn.append(opened))
    exporting.export(rough / "run", tmp_path / "model.onnx")
    assert drawn[0].model.recurrent.rule.precision == "float32"


def test_training_where_the_processor_has_none_is_refused(folder, capsys, without_bfloat16):
    options = ("--set", BFLOAT16, "--run-dir", folder / "run")
    done = verb(capsys, "train", folder / "wave.yaml", *options)
    assert done.code == 2
    assert done.err == (
        "error: model.precision: found bfloat16; this processor has no instructions for bfloat16 "
        "(AVX512-BF16, AMX); expected model.precision float32\n"
    )
    assert not (folder / "run").exists()


def test_training_with_the_kernel_of_torch_is_refused(folder, monkeypatch):
    monkeypatch.setenv("GRUCLI_KERNEL", "torch")
    with pytest.raises(UsageError, match="found bfloat16; the kernel is torch, and bfloat16 is"):
        train(folder / "wave.yaml", [BFLOAT16], run_dir=folder / "run")


def test_a_checkpoint_from_a_processor_that_has_it_is_read_in_float32_with_a_note(
    from_elsewhere, trained, capsys, without_bfloat16
):
    done = verb(capsys, "predict", from_elsewhere, trained / "wave.csv")
    usual = verb(capsys, "predict", trained / "run", trained / "wave.csv")
    assert done.code == 0
    assert done.out == usual.out
    assert (
        "note: trained in bfloat16, computed in float32: this processor has no instructions for "
        "bfloat16" in " ".join(done.err.split())
    )
    assert any("trained in bfloat16" in note for note in grucli.evaluate(from_elsewhere).notes)


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (["train.kernel=torch"], "found bfloat16 with train.kernel torch; it is the compiled"),
        (["model.layer_norm=sum", "model.norm_bias=true"], "found bfloat16 with norm_bias, which"),
    ],
)
def test_a_recipe_that_contradicts_bfloat16_is_refused(tmp_path, monkeypatch, overrides, line):
    monkeypatch.chdir(tmp_path)
    (problem,) = errors_of(BASE, BFLOAT16, *overrides)
    assert f"model.precision: {line}" in problem
