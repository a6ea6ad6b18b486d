"""What a verb would write over is never what it reads."""

import shutil
from dataclasses import replace

import pytest
import typer.main

from grucli.cli.app import app, run
from grucli.exporting import GRAPHS
from grucli.runs import exporting
from grucli.runs.predicting import Predictor
from tests.conftest import grucli
from tests.faults import files_of_at_most


@pytest.fixture
def place(trained, tmp_path, monkeypatch):
    """A copy of a finished run beside a copy of its table; the current folder."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(place):
    return {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}


BEST, DATA = "run/best.pt", "wave.csv"
CASES = [
    (["predict", BEST, DATA, "-o", DATA], "--output wave.csv: is the table that is read"),
    (["predict", BEST, DATA, "-o", BEST], "--output run/best.pt: is the checkpoint that is read"),
    (["predict", BEST, DATA, "-o", "run/last.pt"], "is last.pt of this run"),
    (["predict", BEST, DATA, "-o", "run/metrics.jsonl"], "is metrics.jsonl of this run"),
    (["predict", BEST, DATA, "-o", "link.csv"], "is the table that is read"),
    (["predict", BEST, DATA, "-o", "hard.csv"], "is the table that is read"),
    (["predict", BEST, "picture.svg", "--plot", "picture.svg"], "--plot picture.svg: is the table"),
    (["eval", BEST, "picture.svg", "--plot", "picture.svg"], "--plot picture.svg: is the table"),
    (["trace", BEST, DATA, "-o", DATA], "--output wave.csv: is the table that is read"),
    (["trace", BEST, "picture.svg", "--plot", "picture.svg"], "--plot picture.svg: is the table"),
    (["report", "run", "-o", "run/recipe.yaml"], "is recipe.yaml of this run"),
    (["report", "run", "-o", "run/best.pt"], "is the checkpoint that is read"),
    (["inspect-weights", "w.csv", "--matrix", "W_hz", "-o", "w.csv"], "--output w.csv: is the ch"),
    (["inspect-weights", "w.svg", "--plot", "w.svg"], "--plot w.svg: is the checkpoint"),
    (["inspect-weights", BEST, "w.svg", "--plot", "w.svg"], "--plot w.svg: is the checkpoint"),
]


@pytest.mark.parametrize(("arguments", "said"), CASES, ids=lambda value: " ".join(value)[:60])
def test_an_output_over_an_input_is_refused_and_nothing_is_lost(place, capsys, arguments, said):
    (place / "link.csv").symlink_to(place / DATA)
    (place / "hard.csv").hardlink_to(place / DATA)
    shutil.copy(place / DATA, place / "picture.svg")
    for name in ("w.csv", "w.svg"):
        shutil.copy(place / BEST, place / name)
    before = contents(place)
    assert run(arguments) == 2
    assert said in capsys.readouterr().err
    assert contents(place) == before


def test_the_table_of_the_recipe_is_an_input_too(trained, capsys):
    before = contents(trained)
    for verb in ("predict", "trace"):
        assert run([verb, str(trained / BEST), "-o", str(trained / DATA)]) == 2
        assert "is the table that is read" in capsys.readouterr().err
    assert run(["report", str(trained / "run"), "-o", str(trained / DATA)]) == 2
    assert contents(trained) == before


def test_the_file_behind_standard_input_is_an_input_too(place):
    with (place / DATA).open() as table:
        done = grucli("predict", BEST, "-", "-o", DATA, cwd=place, stdin_file=table)
    assert done.returncode == 2
    assert "is the table that is read" in done.stderr


def test_other_files_are_written_over_as_asked(place):
    (place / "forecast.csv").write_text("old")
    assert run(["predict", BEST, DATA, "-o", "forecast.csv"]) == 0
    assert run(["report", "run"]) == run(["report", "run", "-o", "run/report.html"]) == 0
    assert (place / "forecast.csv").read_text().startswith("day,level")


@pytest.mark.parametrize(
    "words",
    [
        *(["-o", name] for name in ("f.parquet", "f.XLSX", "f.json", "f.csv.gz")),
        ["--anomaly", "-o", "f.parquet"],
        ["--future-template", "f.xlsx"],
    ],
    ids=" ".join,
)
def test_a_forecast_is_not_written_under_the_name_of_another_kind(place, words, capsys):
    assert run(["predict", BEST, DATA, *words]) == 2
    assert f" {words[-1]}: is written as plain CSV" in capsys.readouterr().err
    assert not (place / words[-1]).exists()


WRITES = {
    "forecast.csv": "predict run -o forecast.csv",
    "forecast.json": "predict run --json -o forecast.json",
    "forecasts/wave.csv": "predict run wave.csv -o forecasts/",
    "rows.csv": "predict run --anomaly -o rows.csv",
    "forecast.html": "predict run --plot forecast.html",
    "future.csv": "predict run --future-template future.csv",
    "scores.html": "eval run --plot scores.html",
    "traced.csv": "trace run -o traced.csv",
    "traced.parquet": "trace run -o traced.parquet",
    "traced.html": "trace run --plot traced.html",
    "page.html": "report run -o page.html",
    "run/report.html": "report run",
    "matrix.csv": "inspect-weights run --matrix 1.update.hh -o matrix.csv",
    "matrix.npy": "inspect-weights run --matrix 1.update.hh -o matrix.npy",
    "weights.html": "inspect-weights run --plot weights.html",
    "model.safetensors": "export run -o model.safetensors",
    "model.pt2": "export run -o model.pt2",
    "model.onnx": "export run -o model.onnx",
    "written.yaml": "init wave.csv -o written.yaml --overwrite",
    "example.yaml": "init --example co2 -o example.yaml --overwrite",
}
"""File -> the command that writes it, in every way in which a verb writes a file that is named."""


def test_every_option_that_names_a_file_to_write_is_among_the_ways():
    """So that a new one is held against a full disk too."""
    asked = {
        (verb, parameter.name)
        for verb, command in typer.main.get_command(app).commands.items()
        for parameter in command.params
        if parameter.name in {"output", "plot", "future_template"}
    }
    spelled = {"-o": "output", "--plot": "plot", "--future-template": "future_template"}
    ways = [command.split() for command in WRITES.values()]
    assert asked == {(way[0], spelled[word]) for way in ways for word in way if word in spelled}


@pytest.fixture
def drawn_at_once(monkeypatch):
    """Graphs and tables to fill in are some bytes: how they are made has tests of its own."""
    for ending in (".onnx", ".pt2"):
        form = replace(GRAPHS[ending], draw=lambda _: bytes(5000), run=lambda *_: [None])
        monkeypatch.setitem(GRAPHS, ending, form)
    monkeypatch.setattr(exporting, "_parity", lambda *_: None)
    monkeypatch.setattr(Predictor, "future_template", lambda *_, **__: bytes(5000))


@pytest.mark.parametrize("written", WRITES)
def test_a_disk_that_is_full_while_a_file_is_written_leaves_the_old_one(
    place, capsys, drawn_at_once, written
):
    (place / written).parent.mkdir(exist_ok=True)
    (place / written).write_text("old")
    before = contents(place)
    with files_of_at_most(30):
        assert run(WRITES[written].split()) == 1
    (said,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith("error: "))
    assert "could not be written: File too large; " in said
    assert "raise the limit (ulimit -f) or choose another place" in said
    assert contents(place) == before
