"""Atomic writes: the old bytes or the new ones, whatever happens."""

import os

import pytest

from grucli.errors import GrucliError
from grucli.files import write_atomically


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "a b.pt"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a b.pt"]


@pytest.mark.parametrize("broken", ["fsync", "fdopen"])
def test_a_failing_system_call_leaves_the_old_file_and_no_temporary_one(
    tmp_path, monkeypatch, broken
):
    path = tmp_path / "best.pt"
    path.write_bytes(b"old")

    def fail(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(GrucliError, match=r"best\.pt: could not be written: No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["best.pt"]


def test_the_mode_of_the_replaced_file_stays(tmp_path):
    path = tmp_path / "best.pt"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_atomically(path, b"new")
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(GrucliError, match="No such file or directory"):
        write_atomically(tmp_path / "nowhere" / "x.pt", b"new")
