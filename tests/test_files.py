"""Atomic writes: the old bytes or the new ones, whatever happens."""

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from grucli.errors import GrucliError
from grucli.files import append, check_place, write_atomically
from grucli.temporary import ENDING, clear_leftovers, signals_wait, working_folder


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "a b.pt"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a b.pt"]


@pytest.mark.parametrize("broken", ["fsync", "write"])
def test_a_failing_system_call_leaves_the_old_file_and_no_temporary_one(
    tmp_path, monkeypatch, broken
):
    path = tmp_path / "best.pt"
    path.write_bytes(b"old")

    def fail(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(GrucliError, match="free space") as caught:
        write_atomically(path, b"new")
    assert str(caught.value).startswith(
        f"{path}: could not be written: No space left on device; the previous file is unchanged; "
    )
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["best.pt"]


def test_a_temporary_file_that_cannot_be_looked_at_is_removed(tmp_path, monkeypatch):
    def fail_once(handle):
        monkeypatch.undo()
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fstat", fail_once)
    with pytest.raises(GrucliError, match="Input/output error"):
        write_atomically(tmp_path / "best.pt", b"new")
    assert list(tmp_path.iterdir()) == []


def test_without_a_previous_file_none_is_spoken_of(tmp_path, monkeypatch):
    def fail(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(GrucliError, match="No space left on device; free space or choose another"):
        write_atomically(tmp_path / "best.pt", b"new")


def test_the_mode_of_the_replaced_file_stays(tmp_path):
    path = tmp_path / "best.pt"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_atomically(path, b"new")
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_new_file_has_the_mode_of_the_umask(tmp_path):
    former = os.umask(0o027)
    try:
        write_atomically(tmp_path / "best.pt", b"new")
    finally:
        os.umask(former)
    assert (tmp_path / "best.pt").stat().st_mode & 0o777 == 0o640


def test_bytes_lie_on_the_disk_before_the_name_does(tmp_path, monkeypatch):
    order = []
    for name in ("write", "fsync", "replace"):
        call = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *a, name=name, call=call: (order.append(name), call(*a))[1]
        )
    write_atomically(tmp_path / "best.pt", b"new")
    assert order == ["write", "fsync", "replace", "fsync"]


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(GrucliError) as caught:
        write_atomically(tmp_path / "nowhere" / "x.pt", b"new")
    assert str(caught.value) == (
        f"{tmp_path / 'nowhere' / 'x.pt'}: could not be written: no such folder: "
        f"{tmp_path / 'nowhere'}; make it first or choose another place"
    )


def test_a_file_in_the_place_of_a_folder_is_no_folder(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    with pytest.raises(GrucliError, match=r"no such folder: .*/plain; make"):
        write_atomically(tmp_path / "plain" / "x.pt", b"new")


def test_a_folder_in_the_place_of_the_file_is_called_so(tmp_path):
    with pytest.raises(GrucliError) as caught:
        write_atomically(tmp_path, b"new")
    assert str(caught.value) == (
        f"{tmp_path}: could not be written: it is a folder; name a file, such as {tmp_path}/FILE"
    )


def test_another_fault_asks_for_no_space(tmp_path, monkeypatch):
    def fail(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "write", fail)
    with pytest.raises(GrucliError, match="Permission denied; change the permissions or choose"):
        write_atomically(tmp_path / "best.pt", b"new")


def test_a_link_is_followed_and_stays_a_link(tmp_path):
    (tmp_path / "target").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"


def test_a_pipe_is_written_into_and_stays_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(pipe, b"new")
    assert os.read(reader, 10) == b"new"
    os.close(reader)
    assert pipe.is_fifo()


def test_a_full_device_is_an_error_and_stays_a_device():
    with pytest.raises(GrucliError, match="No space left on device"):
        write_atomically(Path("/dev/full"), b"new")
    assert Path("/dev/full").is_char_device()


def leftover(path):
    """What a process that was killed in the middle of writing ``path`` leaves."""
    place = path.parent / f".{path.name}.k3_9zqab.tmp"
    place.write_bytes(b"half")
    return place


def test_what_killed_writers_left_goes_with_the_next_write(tmp_path):
    path = tmp_path / "best.pt"
    leftover(path)
    write_atomically(path, b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["best.pt"]


@pytest.mark.parametrize("name", [".best.pt.notes.tmp", ".last.pt.k3_9zqab.tmp", "best.pt.tmp"])
def test_files_of_other_names_are_no_leftovers(tmp_path, name):
    (tmp_path / name).write_bytes(b"mine")
    clear_leftovers(tmp_path / "best.pt")
    assert (tmp_path / name).read_bytes() == b"mine"


def test_a_file_that_is_being_written_is_no_leftover(tmp_path):
    path = leftover(tmp_path / "best.pt")
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        clear_leftovers(tmp_path / "best.pt")
        assert path.exists()
    clear_leftovers(tmp_path / "best.pt")
    assert not path.exists()


def test_a_writer_whose_file_was_taken_for_a_leftover_makes_another(tmp_path, monkeypatch):
    def made_and_cleared(*arguments, **options):
        made = mkstemp(*arguments, **options)
        if not taken:
            taken.append(made)
            clear_leftovers(tmp_path / "best.pt")
        return made

    mkstemp, taken = tempfile.mkstemp, []
    monkeypatch.setattr(tempfile, "mkstemp", made_and_cleared)
    write_atomically(tmp_path / "best.pt", b"new")
    assert (tmp_path / "best.pt").read_bytes() == b"new"


INTERRUPTED = """
import os, pathlib, signal, sys
number = signal.Signals[sys.argv[2]]
signal.signal(number, signal.SIG_DFL)
os.fsync = lambda handle: os.kill(os.getpid(), number)
from grucli.files import write_atomically
write_atomically(pathlib.Path(sys.argv[1]), b"new")
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_waits_for_the_end_of_a_write_and_then_ends_the_process(tmp_path, name):
    path = tmp_path / "forecast.csv"
    path.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", INTERRUPTED, path, name], check=False)
    assert done.returncode == -signal.Signals[name]
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["forecast.csv"]


@pytest.fixture
def came():
    """The signals that come while a test lasts, handled as they come."""
    numbers = []
    former = {
        number: signal.signal(number, lambda number, _: numbers.append(number)) for number in ENDING
    }
    yield numbers
    for number, handler in former.items():
        signal.signal(number, handler)


def test_a_second_signal_does_not_wait(came):
    with signals_wait():
        signal.raise_signal(signal.SIGTERM)
        assert came == []
        signal.raise_signal(signal.SIGINT)
        assert came == [signal.SIGINT]
    assert came == [signal.SIGINT, signal.SIGTERM]


def test_a_signal_that_is_ignored_stays_so(came):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with signals_wait():
        signal.raise_signal(signal.SIGHUP)
    assert came == []


def test_a_working_folder_goes_with_its_block_and_what_killed_processes_left_with_the_next(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, others = tmp_path / "grucli-backtest-k3_9zqab", tmp_path / "grucli-backtest-notes"
    for folder in (left, others):
        (folder / "run").mkdir(parents=True)
    with working_folder("backtest") as first, working_folder("backtest") as second:
        (first / "run").mkdir()
        assert {first, second, others} == set(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == [others]


def test_a_line_that_cannot_be_written_whole_is_not_written_at_all(tmp_path):
    path = tmp_path / "metrics.jsonl"
    append(path, b"x" * 90 + b"\n")
    program = (
        "import resource, sys, pathlib; from grucli.files import append; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); "
        "append(pathlib.Path(sys.argv[1]), b'y' * 90)"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", program, path], capture_output=True, text=True, check=False
    )
    assert "File too large" in done.stderr
    assert path.read_bytes() == b"x" * 90 + b"\n"


def test_what_a_shell_has_open_is_written_behind_what_is_in_it(tmp_path):
    """Replaced, it would be lost with all that others write into the same handle."""
    program = (
        "import sys; from pathlib import Path; from grucli.files import check_place, "
        "write_atomically as write; check_place(sys.argv[1]); print('before'); "
        "write(Path(sys.argv[1]), sys.argv[1].encode() + b'\\n'); print('behind')"
    )
    (tmp_path / "link").symlink_to("/dev/stdout")
    names = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/dev/fd/7", "link"]
    runs = "; ".join(f'"{sys.executable}" -c "{program}" {name} 7>&1' for name in names)
    for mode, kept in {">>": ["first"], ">": []}.items():
        (tmp_path / "all.txt").write_text("first\n")
        done = subprocess.run(["bash", "-c", f"({runs}) {mode} all.txt"], cwd=tmp_path, check=True)
        assert done.returncode == 0
        said = [line for name in names for line in ("before", name, "behind")]
        assert (tmp_path / "all.txt").read_text().splitlines() == kept + said


def test_a_handle_that_takes_nothing_is_named(tmp_path):
    handle = os.open(__file__, os.O_RDONLY)
    try:
        for attempt in (check_place, lambda path: write_atomically(Path(path), b"new")):
            with pytest.raises(GrucliError, match=f"^/dev/fd/{handle}: could not be written: Bad"):
                attempt(f"/dev/fd/{handle}")
    finally:
        os.close(handle)
