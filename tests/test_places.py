"""Every verb names the file or folder that stands in its way, before it works for nothing."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grucli.cli.app import run
from grucli.errors import GrucliError
from grucli.files import check_place, write_atomically
from grucli.places import check_folder, make_folder
from grucli.temporary import Temporary
from tests.conftest import verb, write_wave
from tests.faults import permissions_count
from tests.test_cli_outputs import WRITES

NAMED = {name: command for name, command in WRITES.items() if f" {name}" in command}
"""The commands of the table that name the file they write."""


@pytest.fixture
def place(trained, tmp_path, monkeypatch):
    """A copy of a finished run beside its table, with a folder without rights; the current one."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    (tmp_path / "closed").mkdir()
    write_wave(tmp_path / "closed" / "f.csv")
    (tmp_path / "closed").chmod(0)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    (tmp_path / "closed").chmod(0o755)


def names_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def raising(error):
    raise error


def refused(capsys, command, *, code):
    """What a command says that ends in one line."""
    with permissions_count():
        done = verb(capsys, *command)
    assert done.code == code
    assert done.out == "" or json.loads(done.out)["kind"] == "Error"
    (line,) = done.err.splitlines()
    return line.removeprefix("error: ")


PERMIT = "change the permissions or choose another place, then run the command again"


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("nowhere/", "no such folder: {}/nowhere; make it first or choose another place"),
        ("wave.csv/", "no such folder: {}/wave.csv; make it first or choose another place"),
        ("closed/", "Permission denied; {permit}"),
    ],
)
def test_a_file_is_not_worked_for_that_cannot_be_written(place, capsys, name, where, said):
    before = names_in(place)
    command = NAMED[name].replace(f" {name}", f" {where}{name}").split()
    line = refused(capsys, command, code=1)
    assert line.startswith(f"{where}{name}: could not be written: ")
    assert line.endswith(said.format(place, permit=PERMIT))
    assert names_in(place) == before


WITH_SLASH = [
    name
    for name, command in NAMED.items()
    if " -o " in command and not command.startswith("predict")
]
"""Options of the type of a path lose it, and predict takes it for a folder of forecasts."""


def test_a_page_that_cannot_lie_beside_its_run_is_not_made(place, capsys, monkeypatch):
    monkeypatch.setattr("grucli.runs.reporting.report_run", None)
    (place / "run").chmod(0o555)
    with permissions_count():
        done = verb(capsys, "report", "run")
    (place / "run").chmod(0o755)
    assert done.code == 1
    assert done.err == (
        f"error: run/report.html: could not be written: Permission denied; {PERMIT}\n"
    )


def test_no_forecast_is_made_where_a_later_one_has_no_place(place, capsys):
    write_wave(place / "a.csv")
    (place / "out" / "wave.csv").mkdir(parents=True)
    line = refused(capsys, ["predict", "run", "[aw]*.csv", "-o", "out/"], code=1)
    assert line.startswith("out/wave.csv: could not be written: it is a folder; ")
    assert names_in(place / "out") == ["wave.csv"]


def test_a_separator_of_the_system_names_a_folder_too(place, monkeypatch):
    monkeypatch.setattr("grucli.files.os.sep", "\\")
    with pytest.raises(GrucliError, match="the slash at its end names a folder"):
        check_place("new\\")


def test_a_folder_without_any_above_it_is_named(place, monkeypatch):
    """As a drive of Windows that is not there."""
    monkeypatch.setattr("grucli.places.is_there", lambda _: False)
    with pytest.raises(GrucliError, match=r"^a: cannot be used as a folder: No such file or dir"):
        check_folder(Path("a"), use="a folder")


def test_an_attempt_bears_that_another_process_clears_up_behind_it(place, monkeypatch):
    close = Temporary.close
    monkeypatch.setattr(Temporary, "close", lambda it: (close(it), it.path.unlink(True)))
    check_place("new.csv")
    check_folder(Path("new"), use="a folder")


def test_what_a_killed_attempt_left_goes_with_the_next(place, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda *_, **__: None)
        check_folder(Path("new"), use="a folder")
    assert len(list(place.glob(".*.tmp"))) == 1
    check_folder(Path("new"), use="a folder")
    assert not list(place.glob(".*.tmp"))


def test_what_later_versions_of_python_answer_changes_nothing(place, capsys, monkeypatch):
    """They take a loop of links as it is, and say of what nobody may look at that it is no file."""
    (place / "loop.csv").symlink_to("loop.csv")
    is_file = Path.is_file

    def resolve(path, strict=False):
        return Path(os.path.realpath(path))

    def answered(path):
        try:
            return is_file(path)
        except PermissionError:
            return False

    monkeypatch.setattr(Path, "resolve", resolve)
    monkeypatch.setattr(Path, "is_file", answered)
    with pytest.raises(GrucliError, match="Too many levels of symbolic links; check the path or"):
        check_place("loop.csv")
    line = refused(capsys, ["eval", "closed"], code=4)
    assert line.startswith("closed/best.pt: cannot be read: permission denied; ")


