"""Small files that would cost minutes or gigabytes are refused before they do."""

import pickle
import struct
import tracemalloc
import zipfile
from io import BytesIO

import pytest
import torch

from grucli.errors import CheckpointError
from grucli.formats import read_archive, read_tensors
from tests.onnx_files import node_of, saved, weights_of
from tests.torch_files import tensor_program, zipped

MANY = 100_000


def text(words):
    return b"X" + struct.pack("<I", len(words)) + words


def message_for(tmp_path, content, read=read_archive):
    """The error that reading these bytes ends with."""
    path = tmp_path / "file.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        read(path)
    assert len(str(caught.value)) < 2000
    return str(caught.value)


LONG_TUPLE = b"(" + b"K\x01" * MANY + b"t"
STORAGE = (
    b"(" + text(b"storage") + b"ctorch\nFloatStorage\n" + text(b"0") + text(b"cpu") + b"K\x04tQ"
)


@pytest.mark.parametrize(
    ("program", "what"),
    [
        (
            b"ctorch\nSize\nq\x00" + LONG_TUPLE + b"\x85q\x01(" + b"h\x00h\x01R" * MANY + b"t.",
            "torch.Size was given something it cannot take",
        ),
        (
            b"ctorch._utils\n_rebuild_tensor_v2\nq\x00(" + STORAGE + b"K\x00" + LONG_TUPLE
            + b"q\x02h\x02\x89}tq\x01(" + b"h\x00h\x01R" * MANY + b"t.",
            "torch._utils._rebuild_tensor_v2 was given something it cannot take",
        ),
        (
            b"}(" + b"".join(
                b"\x8a\x0b" + (k * (2**61 - 1)).to_bytes(11, "little", signed=True) + b"N"
                for k in range(1, 20_000)
            ) + b"u.",
            "a dict with a key beyond",
        ),
        (b"(" + text(b"a" * 2**20) + b"q\x00" + b"h\x00" * 300 + b"t.", "characters of text"),
        (b"}(K\x01" + text(b"a" * 2**20) + b"q\x00" + b"K\x01h\x00" * 9 + b"u.", None),
        (b"(\x8a\xff" + b"\x7f" * 255 + b"q\x00" + b"h\x00" * 9999 + b"t.", "characters of text"),
        (b"]" + b"q\x00" * 600_000 + b".", "more than 500000 pickle instructions"),
    ],
    ids=["size", "tensor", "colliding keys", "text", "one text", "long numbers", "instructions"],
)  # fmt: skip
def test_work_that_a_pickle_asks_for_again_and_again_is_bounded(tmp_path, program, what):
    content = zipped(b"\x80\x02" + program, storages=[bytes(16)])
    if what is None:
        path = tmp_path / "file.pt"
        path.write_bytes(content)
        assert read_archive(path) == {1: "a" * 2**20}
    else:
        assert what in message_for(tmp_path, content)


def test_a_long_key_above_many_tensors_is_refused_without_naming_each(tmp_path):
    buffer = BytesIO()
    torch.save({"k" * 7_000_000: {f"{i}": torch.zeros(1) for i in range(500)}}, buffer)
    assert "more than 4194304 characters of text" in message_for(tmp_path, buffer.getvalue())


def test_a_key_that_is_just_not_too_long_is_cut_where_it_is_named(tmp_path):
    program = pickle.dumps({"k" * 4_000_000: None}, protocol=2)
    tensor = tensor_program(shape=(5,)).removeprefix(b"\x80\x02").removesuffix(b".")
    content = zipped(program.replace(b"N", tensor, 1), storages=[bytes(16)])
    assert "tensor kkk" in message_for(tmp_path, content)


def test_one_matrix_under_many_names_is_no_way_to_make_a_small_file_large(tmp_path):
    matrix = torch.zeros(300, 300)
    buffer = BytesIO()
    torch.save({f"{i}": matrix for i in range(40)}, buffer)
    assert "more than 16 times over" in message_for(tmp_path, buffer.getvalue())
    torch.save({f"{i}": matrix for i in range(12)}, tmp_path / "tied.pt")
    assert len(read_archive(tmp_path / "tied.pt")) == 12


