"""What scripts trust: errors as documents, the digits of a forecast, what is left out."""

import json
import os
import pickle
import re
import subprocess
import sys
import tomllib

import numpy as np
import pytest
import torch

import grucli
from grucli.cli.app import run
from grucli.data import Scaler
from grucli.errors import DataError, GrucliError, InterruptedRunError, MissingPackageError
from grucli.results.error import Error, Problem
from grucli.tasks.precision import original
from grucli.training.ranks import LostError
from tests.conftest import RECIPE, REPOSITORY, has_digits_of_float32, write_wave
from tests.conftest import grucli as in_a_process

LINES = [
    (
        "a.yaml:14:3: model.hiden: unknown key; did you mean 'hidden'?",
        ("a.yaml:14:3: model.hiden", "unknown key", "did you mean 'hidden'?"),
    ),
    (
        "a.csv: line 3: column 'x: y': the model's y: none; expected a number; correct it",
        ("a.csv: line 3: column 'x: y'", "the model's y: none", "expected a number; correct it"),
    ),
    ('--fail-if "a; b": no comparison', ('--fail-if "a; b"', "no comparison", None)),
    ("could not finish: disk full", (None, "could not finish: disk full", None)),
    ("stopped by SIGINT", (None, "stopped by SIGINT", None)),
]


@pytest.mark.parametrize(("line", "parts"), LINES)
def test_a_line_is_taken_apart_into_place_message_and_hint(line, parts):
    assert Problem.of(line) == Problem(*parts)


ERRORS = [
    (["eval", "none.pt"], 4, "none.pt"),
    (["eval"], 2, "grucli eval"),
    (["eval", "none.pt", "--fail-if", "mase"], 2, '--fail-if "mase"'),
    (["predict", "none.pt"], 4, "none.pt"),
    (["predict", "none.pt", "--horizon", "x"], 2, "grucli predict"),
    (["export", "none.pt", "-o", "a.onnx"], 4, "none.pt"),
    (["inspect-weights", "none.pt"], 4, "none.pt"),
    (["trace", "none.pt"], 4, "none.pt"),
    (["explain", "none.pt", "--at", "1"], 4, "none.pt"),
    (["report", "none"], 4, "none"),
    (["compare", "none"], 4, "none"),
    (["train", "none.yaml"], 2, "none.yaml"),
    (["check", "none.yaml"], 2, "none.yaml"),
    (["backtest", "none.yaml"], 2, "none.yaml"),
    (["init", "none.csv"], 3, "none.csv"),
]


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: " ".join(case[0]))
def test_an_error_is_a_document_too_and_its_line_stays_on_standard_error(
    tmp_path, monkeypatch, capsys, case
):
    arguments, code, where = case
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == code
    plain = capsys.readouterr()
    assert run([*arguments, "--json"]) == code
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert (document["kind"], document["code"], document["where"]) == ("Error", code, where)
    assert document["message"]
    assert set(document) > {"hint", "others", "schema_version"}
    assert (plain.out, plain.err) == ("", said.err)


def test_every_problem_of_a_recipe_is_in_the_document():
    problems = [f"a.yaml:{n}: unknown key; remove it" for n in range(1, 4)]
    error = Error.of(2, problems)
    assert [error.where, *(other.where for other in error.others)] == [
        "a.yaml:1",
        "a.yaml:2",
        "a.yaml:3",
    ]


def test_a_check_that_fails_leaves_the_result_the_only_document(trained, capsys):
    assert run(["eval", str(trained / "run"), "--json", "--fail-if", "rmse>0"]) == 6
    said = capsys.readouterr()
    assert json.loads(said.out)["kind"] == "Scores"
    assert "rmse is" in said.err


def scaler(center, spread, numbers="real"):
    return Scaler("standard", ("y",), np.array([center]), np.array([spread]), numbers=numbers)


@pytest.mark.parametrize(("center", "spread"), [(371.0, 17.0), (0.0, 1e-9), (-5e4, 3e5)])
def test_a_forecast_is_the_shortest_decimal_of_its_float32(center, spread):
    scaled = np.random.default_rng(0).normal(size=(50, 1)).astype(np.float32)
    values = original(scaler(center, spread), torch.from_numpy(scaled)).numpy()
    exact = scaled.astype(np.float64) * spread + center
    assert [repr(value) for value in values[:, 0].tolist()] == [
        repr(float(str(value))) for value in exact[:, 0].astype(np.float32)
    ]


def test_a_level_too_large_for_float32_keeps_the_digits_of_its_spread():
    scaled = np.random.default_rng(0).normal(size=(50, 1)).astype(np.float32)
    values = original(scaler(2e9, 3.0), torch.from_numpy(scaled)).numpy()
    exact = scaled.astype(np.float64) * 3 + 2e9
    assert np.abs(values - exact).max() < 3e-6
    assert max(len(repr(value)) for value in values[:, 0].tolist()) <= 18


