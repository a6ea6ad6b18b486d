"""The safetensors reader: exact values, and nothing but values that tile the file."""

import json

import numpy as np
import pytest

from grucli.errors import CheckpointError
from grucli.formats import read_tensors

NAN = np.array([1.5, np.nan], dtype="<f4")


def file_with(tmp_path, header, data=b"", *, length=None):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = tmp_path / "weights.safetensors"
    path.write_bytes((len(raw) if length is None else length).to_bytes(8, "little") + raw + data)
    return path


def entry(dtype, shape, start, stop):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


def test_tensors_come_back_by_name_type_and_shape(tmp_path):
    matrix = np.arange(6, dtype="<f8").reshape(2, 3)
    header = {
        "__metadata__": {"format": "pt"},
        "last": entry("F32", [2], 48, 56),
        "empty": entry("I64", [0, 4], 48, 48),
        "first": entry("F64", [2, 3], 0, 48),
    }
    path = file_with(tmp_path, header, matrix.tobytes() + NAN.tobytes())
    kind, tensors = read_tensors(path)
    assert kind == "safetensors"
    assert tensors["first"].dtype == np.float64
    np.testing.assert_array_equal(tensors["first"], matrix)
    np.testing.assert_array_equal(tensors["last"], NAN)
    assert tensors["empty"].shape == (0, 4)


def test_bfloat16_becomes_the_float32_it_stands_for(tmp_path):
    upper_halves = (np.array([1.0, -2.5], dtype="<f4").view("<u4") >> 16).astype("<u2")
    path = file_with(tmp_path, {"a": entry("BF16", [2], 0, 4)}, upper_halves.tobytes())
    assert read_tensors(path)[1]["a"].tolist() == [1.0, -2.5]


@pytest.mark.parametrize(
    ("header", "data", "what"),
    [
        ({"a": entry("F32", [2], 0, 8)}, bytes(7), "tensor a lies outside the file"),
        ({"a": entry("F32", [2], 0, 8)}, bytes(9), "bytes behind the last tensor"),
        ({"a": entry("F32", [2], 4, 12)}, bytes(12), "overlap, leave a gap"),
        (
            {"a": entry("F32", [2], 0, 8), "b": entry("F32", [2], 4, 12)},
            bytes(12),
            "the bytes of tensor b overlap",
        ),
        ({"a": entry("F32", [3], 0, 8)}, bytes(8), "do not fit its shape"),
        ({"a": entry("F32", [-1], 0, 8)}, bytes(8), "tensor a has no shape"),
        ({"a": entry("F32", [2**40, 2**40], 0, 8)}, bytes(8), "tensor a has no shape: more"),
        ({"a": entry("F32", [2**40, 2**40, 0], 0, 0)}, b"", "tensor a has no shape: more entries"),
        ({"a": entry(["F32"], [2], 0, 8)}, bytes(8), "tensor a has type of list"),
        ({"a": entry("F8_E4M3", [8], 0, 8)}, bytes(8), "type F8_E4M3"),
        ({"a": {"dtype": "F32", "shape": [2]}}, bytes(8), "no data_offsets"),
        ({"a": entry("F32", [2], True, 8)}, bytes(8), "no data_offsets"),
        ({"\x1b[2J": 1}, b"", "tensor \\x1b[2J has no data_offsets"),
        (b'{"a":1,"a":2}', b"", "is no JSON"),
        (b"{" * 100_000, b"", "is no JSON"),
        (b"{\xff}", b"", "is no JSON"),
    ],
)
def test_a_file_that_does_not_tile_its_data_is_refused(tmp_path, header, data, what):
    path = file_with(tmp_path, header, data)
    with pytest.raises(CheckpointError) as caught:
        read_tensors(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert what in str(caught.value)


def test_a_header_longer_than_the_file_is_damage(tmp_path):
    path = file_with(tmp_path, {"a": entry("F32", [2], 0, 8)}, length=10_000)
    with pytest.raises(CheckpointError, match="the safetensors header is cut short"):
        read_tensors(path)