@pytest.mark.parametrize("name", WITH_SLASH)
def test_a_file_is_not_named_with_a_slash_behind_it(place, capsys, name):
    line = refused(capsys, NAMED[name].replace(f" {name}", f" {name}/").split(), code=1)
    assert line.startswith(f"{name}/: could not be written: the slash at its end names a folder; ")
    assert not (place / name).exists()


def test_a_folder_of_forecasts_is_named_that_cannot_be_one(place, capsys):
    (place / "shut").mkdir(0o555)
    cannot = "cannot be used as a folder for forecasts: "
    for output, said in {
        "wave.yaml/": f"wave.yaml: {cannot}wave.yaml is a file; choose another folder, or leave",
        "wave.yaml/sub/": f"wave.yaml/sub: {cannot}wave.yaml is a file; choose another folder",
        "shut/sub/": f"shut/sub: {cannot}Permission denied; choose another folder, or leave",
        "closed/": f"closed/wave.csv: could not be written: Permission denied; {PERMIT}",
        "shut/": f"shut/wave.csv: could not be written: Permission denied; {PERMIT}",
    }.items():
        assert refused(capsys, ["predict", "run", "wave.csv", "-o", output], code=1).startswith(
            said
        )


READ = [
    ["predict", "{}"],
    ["eval", "{}"],
    ["export", "{}", "-o", "m.safetensors"],
    ["inspect-weights", "{}"],
    ["inspect-weights", "run", "{}"],
    ["trace", "{}", "-o", "t.csv"],
    ["explain", "{}", "--at", "2024-03-01"],
    ["report", "{}"],
    ["compare", "{}"],
    ["backtest", "{}"],
    ["train", "wave.yaml", "--quiet", "--run-dir", "new", "--set", "model.init.checkpoint={}"],
]


@pytest.mark.parametrize("command", READ, ids=" ".join)
@pytest.mark.parametrize("named", ["closed", "closed/best.pt"])
def test_a_checkpoint_that_nobody_may_read_is_named(place, capsys, command, named):
    line = refused(capsys, [word.replace("{}", named) for word in command], code=4)
    assert "closed/best.pt: cannot be read: permission denied; " in line
    assert line.endswith("check the path and its permissions")


def test_a_run_that_cannot_be_read_among_others_is_a_note(place, capsys):
    with permissions_count():
        done = verb(capsys, "compare", ".")
    assert done.code == 0
    assert "closed/best.pt: cannot be read: permission denied" in " ".join(
        (done.out + done.err).split()
    )


@pytest.mark.parametrize("pattern", ["closed/*.csv", "closed/in/*.csv", "./*/f.csv", "./**/f.csv"])
@pytest.mark.parametrize(
    "command",
    [
        ["predict", "run", "{}", "-o", "out/"],
        ["init", "{}"],
        ["check", "wave.yaml", "--set", "data.path={}"],
    ],
    ids=lambda command: command[0],
)
def test_files_of_a_pattern_are_not_missing_without_a_word(place, capsys, pattern, command):
    line = refused(capsys, [word.replace("{}", pattern) for word in command], code=3)
    assert f"{pattern.removeprefix('./')}: the folder " in line
    assert "closed" in line.partition(": the folder ")[2]
    assert "cannot be read: Permission denied; expected files in it; change its perm" in line
    assert not (place / "out").exists()


def test_a_closed_folder_beside_files_of_a_pattern_is_a_note(place, capsys):
    (place / "d" / "open").mkdir(parents=True)
    shutil.copy("wave.csv", "d/open/wave.csv")
    (place / "closed").rename(place / "d" / "closed")
    said = "cannot be read; the files in it are left out"
    with permissions_count():
        for pattern in ("d/*/*.csv", "d/**/*.csv", "d/*/wave.csv", "d/**"):
            for command in (["predict", "run", pattern, "-o", "out/"], ["init", pattern]):
                done = verb(capsys, *command)
                assert done.code == 0
                assert f"{pattern}: d/closed {said}" in done.err
        (place / "d" / "closed").chmod(0o311)
        assert said not in verb(capsys, "predict", "run", "d/*/f.csv", "-o", "out/").err
    (place / "d" / "closed").rename(place / "closed")
    assert (place / "out" / "f.csv").is_file()


@pytest.mark.parametrize(
    "command",
    [
        "predict run closed/f.csv",
        "trace run closed/f.csv -o t.csv",
        "init closed/f.csv",
        "check wave.yaml --set data.path=closed/f.csv",
        "train wave.yaml --quiet --run-dir new --set data.path=closed/f.csv",
    ],
)
def test_a_table_that_nobody_may_read_is_named(place, capsys, command):
    line = refused(capsys, command.split(), code=3)
    assert "closed/f.csv: cannot be read: Permission denied; change its permissions" in line
    assert not (place / "new").exists()


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("closed/sub", "Permission denied; choose another place"),
        ("wave.csv", "wave.csv is a file; choose another place"),
        ("wave.csv/sub", "wave.csv is a file; choose another place"),
    ],
)
@pytest.mark.parametrize("command", [["train"], ["tune", "--trials", "1"]], ids=lambda c: c[0])
def test_a_run_folder_says_what_stands_in_its_way(place, capsys, folder, said, command):
    before = names_in(place)
    asked = [*command, "wave.yaml", "--quiet", "--run-dir", folder]
    assert f": {said}" in refused(capsys, asked, code=1)
    assert names_in(place) == before