def test_the_csv_and_the_document_of_a_forecast_have_the_same_numbers(trained, tmp_path, capsys):
    path = tmp_path / "f.csv"
    arguments = ["predict", str(trained / "run"), "--level", "80", "--json", "-o", str(path)]
    assert run(arguments) == 0
    document = json.loads(capsys.readouterr().out)
    columns = [*document["values"].values(), *document["bounds"].values()]
    rows = [line.split(",")[1:] for line in path.read_text().splitlines()[1:]]
    assert rows == [list(map(repr, row)) for row in zip(*columns, strict=True)]
    assert all(has_digits_of_float32(text) for row in rows for text in row)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ("real", [-1.7, 0.4, 2.6]),
        ("nonnegative", [0.0, 0.4, 2.6]),
        ("whole", [-2.0, 0.0, 3.0]),
        ("counts", [0.0, 0.0, 3.0]),
    ],
)
def test_forecasts_are_held_to_what_a_target_can_be(numbers, expected):
    back = scaler(0.0, 1.0, numbers).unscale(torch.tensor([[-1.7], [0.4], [2.6]]))
    assert back[:, 0].tolist() == pytest.approx(expected)


COUNTS = RECIPE.replace("normalise: last", "numbers: counts").replace("epochs: 3", "epochs: 1")


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    """A run on counts that are often 0."""
    folder = tmp_path_factory.mktemp("counts")
    lines = write_wave(folder / "wave.csv").read_text().splitlines()
    small = np.random.default_rng(0).poisson(0.5, len(lines) - 1)
    rows = [f"{line.split(',')[0]},{n}" for line, n in zip(lines[1:], small, strict=True)]
    (folder / "wave.csv").write_text("\n".join([lines[0], *rows]) + "\n")
    (folder / "wave.yaml").write_text(COUNTS)
    grucli.train(folder / "wave.yaml", run_dir=folder / "run")
    return folder


def test_counts_are_forecast_scored_and_bounded_as_counts(counted):
    forecast = grucli.predict(counted / "run", levels=[80])
    every = [*forecast.values["level"], *(n for ends in forecast.bounds.values() for n in ends)]
    assert all(value >= 0 and value == int(value) for value in every)
    metrics = grucli.evaluate(counted / "run").model
    errors = metrics.mae * grucli.evaluate(counted / "run").values
    assert errors == pytest.approx(round(errors))


def test_a_table_that_breaks_the_promise_is_refused_by_row(counted, tmp_path):
    text = (counted / "wave.csv").read_text().splitlines()
    text[2] = text[2].split(",")[0] + ",-1"
    text[4] = text[4].split(",")[0] + ",0.5"
    (tmp_path / "wave.csv").write_text("\n".join(text) + "\n")
    (tmp_path / "wave.yaml").write_text(COUNTS)
    with pytest.raises(DataError) as caught:
        grucli.train(tmp_path / "wave.yaml", run_dir=tmp_path / "run")
    said = "wave.csv:3: column 'level': -1 is below zero (task.numbers: counts)"
    assert said in caught.value.problems[0]
    assert "0.5 is no whole number" in caught.value.problems[1]


