"""Damaged, foreign and hostile files: an error that names the file, never code, never a wait."""

import builtins
import os
import pickle
import random
import socket
import struct
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch

from grucli.errors import CheckpointError
from grucli.formats import read_archive
from tests.torch_files import tensor_program, zipped

STATE = {"weights": torch.nn.GRU(2, 3).state_dict(), "recipe": {"hidden": 3, "lr": 0.1}}


def good_bytes():
    buffer = BytesIO()
    torch.save(STATE, buffer)
    return buffer.getvalue()


GOOD = good_bytes()


def written(tmp_path, content):
    path = tmp_path / "file.pt"
    path.write_bytes(content)
    return path


def message_for(tmp_path, content):
    """The error that reading these bytes ends with; it must name the file and be one line."""
    path = written(tmp_path, content)
    with pytest.raises(CheckpointError) as caught:
        read_archive(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    assert "weights_only" not in text
    return text


def test_the_hand_made_archive_is_read_when_nothing_is_wrong_with_it(tmp_path):
    path = written(tmp_path, zipped(tensor_program(), storages=[bytes(16)]))
    assert read_archive(path)["bad"].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("part", range(64))
def test_a_truncated_file_is_called_truncated(tmp_path, part):
    text = message_for(tmp_path, GOOD[: len(GOOD) * part // 64])
    assert "truncated or corrupt" in text or "no zip archive" in text


def test_a_zero_filled_tail_is_damage(tmp_path):
    assert "truncated or corrupt" in message_for(tmp_path, GOOD[:-500] + bytes(500))


class Call:
    """Pickles as a call of any function with any arguments."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize("forced", [False, True], ids=["", "unsafe loading asked for"])
@pytest.mark.parametrize(
    ("function", "name"),
    [
        (os.system, f"{os.system.__module__}.system"),
        (builtins.eval, "__builtin__.eval"),
        (np.load, "numpy.load"),
        (bytearray, "__builtin__.bytearray"),
        (torch.Tensor, "torch.Tensor"),
    ],
)
def test_a_pickle_that_calls_something_is_refused_by_name(
    tmp_path, monkeypatch, function, name, forced
):
    if forced:
        monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    canary = tmp_path / "canary"
    program = pickle.dumps({"weights": Call(function, f"touch {canary}")}, protocol=2)
    assert f"the file asks for {name}" in message_for(tmp_path, zipped(program))
    assert not canary.exists()


@pytest.mark.parametrize(
    ("program", "what"),
    [
        (pickle.dumps({"a": 1}, protocol=4), "another protocol"),
        (b"\x80\x02i os\nsystem\n.", "pickle instruction b'i'"),
        (b"\x80\x02}.}.", "does not end where it should"),
        (b"\x80\x02h\x07.", "the pickle at byte 4"),
        (b"\x80\x02}K\x01q\x00K\x02sK\x03}b.", "an object with attributes"),
        (b"\x80\x02]q\x00h\x00a.", "nested deeper than 64"),
        (b"\x80\x02" + b"](" * 500_001 + b".", "more than 500000 pickle instructions"),
        (b"\x80\x02" + b"(" * 100_000 + b".", "truncated or corrupt"),
        (b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".", "nested deeper than 64"),
        (b"\x80\x02" + bytes(9 * 2**20), "bytes of structure"),
    ],
    ids=[
        "protocol 4", "instruction", "two pickles", "memo", "build", "list in itself",
        "instructions", "marks", "depth", "size",
    ],
)  # fmt: skip
def test_a_strange_pickle_is_refused(tmp_path, program, what):
    assert what in message_for(tmp_path, zipped(program))


def test_a_bomb_of_shared_lists_is_refused_before_it_is_walked(tmp_path):
    value = [0]
    for _ in range(60):
        value = [value, value]
    assert "more than 250000 values" in message_for(tmp_path, zipped(pickle.dumps(value, 2)))


def test_a_bomb_of_repeated_bytes_is_refused(tmp_path):
    text = b"X" + struct.pack("<I", 2**20) + b"a" * 2**20
    encoding = b"X" + struct.pack("<I", 6) + b"latin1"
    constants = b"c_codecs\nencode\nq\x00" + text + b"q\x01" + encoding + b"q\x02"
    encoded_once = b"h\x00h\x01h\x02\x86Ra"
    program = b"\x80\x02" + constants + b"]" + encoded_once * 9 + b"."
    assert "bytes of byte strings" in message_for(tmp_path, zipped(program))


@pytest.mark.parametrize(
    "numbers",
    [
        {"shape": (10**10,), "strides": (0,), "count": 4},
        {"shape": (5,)},
        {"offset": 1},
        {"offset": -1},
        {"shape": (2, 2), "strides": (1, 1)},
        {"shape": (2,), "strides": (-1,), "offset": 3},
        {"shape": (2, 2), "strides": (2,)},
        {"shape": (2**70, 0), "strides": (0, 1)},
        {"shape": (2**40, 2**40, 0), "strides": (1, 1, 1)},
    ],
    ids=str,
)
def test_a_tensor_that_leaves_or_repeats_its_storage_is_named(tmp_path, numbers):
    text = message_for(tmp_path, zipped(tensor_program(**numbers), storages=[bytes(16)]))
    assert "tensor bad" in text


@pytest.mark.parametrize("storages", [[], [bytes(15)], [bytes(17)], [b""]])
def test_a_storage_of_another_length_than_declared_is_damage(tmp_path, storages):
    text = message_for(tmp_path, zipped(tensor_program(), storages=storages))
    assert "the storage of tensor bad" in text


def test_a_compressed_member_is_refused_without_unpacking_it(tmp_path):
    bomb = zipped(tensor_program(), storages=[bytes(10**7)], compression=zipfile.ZIP_DEFLATED)
    assert "is compressed" in message_for(tmp_path, bomb)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("archive/../../etc/passwd", "unknown member"),
        ("/archive/data/0", "a zip archive that torch.save did not write"),
        ("other/data/0", "a zip archive that torch.save did not write"),
        ("archive/\x1b[2J", "unknown member \\x1b[2J"),
        ("archive/code/__torch__.py", "a TorchScript archive"),
        ("archive/archive_format", "a program of torch.export"),
    ],
)
def test_a_member_that_torch_does_not_write_is_refused(tmp_path, name, what):
    assert what in message_for(tmp_path, zipped(b"\x80\x02}.", extra=[(name, b"")]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_given_twice_is_refused(tmp_path):
    twice = zipped(b"\x80\x02}.", extra=[("archive/data/0", b"a"), ("archive/data/0", b"b")])
    assert "two members named data/0" in message_for(tmp_path, twice)


def test_too_many_members_are_refused(tmp_path):
    many = zipped(b"\x80\x02}.", extra=[(f"archive/data/{i}", b"") for i in range(20_001)])
    assert "the end of the zip directory" in message_for(tmp_path, many)


@pytest.mark.parametrize("flag", [0x1, 0x20, 0x40])
def test_encryption_and_patch_flags_are_refused(tmp_path, flag):
    content = bytearray(zipped(b"\x80\x02}."))
    entry = content.index(b"PK\x01\x02")
    content[6] |= flag
    content[entry + 8] |= flag
    assert "encrypted or patched" in message_for(tmp_path, bytes(content))


@pytest.mark.parametrize(
    "around",
    [
        lambda good: b"\x80\x02}." + good,
        lambda good: good + b"\x80\x02}.",
        lambda good: good + good,
        lambda good: b"PK\x03\x04" + good,
    ],
    ids=["before", "behind", "twice", "false start"],
)
def test_anything_before_or_behind_the_archive_is_refused(tmp_path, around):
    message_for(tmp_path, around(GOOD))


def test_bytes_hidden_before_the_directory_are_refused(tmp_path):
    content = zipped(b"\x80\x02}.")
    start = content.index(b"PK\x01\x02")
    hidden = bytearray(content[:start] + b"hidden" + content[start:])
    hidden[-6:-2] = struct.pack("<I", start + 6)
    assert f"bytes that belong to no member at {start}" in message_for(tmp_path, bytes(hidden))


def test_files_of_old_torch_are_called_by_their_name(tmp_path):
    buffer = BytesIO()
    torch.save(STATE, buffer, _use_new_zipfile_serialization=False)
    text = message_for(tmp_path, buffer.getvalue())
    assert "not a grucli checkpoint: a bare pickle or a file of torch before 1.6" in text


def test_random_bytes_are_no_checkpoint(tmp_path):
    assert "no zip archive" in message_for(tmp_path, random.Random(1).randbytes(5000))


def special_files(folder):
    """Paths that are no regular file, or cannot be opened, and what is said of them."""
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to(folder / "loop")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "socket"))
    listener.close()
    return {
        folder: "is a directory",
        folder / "pipe": "is a pipe",
        folder / "socket": "is a socket",
        Path("/dev/zero"): "is a device",
        folder / "loop": "too many levels of symbolic links",
        folder / "missing.pt": "no such file or directory",
        folder / "a\0b": "null",
        folder / ("x" * 300): "file name too long",
    }


def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    for path, what in special_files(tmp_path).items():
        with pytest.raises(CheckpointError, match=what):
            read_archive(path)


def test_a_huge_sparse_file_is_refused_without_reading_it(tmp_path):
    path = tmp_path / "sparse.pt"
    with path.open("wb") as file:
        file.truncate(10 * 2**30)
    with pytest.raises(CheckpointError, match="expected less than 4 GiB"):
        read_archive(path)