@pytest.mark.parametrize(
    "head", [b"", b"PK\x03\x04", b"\x08\x07\x3a\xf0\xff\xff\xff\x0b", b"\x80\x02"]
)
def test_a_file_that_is_nearly_all_hole_is_refused_unread(tmp_path, head):
    path = tmp_path / "sparse.pt"
    with path.open("wb") as file:
        file.write(head)
        file.truncate(3 * 2**30)
    with pytest.raises(CheckpointError, match="almost nothing of its 3221225472 bytes was ever"):
        read_tensors(path)


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"time,value\n", "no zip archive"),
        (b"PK\x03\x04", "the zip directory is not at the end"),
        (b"\x08\x07\x3a\xf5\xff\xff\x1d", "field 0 of the model has wire type 0"),
        ((2**21).to_bytes(8, "little") + b'{"a":', "the safetensors header is no JSON"),
        ((2**24).to_bytes(8, "little") + b'{"a":', "a safetensors header of 16777216 bytes"),
    ],
    ids=["csv", "zip", "onnx", "safetensors", "long header"],
)
def test_a_large_file_of_another_kind_is_not_read_whole(tmp_path, head, what):
    path = tmp_path / "large.pt"
    size = 60 * 2**20
    with path.open("wb") as file:
        file.write(head)
        file.truncate(size)
    tracemalloc.start()
    with pytest.raises(CheckpointError, match=what):
        read_tensors(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < size / 4


def field(number, payload):
    """A run of bytes as protocol buffers write it."""
    length, size = b"", len(payload)
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + payload


def test_copies_of_copies_in_an_onnx_graph_are_counted_together(tmp_path):
    numbers = bytes(4 * 50_000)
    big = field(5, b"\x08\xd0\x86\x03\x10\x01" + field(8, b"W") + field(9, numbers))
    axis = field(5, field(1, b"axis") + b"\x18\x00")
    copies = [
        field(1, field(1, b"W") + field(2, b"%d" % i) + field(4, b"Concat") + axis)
        for i in range(500)
    ]
    every = b"".join(field(1, b"%d" % i) for i in range(500))
    top = field(1, every + field(2, b"top") + field(4, b"Concat") + axis)
    gru = field(1, field(1, b"x") + field(1, b"top") * 2 + field(4, b"GRU"))
    model = b"\x08\x07" + field(7, big + b"".join(copies) + top + gru)
    assert "has more numbers than the file" in message_for(tmp_path, model, read_tensors)


def test_many_onnx_nodes_that_share_one_weight_are_refused(tmp_path):
    arrays = weights_of(torch.nn.GRU(40, 40))
    tensors = node_of(arrays)[1]
    nodes = [
        field(1, field(1, b"x") + field(1, b"W") + field(1, b"R") + field(4, b"GRU"))
        for _ in range(60)
    ]
    weights = [field(5, tensor.SerializeToString()) for tensor in tensors]
    model = b"\x08\x07" + field(7, b"".join(weights + nodes))
    path = saved(tmp_path, model)
    with pytest.raises(CheckpointError, match="more than 16 times over"):
        read_tensors(path)


def test_a_name_of_a_megabyte_in_an_onnx_model_is_refused(tmp_path):
    model = b"\x08\x07" + field(7, field(1, field(4, b"G" * 2**20)))
    assert "a name of 1048576 bytes" in message_for(tmp_path, model, read_tensors)


def test_a_member_beside_the_storages_is_short(tmp_path):
    buffer = BytesIO(zipped(b"\x80\x02}."))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("archive/version", b"3" * 10_000)
    assert "10000 bytes in the member version" in message_for(tmp_path, buffer.getvalue())


def test_a_storage_that_no_tensor_shows_is_verified_too(tmp_path):
    content = bytearray(zipped(tensor_program(), storages=[bytes(16), b"unused but there"]))
    content[content.index(b"unused")] ^= 1
    assert "the checksum of data/1 differs" in message_for(tmp_path, bytes(content))
