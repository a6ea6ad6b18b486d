"""Many files are predicted one by one, and shares of them make the same bytes as one run."""

import json

import pytest

from grucli import predict
from grucli.cli.app import run
from tests.conftest import write_wave

NAMES = ["w2.csv", "w10.csv", "w1.csv", "other.csv", "w3.csv"]


@pytest.fixture(scope="module")
def best(trained):
    return str(trained / "run" / "best.pt")


@pytest.fixture
def tables(tmp_path):
    """A folder of five tables of one form."""
    (tmp_path / "in").mkdir()
    for rows, name in enumerate(NAMES, 20):
        write_wave(tmp_path / "in" / name, rows)
    return tmp_path


def files_in(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_file_is_predicted_as_by_itself(best, tables):
    assert run(["predict", best, f"{tables}/in/*.csv", "-o", f"{tables}/out/"]) == 0
    assert set(files_in(tables / "out")) == set(NAMES)
    for name in NAMES:
        assert run(["predict", best, f"{tables}/in/{name}", "-o", f"{tables}/alone.csv"]) == 0
        assert (tables / "alone.csv").read_bytes() == (tables / "out" / name).read_bytes()


@pytest.mark.parametrize("count", [1, 2, 7])
def test_the_shares_together_have_the_bytes_of_one_run(best, tables, count):
    pattern = f"{tables}/in/*.csv"
    assert run(["predict", best, pattern, "-o", f"{tables}/whole/", "--level", "50"]) == 0
    parts = []
    for number in range(count, 0, -1):
        share = ["--shard", f"{number}/{count}", "-o", f"{tables}/part{number}/", "--level", "50"]
        assert run(["predict", best, pattern, *share]) == 0
        parts.append(files_in(tables / f"part{number}"))
    assert sum(map(len, parts)) == len(NAMES)
    assert {name: part[name] for part in parts for name in part} == files_in(tables / "whole")


def test_documents_are_written_as_such(best, tables):
    (tables / "out").mkdir()
    options = ["-o", str(tables / "out"), "--json", "--horizon", "2"]
    assert run(["predict", best, f"{tables}/in/w*.csv", *options]) == 0
    document = json.loads((tables / "out" / "w1.json").read_text())
    assert len(document["timestamps"]) == 2
    forecast = predict(best, tables / "in" / "w1.csv", horizon=2)
    assert document["values"]["level"] == list(forecast.values["level"])


def test_a_part_without_files_says_so(best, tables, capsys):
    assert (
        run(["predict", best, f"{tables}/in/w1.csv", "--shard", "2/2", "-o", f"{tables}/o/"]) == 0
    )
    assert files_in(tables / "o") == {}
    assert "--shard 2/2: there are fewer files than parts" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--shard", "0/3", "-o", "{}/out/"], "the part I from 1 to N of N parts, such as 3/64"),
        (["--shard", "4/3", "-o", "{}/out/"], "the part I from 1 to N"),
        (["--shard", "a", "-o", "{}/out/"], "the part I from 1 to N"),
        (["--shard", "1/2"], "expected -o OUT/"),
        (["-o", "{}/out/", "--plot", "x.png"], "without --plot"),
        (["-o", "{}/in/"], "is a table that is read, which would be lost"),
        (["-o", "{}/in/w1.csv/"], "could not be changed"),
    ],
)
def test_what_cannot_be_a_share_is_refused_in_one_line(best, tables, options, says, capsys):
    before = files_in(tables / "in")
    arguments = [option.format(tables) for option in options]
    assert run(["predict", best, f"{tables}/in/*.csv", *arguments]) in (1, 2)
    err = capsys.readouterr().err
    assert says in err
    assert len(err.splitlines()) == 1
    assert files_in(tables / "in") == before


def test_two_files_of_one_name_are_not_written_over_each_other(best, tables, capsys):
    (tables / "more").mkdir()
    write_wave(tables / "more" / "w1.csv", 30)
    assert run(["predict", best, f"{tables}/*/w1.csv", "-o", f"{tables}/out/"]) == 2
    assert "would both be written to w1.csv" in capsys.readouterr().err
