"""``grucli export``: a model as a file of other programs says what predict says."""

import json
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

import grucli
from grucli.cli.app import run
from grucli.errors import GrucliError
from grucli.exporting import GRAPHS, Program
from grucli.runs import exporting
from grucli.runs.exporting import export
from grucli.runs.opened import open_checkpoint
from grucli.runs.trial_inputs import trial_of
from grucli.weights import read_weights
from tests.conftest import RECIPE
from tests.test_howto import blocks, write_cases


@pytest.fixture(scope="module")
def drawn(trained, tmp_path_factory):
    """The session's model as ONNX, and what was said of it."""
    path = tmp_path_factory.mktemp("drawn") / "model.onnx"
    return export(trained / "run", path), path


def newest(trained, steps):
    """The last rows of the table as a graph takes them, [1, T, 1]."""
    lines = (trained / "wave.csv").read_text().splitlines()[-steps:]
    return np.array([[[float(line.split(",")[1])] for line in lines]])


def test_a_graph_in_onnx_runtime_says_what_predict_does(drawn, trained):
    exported, path = drawn
    session = onnxruntime.InferenceSession(path)
    values = newest(trained, 14)
    (found,) = session.run(["forecast"], {"values": values})
    expected = grucli.predict(trained / "run").values["level"]
    np.testing.assert_allclose(found[0, :, 0], expected, atol=1e-5)
    assert exported.parity.largest_difference == pytest.approx(
        np.abs(found[0, :, 0] - expected).max()
    )


@pytest.mark.parametrize(("batch", "steps"), [(5, 14), (1, 40)])
def test_a_graph_takes_any_number_of_series_and_steps(drawn, trained, batch, steps):
    session = onnxruntime.InferenceSession(drawn[1])
    values = newest(trained, steps) + 0.3 * np.arange(batch)[:, None, None]
    opened = open_checkpoint(trained / "run")
    program = Program(opened.model, opened.learned.scaler, opened.recipe.data.columns).eval()
    with torch.no_grad():
        (expected,) = program(torch.from_numpy(values))
    (found,) = session.run(None, {"values": values})
    assert found.shape == (batch, 3, 1)
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)


def test_a_graph_says_what_goes_in_and_comes_out(drawn):
    exported, path = drawn
    facts = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    said = json.loads(facts["grucli"])
    assert (said["context"], said["horizon"], said["values"]) == (14, 3, ["level"])
    assert [port.axes for port in exported.inputs] == [("batch", "time", 1)]
    assert [port.axes for port in exported.outputs] == [("batch", 3, 1)]