def test_a_system_error_that_nobody_foresaw_names_its_file(place, capsys, monkeypatch):
    def broken(*_, **__):
        raise PermissionError(13, "Permission denied", "closed/x")

    monkeypatch.setattr("grucli.runs.checking.check", broken)
    line = refused(capsys, ["check", "wave.yaml"], code=1)
    then = "then run the command again"
    assert line == f"closed/x: Permission denied; change the permissions, {then}"
    error = OSError(28, os.strerror(28), "x.csv")
    monkeypatch.setattr("grucli.runs.checking.check", lambda *_, **__: raising(error))
    said = "x.csv: No space left on device; free space, "
    assert refused(capsys, ["check", "wave.yaml"], code=1) == said + then


def test_what_is_asked_before_is_what_would_happen_then(place):
    """A check that passes where the writing fails is worth nothing, nor is the reverse."""
    os.mkfifo(place / "pipe")
    reader = os.open(place / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    (place / "loop.csv").symlink_to("loop.csv")
    (place / "away.csv").symlink_to("nowhere/away.csv")
    good, wrong = ("new.csv", "wave.csv", "pipe"), ("loop.csv", "away.csv", "closed/x", "none/x")
    for name in (*good, *wrong, "run"):
        said = []
        for attempt in (check_place, lambda path: write_atomically(Path(path), b"new")):
            with permissions_count():
                try:
                    attempt(name)
                    said.append("")
                except GrucliError as error:
                    said.append(str(error))
        assert said[0] == said[1]
        assert bool(said[0]) == (name not in good)
    assert (os.read(reader, 9), (place / "pipe").is_fifo()) == (b"new", True)
    os.close(reader)
    for folder in ("a/b", "run", "wave.csv", "closed/a", "wave.csv/a/b"):
        said = []
        for attempt in (check_folder, make_folder):
            with permissions_count():
                try:
                    attempt(Path(folder), use="a folder")
                    said.append("")
                except GrucliError as error:
                    said.append(str(error))
        assert said[0] == said[1]
        assert bool(said[0]) == (folder not in ("a/b", "run"))


def test_a_pipe_of_the_shell_is_an_output_as_any(place):
    command = f"{sys.executable} -m grucli predict run -o >(cat > copy.csv); wait $!"
    subprocess.run(["bash", "-c", command], check=True, cwd=place)
    shown = f"{sys.executable} -m grucli predict run -o /dev/stdout | cat"
    piped = subprocess.run(["bash", "-c", shown], check=True, cwd=place, capture_output=True)
    assert run(["predict", "run", "-o", "plain.csv"]) == 0
    assert piped.stdout == (place / "plain.csv").read_bytes() == (place / "copy.csv").read_bytes()


ANY_CASE = ["export run -o m.SafeTensors", "trace run -o t.CSV", "trace run -o t.Parquet"] + [
    f"inspect-weights run --matrix 1.update.hh -o m.{ending}" for ending in ("CSV", "Npy")
]


@pytest.mark.parametrize("command", [*ANY_CASE, "eval run --plot p.SVG", "eval run --plot p.HTML"])
def test_an_ending_is_known_in_letters_of_any_case(place, command):
    name = command.split()[-1]
    small = command.replace(name, name.lower())
    assert run(small.split()) == 0
    content = (place / name.lower()).read_bytes()
    (place / name.lower()).unlink()
    assert run(command.split()) == 0
    assert (place / name).read_bytes() == content
    assert {path.name for path in place.iterdir()} >= {name}


def test_a_document_and_a_graph_go_by_an_ending_in_any_case(place, monkeypatch):
    from dataclasses import replace

    from grucli.exporting import GRAPHS
    from grucli.runs import exporting

    assert run(["predict", "run", "--json", "-o", "f.JSON"]) == 0
    assert (place / "f.JSON").read_text().startswith("{")
    form = replace(GRAPHS[".onnx"], draw=lambda _: b"graph", run=lambda *_: [None])
    monkeypatch.setitem(GRAPHS, ".onnx", form)
    monkeypatch.setattr(exporting, "_parity", lambda *_: None)
    assert run(["export", "run", "-o", "m.ONNX"]) == 0
    assert (place / "m.ONNX").read_bytes() == b"graph"


def test_init_says_that_it_wrote_when_it_has(place, capsys, monkeypatch):
    def full(*_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("grucli.files._replace", full)
    done = verb(capsys, "init", "wave.csv", "-o", "new.yaml")
    assert done.code == 1
    assert "Wrote" not in done.err