def test_a_baseline_that_is_left_out_is_said_with_the_reason(tmp_path, capsys):
    write_wave(tmp_path / "wave.csv")
    recipe = RECIPE.replace("context: 14", "context: 5").replace("epochs: 3", "epochs: 1")
    (tmp_path / "wave.yaml").write_text(recipe)
    finished = grucli.train(tmp_path / "wave.yaml", run_dir=tmp_path / "run")
    reason = "its season of 7 steps is longer than the context of 5"
    assert finished.scores.left_out == {"seasonal_naive": reason}
    assert run(["eval", str(tmp_path / "run"), "--split", "all"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"seasonal naive is left out: {reason}" in said
    assert "ridge is left out: all rows are scored" in said


def made_by(*arguments):
    done = subprocess.run(
        ["make", "-n", *arguments], capture_output=True, text=True, cwd=REPOSITORY, check=False
    )
    return done.stdout


def test_make_finds_the_recipe_of_a_run_wherever_it_lies(tmp_path):
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("data: {path: [a.csv, none.csv], time: t}\n")
    assert "train recipes/co2.yaml --run-dir runs/co2" in made_by(
        "-W", "recipes/co2.yaml", "runs/co2/best.pt"
    )
    assert "train recipes/layer_norm/adding500.yaml" in made_by("runs/adding500/best.pt")
    assert f"train {recipe} --run-dir runs/x" in made_by("runs/x/best.pt", f"RECIPE={recipe}")
    assert "say which" in made_by("runs/none/best.pt")


def test_the_shell_completes_keys_and_choices_of_a_recipe():
    from grucli.cli.kit.completing import complete_override

    keys = dict(complete_override("train.s"))
    assert keys["train.seed="] == "Seed of weights, order and dropout."
    assert "train.schedule.kind=" in keys
    assert complete_override("train.optimizer=a") == [
        ("train.optimizer=adam", ""),
        ("train.optimizer=adamw", ""),
    ]
    assert [word for word, _ in complete_override("model.bid")] == ["model.bidirectional="]
    assert complete_override("model.nothing=") == []


def test_without_torch_models_are_used_and_what_trains_names_what_is_missing(trained):
    program = (
        "import sys\n"
        "sys.modules['torch'] = None\n"
        "from grucli.cli.app import run\n"
        "sys.exit(run(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", program]
    said = "error: the package torch is not installed; pip install 'grucli[train]'\n"
    expected = dict.fromkeys(("predict", "eval", "inspect-weights", "trace"), (0, ""))
    expected["backtest"] = (1, said)
    codes = {}
    for verb in expected:
        done = subprocess.run(
            [*command, verb, trained / "run"], capture_output=True, text=True, check=False
        )
        codes[verb] = (done.returncode, done.stderr)
    assert codes == expected


LIBRARY = """
import sys
import tomllib
sys.modules['torch'] = None
import grucli, grucli.nn
from grucli.errors import GrucliError
from grucli.nn import GRU, LSTM, RNN, SequenceModel

def observers():
    from grucli.training.observers import Observer

calls = {
    'train': lambda: grucli.train(sys.argv[1] + '/wave.yaml', run_dir='never'),
    'observers': observers,
    **{cell.__name__: lambda cell=cell: cell(3, 4) for cell in (GRU, LSTM, RNN)},
    'normalised': lambda: GRU(3, 4, layer_norm='split', bidirectional=True),
}
for name, call in calls.items():
    try:
        call()
    except GrucliError as error:
        assert isinstance(error, ModuleNotFoundError) and error.name == 'torch'
        print(name, error.exit_code, error)
best = sys.argv[1] + '/run/best.pt'
for call in (grucli.predict, grucli.evaluate, grucli.inspect_weights, grucli.Predictor):
    call(best)
"""


def test_what_of_the_library_needs_torch_says_so_and_the_rest_goes_without(trained, tmp_path):
    command = [sys.executable, "-c", LIBRARY, trained]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    said = "1 the package torch is not installed; pip install 'grucli[train]'"
    names = ("train", "observers", "GRU", "LSTM", "RNN", "normalised")
    assert done.stdout.splitlines() == [f"{name} {said}" for name in names]


def test_torch_as_the_kernel_needs_torch(trained):
    program = "import sys; sys.modules['torch'] = None; import grucli; grucli.predict(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", program, trained / "run"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "GRUCLI_KERNEL": "torch"},
    )
    assert "MissingPackageError: the package torch is not installed; pip" in done.stderr


def kinds_of(error):
    return {error}.union(*map(kinds_of, error.__subclasses__()))


def test_every_error_is_the_same_in_another_process():
    given = {LostError: ("process 1", "killed by SIGKILL"), MissingPackageError: ("torch",)}
    many = [f"line {number}: wrong" for number in range(30)]
    for kind in kinds_of(GrucliError):
        error = kind(*given.get(kind, many))
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again)) == (kind, str(error))
        assert vars(again) == vars(error)
    stopped = pickle.loads(pickle.dumps(InterruptedRunError("stopped", signal_number=15)))
    assert stopped.exit_code == 143


def test_every_extra_that_is_spoken_of_is_there_and_quoted():
    known = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    known = known["optional-dependencies"].keys()
    pages = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]
    pages = [page.read_text() for page in pages]
    asked = [words for page in pages for words in re.findall(r"pip install (\S+\[\S+\]\S?)", page)]
    assert len(asked) > 10
    for words in asked:
        assert re.fullmatch(r"'(grucli|\.)\[[a-z,]+\]'.?", words), words
        assert set(re.search(r"\[(.*)\]", words)[1].split(",")) <= known
    sources = {path.name: path.read_text() for path in (REPOSITORY / "grucli").rglob("*.py")}
    assert [name for name, text in sources.items() if re.search(r"grucli\[", text)] == ["errors.py"]
    calls = [re.findall(r"pip_install\(([^)]*)\)", text) for text in sources.values()]
    named = {name for call in calls for each in call for name in re.findall(r"[\"'](\w+)", each)}
    assert {"parquet", "zstd"} <= named <= known


def test_a_path_that_is_not_utf_8_stands_in_a_document_from_which_it_is_made_again(tmp_path):
    strange = os.fsdecode(b"no\xff/x.yaml")
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    environment.pop("PYTHONIOENCODING", None)
    done = in_a_process("init", "none.csv", "-o", strange, "--json", cwd=tmp_path, env=environment)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert json.loads(done.stdout)["where"] == strange
    write_wave(tmp_path / strange.replace("/x.yaml", ".csv"))
    named = in_a_process("init", strange.replace("/x.yaml", ".csv"), cwd=tmp_path, env=environment)
    assert named.returncode == 2
    assert named.stderr.endswith(": is not UTF-8, which a recipe is written in; rename it\n")


def test_a_csv_on_standard_output_keeps_the_bytes_of_a_path(tmp_path):
    program = "import sys; from grucli.cli.kit.console import write_result; write_result('\\udcff')"
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, env=environment, check=True)
    assert done.stdout == b"\xff"