def test_the_program_of_the_page_runs(drawn, trained, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.onnx").symlink_to(drawn[1])
    (tmp_path / "newest.csv").symlink_to(trained / "wave.csv")
    (program,) = blocks("export", "python")
    exec(program, {})
    assert capsys.readouterr().out.count("[") == 4


def test_weights_are_written_under_torchs_names_with_recipe_and_scaler(trained, tmp_path, capsys):
    path = tmp_path / "model.safetensors"
    assert run(["export", str(trained / "run"), "-o", str(path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    content = path.read_bytes()
    assert (document["kind"], document["bytes"]) == ("Exported", len(content))
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    facts = header.pop("__metadata__")
    assert json.loads(facts["recipe"])["task"]["context"] == 14
    assert json.loads(facts["scaler"])["columns"] == ["level"]
    saved = torch.load(trained / "run" / "best.pt", weights_only=True)
    for name, expected in saved["weights"].items():
        begin, end = header[name]["data_offsets"]
        values = np.frombuffer(content[8 + length :][begin:end], "<f4")
        np.testing.assert_array_equal(values.reshape(header[name]["shape"]), expected.numpy())
    (stack,) = read_weights(path).modules
    assert stack.cell == "gru"


def test_a_graph_that_says_something_else_is_not_written(trained, tmp_path, monkeypatch):
    path = tmp_path / "model.onnx"

    def other(_content, inputs):
        return [np.full((len(inputs["values"]), 3, 1), 0.5)]

    form = replace(GRAPHS[".onnx"], draw=lambda _: b"", run=other)
    monkeypatch.setitem(GRAPHS, ".onnx", form)
    with pytest.raises(GrucliError, match="not written: the graph says something else") as caught:
        export(trained / "run", path)
    assert caught.value.exit_code == 1
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("model.h5", r"-o model.h5: expected a name that ends in .onnx, .pt2, .safetensors"),
        ("model.onnx", r"needs onnxscript, which is not installed; pip install 'grucli\[export\]'"),
    ],
)
def test_what_cannot_be_written_is_said_in_one_line(trained, monkeypatch, capsys, name, said):
    monkeypatch.setattr(exporting, "find_spec", lambda package: package != "onnxscript" or None)
    assert run(["export", str(trained / "run"), "-o", name]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    with pytest.raises(GrucliError, match=said):
        export(trained / "run", name)


def test_a_checkpoint_is_not_written_over(trained):
    with pytest.raises(GrucliError, match=r"expected a name that ends in"):
        export(trained / "run", trained / "run" / "best.pt")


def table_of(folder):
    """Two shops of 90 days with numbers, texts and one missing value."""
    random, lines = np.random.default_rng(0), ["day,shop,sold,cost,rain,promo,region,sky"]
    for shop, region in (("a", "north"), ("b", "south")):
        for day in range(90):
            level = 5 + np.sin(day / 3) + 20 * (shop == "b") + random.normal(0, 0.1)
            date = np.datetime64("2024-01-01") + day
            rest = f"{2 * level:.3f},{random.normal():.3f},{day % 2},{region}"
            lines.append(f"{date},{shop},{level:.3f},{rest},{random.choice(['wet', 'dry'])}")
    lines[40] = lines[40].replace(lines[40].split(",")[4], "", 1)
    (folder / "shops.csv").write_text("\n".join(lines) + "\n")


DATA = "series: shop\n  past: [rain]\n  missing: mask"
EVERYTHING = (
    "series: shop\n  past: [rain, sky]\n  static: [region]\n  future: [promo]\n"
    "  calendar: [weekday]\n  missing: mask"
)
CASES = {
    "recursive": ("series: shop", "normalise: last_scaled", "decoder: recursive", ""),
    "segment": (DATA, "normalise: mean_std", "decoder: segment, segment: 4, skip: linear", ""),
    "lstm": (DATA, "normalise: last", "cell: lstm, layer_norm: split, layers: 2", ""),
    "rnn": (DATA, "normalise: mean", "cell: rnn, activation: relu, bidirectional: true", ""),
    "series": ("series: shop\n  scale_by: series", "normalise: none", "layer_norm: ba2016", ""),
    "everything": (
        EVERYTHING,
        "normalise: last",
        "layer_norm: sum, harmonics: {weekday: 3}",
        "",
    ),
    "profile alone": (
        EVERYTHING,
        "normalise: mean_std",
        "decoder: segment, segment: 4, harmonics: {weekday: 3, alone: true}",
        "",
    ),
    "nothing else ahead": (
        "series: shop\n  calendar: [weekday]",
        "normalise: last",
        "decoder: recursive, harmonics: {weekday: 3, alone: true}",
        "",
    ),
    "quantiles": (
        "series: shop\n  transform: log",
        "normalise: last, output: {quantiles: [0.1, 0.5, 0.9]}",
        "decoder: segment, segment: 2",
        "",
    ),
    "gaussian": (DATA, "normalise: last, output: gaussian", "layer_norm: sum_joint", ""),
    "student": ("series: shop\n  transform: log1p", "normalise: last, output: student_t", "", ""),
    "channels": ("series: shop", "normalise: last", "channels: independent", ""),
    "seeds": ("series: shop", "normalise: last, numbers: nonnegative", "", ", seeds: 2"),
}


@pytest.fixture(
    params=[
        pytest.param(name, marks=[pytest.mark.slow] * (name == "student"))  # its nodes are dear
        for name in CASES
    ]
)
def shops(request, tmp_path):
    """A run of one case."""
    data, task, model, train = CASES[request.param]
    target = "[sold, cost]" if request.param == "channels" else "sold"
    table_of(tmp_path)
    (tmp_path / "shops.yaml").write_text(
        f"name: shops\ndata:\n  path: shops.csv\n  time: day\n  target: {target}\n  {data}\n"
        f"task: {{context: 12, horizon: 4, {task}}}\nmodel: {{hidden: 6, {model}}}\n"
        f"train: {{epochs: 1, lr: 1.0e-2, patience: null{train}}}\n"
    )
    grucli.train(tmp_path / "shops.yaml", run_dir=tmp_path / "run")
    return tmp_path / "run"


def test_a_program_says_what_predict_does(shops):
    opened = open_checkpoint(shops)
    columns, numbers = opened.recipe.data.columns, opened.recipe.forecast.numbers
    program = Program(opened.model, opened.learned.scaler, columns, numbers=numbers).eval()
    trial = trial_of(opened)
    with torch.no_grad():
        found = program(**{name: torch.from_numpy(array) for name, array in trial.inputs.items()})
    np.testing.assert_allclose(found[0].numpy(), trial.expected, rtol=1e-5, atol=1e-5)
    assert trial.words.startswith("8 drawn" if columns.future else "the newest context of 2")
    if program.levels:
        assert (found[1].diff(dim=2) > 0).all()
        middle = found[1][:, :, program.levels.index(0.5)]
        np.testing.assert_allclose(middle.numpy(), found[0].numpy(), rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("ending", GRAPHS)
def test_every_model_is_drawn(shops, ending, tmp_path):
    exported = export(shops, tmp_path / f"model{ending}")
    assert exported.parity.largest_difference < 1e-4


def test_a_model_of_counts_has_no_graph(tmp_path, capsys):
    rows = [f"{np.datetime64('2024-01-01') + n},{n % 4}" for n in range(160)]
    (tmp_path / "wave.csv").write_text("\n".join(["day,level", *rows]) + "\n")
    recipe = RECIPE.replace("normalise: last", "normalise: mean, output: negative_binomial")
    (tmp_path / "wave.yaml").write_text(recipe.replace("epochs: 3", "epochs: 1"))
    grucli.train(tmp_path / "wave.yaml", run_dir=tmp_path / "run")
    assert run(["export", str(tmp_path / "run"), "-o", str(tmp_path / "m.pt2")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "negative_binomial, whose quantiles are found by a search that is no graph" in line
    assert run(["export", str(tmp_path / "run"), "-o", str(tmp_path / "m.safetensors")]) == 0


def test_a_model_of_another_task_has_no_graph(tmp_path, capsys):
    write_cases(tmp_path / "moves.csv", [f"case{n}" for n in range(20)], kind="case")
    recipe = blocks("classify", "yaml")[0].replace("epochs: 20", "epochs: 1")
    (tmp_path / "moves.yaml").write_text(recipe)
    grucli.train(tmp_path / "moves.yaml", run_dir=tmp_path / "run")
    assert run(["export", str(tmp_path / "run"), "-o", str(tmp_path / "m.onnx")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "graphs are of forecasts" in line
    assert "task.kind classify; -o NAME.safetensors writes its weights" in line
