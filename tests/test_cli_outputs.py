"""What a verb would write over is never what it reads."""

import shutil

import pytest

from grucli.cli.app import run
from tests.conftest import grucli


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
