"""Many files are predicted one by one, and shares of them make the same bytes as one run."""

import json
from pathlib import Path

import pytest

from grucli import predict
from grucli.cli.app import run
from grucli.errors import DataError
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
        (["-o", "{}/in/w1.csv/"], "is a file; choose another folder, or leave the slash out"),
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


@pytest.mark.parametrize("name", ["w1.csv.gz", "w1.parquet", "w1.TXT", "w1.csv.XZ"])
def test_two_forms_of_one_name_are_refused_before_any_work(best, tables, name, capsys):
    (tables / "in" / name).write_text("is never read")
    assert run(["predict", best, f"{tables}/in/*", "-o", f"{tables}/out/"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "would both be written to w1.csv; expected files of different names" in line
    assert not (tables / "out").exists()


@pytest.fixture
def faulty(tables):
    """The same folder where the first and the last file, and a folder among them, are no tables."""
    (tables / "in" / "a.csv").write_text("one\n1\n")
    (tables / "in" / "w1.csv").unlink()
    (tables / "in" / "w1.csv").mkdir()
    (tables / "in" / "z.csv").write_bytes(b"PK\x03\x04")
    return tables


BAD, GOOD = ["a.csv", "w1.csv", "z.csv"], ["other.csv", "w2.csv", "w3.csv", "w10.csv"]


def test_files_that_cannot_be_read_keep_no_other_from_being_written(best, faulty, capsys):
    assert run(["predict", best, f"{faulty}/in/*", "-o", f"{faulty}/out/"]) == 3
    said = capsys.readouterr()
    *each, last = said.err.splitlines()
    for line, name in zip(each, BAD, strict=True):
        assert line.startswith(f"error: {faulty}/in/{name}:")
    assert each[0].endswith("(1 more fault)")
    assert last == (
        f"error: -o {faulty}/out/: 3 of 7 files failed; the others are written; mend those "
        "that are named, then run the command again"
    )
    assert said.out == ""
    assert set(files_in(faulty / "out")) == set(GOOD)
    for name in GOOD:
        assert run(["predict", best, f"{faulty}/in/{name}", "-o", f"{faulty}/alone.csv"]) == 0
        assert (faulty / "alone.csv").read_bytes() == (faulty / "out" / name).read_bytes()


def test_files_that_cannot_be_read_are_in_the_document_too(best, faulty, capsys):
    assert run(["predict", best, f"{faulty}/in/*", "-o", f"{faulty}/out/", "--json"]) == 3
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert (document["code"], document["message"]) == (3, "3 of 7 files failed")
    assert [Path(other["where"].split(":")[0]).name for other in document["others"]] == BAD
    assert len(said.err.splitlines()) == len(BAD) + 1


def test_a_wrong_table_of_the_future_is_no_fault_of_the_files(best, faulty, capsys, monkeypatch):
    def read(*_):
        raise DataError("f.csv: no such column; correct it")

    monkeypatch.setattr("grucli.runs.predicting._known", read)
    asked = ["predict", best, f"{faulty}/in/*", "-o", f"{faulty}/out/", "--future", "f.csv"]
    assert run(asked) == 3
    assert capsys.readouterr().err == "error: f.csv: no such column; correct it\n"
    assert not (faulty / "out").exists()


def test_a_document_names_all_that_failed_however_many(best, faulty, capsys):
    for number in range(30):
        (faulty / "in" / f"bad{number}.csv").write_text("no,table\n")
    asked = ["predict", best, f"{faulty}/in/bad*", "-o", f"{faulty}/out/", "--json"]
    assert run(asked) == 3
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert document["message"] == "30 of 30 files failed"
    assert [Path(other["where"].split(":")[0]).name for other in document["others"]] == [
        f"bad{number}.csv" for number in range(30)
    ]
    assert len(said.err.splitlines()) == 31


def test_parts_with_files_that_cannot_be_read_have_the_bytes_of_one_run(best, faulty, capsys):
    asked = ["predict", best, f"{faulty}/in/*"]
    assert run([*asked, "-o", f"{faulty}/whole/"]) == 3
    for number in (1, 2, 3):
        assert run([*asked, "--shard", f"{number}/3", "-o", f"{faulty}/parts/"]) in (0, 3)
    assert files_in(faulty / "parts") == files_in(faulty / "whole")
    for name in BAD:
        (faulty / "in" / name).rename(faulty / name)
    assert run(["predict", best, f"{faulty}/in/*", "-o", f"{faulty}/good/"]) == 0
    assert files_in(faulty / "good") == files_in(faulty / "whole")


def test_of_nothing_but_faults_nothing_was_written(best, faulty, capsys):
    for name in GOOD:
        (faulty / "in" / name).unlink()
    assert run(["predict", best, f"{faulty}/in/*", "-o", f"{faulty}/out/"]) == 3
    assert "3 of 3 files failed; nothing was written; mend" in capsys.readouterr().err
    assert files_in(faulty / "out") == {}


def test_one_file_alone_says_all_that_is_wrong_with_it(best, faulty, capsys):
    assert run(["predict", best, f"{faulty}/in/a.csv", "-o", f"{faulty}/out/"]) == 3
    said = capsys.readouterr().err
    assert run(["predict", best, f"{faulty}/in/a.csv"]) == 3
    assert said == capsys.readouterr().err
    assert len(said.splitlines()) == 2


def test_what_was_told_stays_told_where_the_rest_cannot_be_written(
    best, faulty, capsys, monkeypatch
):
    (faulty / "out" / "w2.csv").mkdir(parents=True)
    monkeypatch.setattr("grucli.runs.sharding.check_place", lambda _: None)  # it came later
    assert run(["predict", best, f"{faulty}/in/*", "-o", f"{faulty}/out/"]) == 1
    first, *_, last = capsys.readouterr().err.splitlines()
    assert first.startswith(f"error: {faulty}/in/a.csv:1: ")
    assert last.startswith(f"error: {faulty}/out/w2.csv: could not be written: it is a folder")
