"""What is around a process: little memory, no width, places where nothing can be written."""

import io
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from grucli import train
from grucli.checkpoint import load_checkpoint
from grucli.cli.app import run
from grucli.cli.kit.console import write_result
from grucli.cli.kit.streams import settle_streams
from grucli.data.readers.sources import Source
from grucli.errors import GrucliError, TrainingError
from grucli.recipe import load_recipe
from grucli.runs import saving, training
from grucli.runs.device import repeatable
from grucli.training.observers import Observer
from tests.conftest import verb
from tests.faults import files_of_at_most, permissions_count
from tests.test_runs_training import metrics_of, weights_of

LITTLE = 300 << 20
"""Bytes of addresses in which torch has no room."""


def test_little_room_for_addresses_is_one_line(folder):
    done = subprocess.run(
        [sys.executable, "-m", "grucli", "train", "wave.yaml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (LITTLE, LITTLE)),
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: could not finish: not enough memory; free some, or raise the limit (ulimit -v)\n"
    )


def test_a_terminal_without_width_gets_a_screen(trained, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "0")
    done = verb(capsys, "inspect-weights", trained / "run")
    assert (done.code, done.err) == (0, "")
    assert "W_hz" in done.out


@pytest.mark.parametrize("place", ["/proc/nowhere", "wave.csv/run", "wave.csv"])
def test_a_place_that_takes_no_run_is_named_before_the_table_is_read(folder, place, capsys):
    path = folder / place
    recipe, elsewhere = folder / "wave.yaml", "data.path=nowhere.csv"
    done = verb(capsys, "train", recipe, "--run-dir", path, "--set", elsewhere)
    assert done.code == 1
    assert done.err.startswith(f"error: {path}: cannot be used as a run folder: ")


ELSEWHERE = {
    "PYTHONHASHSEED": "123",
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "TZ": "Asia/Kathmandu",
    "TMPDIR": "/nonexistent",
}


def test_what_is_around_a_process_changes_no_byte(trained, tmp_path):
    kept = {name: os.environ[name] for name in os.environ.keys() - {"HOME"}}
    words = [trained / "wave.yaml", "--run-dir", "run", "--threads", "1"]
    command = [sys.executable, "-m", "grucli", "train", *map(str, words)]
    with subprocess.Popen(
        ["bash", "-c", 'exec "$@" <&-', "bash", *command],
        cwd=tmp_path,
        env=kept | ELSEWHERE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not (tmp_path / "run").exists() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGTSTP)
        process.send_signal(signal.SIGCONT)
        _, said = process.communicate()
    assert process.returncode == 0, said
    for name in ("best.pt", "last.pt"):
        assert weights_of(tmp_path / "run" / name) == weights_of(trained / "run" / name)
    assert metrics_of(tmp_path / "run") == metrics_of(trained / "run")


def test_a_cuda_device_is_asked_for_the_same_bytes_in_float32_and_torch_left_as_it_was(monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    with repeatable("cpu"):
        assert not torch.are_deterministic_algorithms_enabled()
    with repeatable("cuda"):
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
        assert torch.are_deterministic_algorithms_enabled()
        assert not torch.utils.deterministic.fill_uninitialized_memory
        assert torch.backends.cudnn.rnn.fp32_precision == "ieee"
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.utils.deterministic.fill_uninitialized_memory
    assert torch.backends.cudnn.rnn.fp32_precision == "tf32"


@contextmanager
def little_memory(more):
    """A block in which this process gets so many bytes of addresses more."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    limit = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def test_a_model_that_memory_has_no_room_for_says_what_to_make_smaller(folder):
    with little_memory(1 << 30), pytest.raises(TrainingError) as caught:
        train(folder / "wave.yaml", ["model.hidden=20000"], run_dir=folder / "run", threads=1)
    assert str(caught.value).startswith("out of memory for 2 × 20000 units: ")
    assert str(caught.value).endswith("; try a smaller model.hidden, or fewer model.layers")
    assert not (folder / "run").exists()


def test_a_step_that_memory_has_no_room_for_leaves_the_last_state(folder):
    class Hungry(Observer):
        name = "hungry"

        def before_step(self, state):
            if state.step == 12:
                torch.empty(1 << 40)

    with little_memory(2 << 30), pytest.raises(TrainingError, match="out of memory at step 13: "):
        train(folder / "wave.yaml", run_dir=folder / "run", threads=1, observers=[Hungry()])
    assert load_checkpoint(folder / "run" / "last.pt").progress["epoch"] >= 1
    train(folder / "wave.yaml", run_dir=folder / "run", resume=True)


def test_a_folder_without_permission_is_named_before_the_table_is_read(folder):
    recipe = load_recipe(str(folder / "wave.yaml"), ["data.path=nowhere.csv"])
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o555)
        refused = pytest.raises(GrucliError, match=r"/run: cannot be .*: Permission denied; choose")
        with refused, permissions_count():
            list(training.train(recipe, run_dir=f"{place}/run"))
        assert not list(Path(place).iterdir())


class AfterFirstEpoch(Observer):
    name = "after the first epoch"

    def __init__(self, do):
        self.do = do

    def after_step(self, state, step):
        if state.step == 8:
            self.do()


def test_a_log_that_cannot_be_written_ends_training_with_the_state_there(folder, monkeypatch):
    monkeypatch.setattr(saving, "SAVE_SECONDS", 0.0)
    log = folder / "run" / "metrics.jsonl"
    kept = folder / "kept"

    def bar():
        log.rename(kept)
        log.mkdir()

    with pytest.raises(GrucliError, match=r"metrics\.jsonl: could not be written: .*--resume"):
        train(folder / "wave.yaml", run_dir=log.parent, observers=[AfterFirstEpoch(bar)])
    assert [json.loads(line)["epoch"] for line in kept.read_text().splitlines()] == [1]
    assert load_checkpoint(log.parent / "last.pt").progress["epoch"] == 1
    log.rmdir()
    kept.rename(log)
    train(folder / "wave.yaml", run_dir=log.parent, resume=True)
    assert [row.get("epoch") for row in metrics_of(log.parent)] == [1, 2, 3, None]


def test_a_log_that_is_deleted_costs_its_lines_alone(folder):
    log = folder / "run" / "metrics.jsonl"
    train(folder / "wave.yaml", run_dir=log.parent, observers=[AfterFirstEpoch(log.unlink)])
    assert [row.get("epoch") for row in metrics_of(log.parent)] == [2, 3, None]
    train(folder / "wave.yaml", run_dir=folder / "whole")
    assert weights_of(log.parent / "best.pt") == weights_of(folder / "whole" / "best.pt")
    log.unlink()
    train(folder / "wave.yaml", run_dir=log.parent, resume=True)
    assert [row.get("kind") for row in metrics_of(log.parent)] == ["TrainingFinished"]


def test_a_log_that_fails_before_a_state_is_saved_promises_none(folder):
    log = folder / "run" / "weights.jsonl"

    class Full(AfterFirstEpoch):
        def begin(self, state):
            log.unlink()
            log.mkdir()

    with pytest.raises(GrucliError) as caught:
        train(folder / "wave.yaml", run_dir=log.parent, observers=[Full(None)])
    assert str(caught.value).endswith("check the path, then run the command again")
    assert "best.pt" not in str(caught.value)


@pytest.mark.parametrize(
    ("is_terminal", "shown"), [(True, "a\\x1b[2J,b\n1,2\n"), (False, "a\x1b[2J,b\n1,2\n")]
)
def test_a_table_cannot_act_on_a_terminal_and_is_as_it_is_in_a_pipe(
    monkeypatch, is_terminal, shown
):
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: is_terminal, raising=False)
    monkeypatch.setattr(sys, "stdout", stream)
    write_result("a\x1b[2J,b\n1,2\n")
    assert stream.getvalue() == shown


class Terminal(io.TextIOWrapper):
    """A stream that people read."""

    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(io.TextIOWrapper, "Höhe λ\n".encode()), (Terminal, b"H\xf6he \\u03bb\r\n")],
)
def test_a_document_is_the_same_bytes_in_any_encoding_and_a_terminal_shows_escapes(
    monkeypatch, kind, expected
):
    kept = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", kind(kept, "cp1252", newline="\r\n"))
    write_result("Höhe λ\n")
    sys.stdout.flush()
    assert kept.getvalue() == expected


def test_an_error_in_any_encoding_is_a_document(monkeypatch, capsys):
    kept = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(kept, "ascii"))
    assert run(["eval", "λ.pt", "--json"]) == 4
    sys.stdout.flush()
    assert "λ.pt" in json.loads(kept.getvalue())["where"]


@pytest.mark.parametrize("words", [["eval"], ["train"], ["eval", "run", "--fail-if"]])
def test_an_error_is_one_line_whatever_stands_on_the_command_line(words, capsys):
    done = verb(capsys, *words, "x\x1b[2J\nerror: forged\r")
    assert "\\x1b[2J\\nerror: forged\\r" in done.err
    assert done.err.count("\n") == 1
    assert done.err.startswith("error: ")


def test_what_comes_later_is_read_where_reads_were_to_return_at_once(monkeypatch):
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    with os.fdopen(reader) as stdin, os.fdopen(writer, "w") as other:
        monkeypatch.setattr("sys.stdin", stdin)
        source = Source.at("-")
        later = threading.Timer(0.2, lambda: (other.write("t,y\n1,2\n"), other.close()))
        later.start()
        assert source.read() == b"t,y\n1,2\n"
        later.join()


def test_a_pipe_that_is_read_late_gets_all_of_a_result(monkeypatch):
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    text = "a line of a result\n" * 20_000
    with os.fdopen(reader) as late, ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr("sys.stdout", os.fdopen(writer, "w"))
        settle_streams()
        found = pool.submit(lambda: (time.sleep(0.2), late.read())[1])
        write_result(text)
        sys.stdout.close()
        assert found.result() == text


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_result_that_a_full_disk_cuts_is_one_error(trained, tmp_path, unbuffered):
    asked = ["inspect-weights", str(trained / "run"), "--json"]
    with (tmp_path / "result.json").open("w") as output, files_of_at_most(2000):
        done = subprocess.run(
            [sys.executable, "-m", "grucli", *asked],
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    then = "raise the limit (ulimit -f), then run the command again"
    said = f"error: could not finish: File too large; {then}\n"
    assert (done.returncode, done.stderr) == (1, said)


@pytest.mark.parametrize("fault", [EOFError("marshal data too short"), ZeroDivisionError("oh")])
def test_a_defect_is_called_one_whatever_it_is(folder, monkeypatch, capsys, fault):
    """Typer takes an EOFError for somebody who answers no question, and says nothing."""

    def broken(*_, **__):
        raise fault

    monkeypatch.setattr("grucli.runs.checking.check", broken)
    done = verb(capsys, "check", folder / "wave.yaml")
    assert (done.code, done.out) == (1, "")
    assert done.err.strip().startswith(f"error: internal fault: {type(fault).__name__}: {fault}; ")


def test_rows_as_they_come_need_a_standard_input(trained, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", None)
    done = verb(capsys, "predict", trained / "run", "--stream")
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: --stream: standard input is closed; expected rows; pipe some in\n"
