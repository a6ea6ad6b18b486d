"""The ONNX reader: strict about bytes, bounded in time and memory, one line for every fault."""

import itertools
import random
from io import BytesIO

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from grucli.errors import CheckpointError
from grucli.formats import protobuf, read_tensors
from grucli.formats.faults import FormatError
from grucli.formats.protobuf import FIXED32, Budget, Run, read_message
from grucli.formats.source import Source
from grucli.weights import build_weight_report, read_weights
from tests.onnx_files import model_of, node_of, one_node, saved, weights_of

ARRAYS = weights_of(torch.nn.GRU(3, 5))
GOOD = one_node(ARRAYS, name="cell").SerializeToString()


def message_for(tmp_path, model):
    """The one line that a file is refused with; it begins with its path."""
    path = saved(tmp_path, model)
    with pytest.raises(CheckpointError) as caught:
        build_weight_report(read_weights(path))
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    return text


@pytest.mark.parametrize("part", range(64))
def test_a_truncated_model_is_called_truncated(tmp_path, part):
    assert "truncated or corrupt" in message_for(tmp_path, GOOD[: len(GOOD) * part // 64])


def test_a_truncated_export_with_gates_in_pieces_is_refused(tmp_path):
    content = pieces_model().SerializeToString()
    for part in range(64):
        message_for(tmp_path, content[: len(content) * part // 64])


@pytest.mark.parametrize("seed", range(4))
def test_flipped_bytes_end_in_a_report_or_in_one_line(tmp_path, seed):
    source = random.Random(seed)
    refused = 0
    for content in (GOOD, pieces_model().SerializeToString()):
        for _ in range(150):
            changed = bytearray(content)
            for _ in range(source.choice([1, 1, 3])):
                changed[source.randrange(len(changed))] = source.randrange(256)
            path = saved(tmp_path, bytes(changed))
            try:
                build_weight_report(read_weights(path))
            except CheckpointError:
                refused += 1
    assert refused > 20


def pieces_model(**changes):
    """A node whose R is put together by Slice, Concat, Identity and Unsqueeze nodes."""
    asked = {"axis": 0, "axes": [0], "op": "Concat", "start": 5} | changes
    node, tensors = node_of(ARRAYS, name="cell")
    node.input[2] = "R"
    tensors = [tensor for tensor in tensors if tensor.name != "cellR"]
    plain = numpy_helper.from_array(torch.nn.GRU(3, 5).weight_hh_l0.detach().numpy(), "plain")
    numbers = {"zero": [0], "five": [asked["start"]], "ten": [10], "end": [2**63 - 1], "one": [1]}
    tensors += [plain, *(numpy_helper.from_array(np.array(v), k) for k, v in numbers.items())]
    nodes = [
        helper.make_node("Identity", ["plain"], ["stack"]),
        helper.make_node("Slice", ["stack", "zero", "five", "zero"], ["r"]),
        helper.make_node("Slice", ["stack", "five", "ten", "zero", "one"], ["z"]),
        helper.make_node("Slice", ["stack", "ten", "end"], ["n"]),
        helper.make_node(asked["op"], ["z", "r", "n"], ["zrn"], axis=asked["axis"], name="join"),
        helper.make_node("Unsqueeze", ["zrn"], ["R"], axes=asked["axes"]),
    ]
    return model_of([*nodes, node], tensors)


def test_gates_put_in_order_by_nodes_are_followed(tmp_path):
    model = pieces_model()
    (stack,) = read_weights(saved(tmp_path, model)).modules
    plain = next(t for t in model.graph.initializer if t.name == "plain")
    np.testing.assert_array_equal(stack.tensors["weight_hh_l0"], numpy_helper.to_array(plain))


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"axis": 3}, "Concat node join does not fit its inputs"),
        ({"axes": [7]}, "Unsqueeze node  does not fit its inputs"),
        ({"start": 99}, "R has shape (1, 20, 5)"),
        ({"op": "Sum"}, "the weight zrn is no constant but computed by a Sum node"),
    ],
)
def test_pieces_that_do_not_fit_are_refused(tmp_path, changes, what):
    assert what in message_for(tmp_path, pieces_model(**changes))


def chain(length, op="Identity", width=1):
    """R behind ``length`` nodes, each of which reads the one before ``width`` times."""
    node, tensors = node_of(ARRAYS, name="cell")
    extra = {"axis": 1} if op == "Concat" else {}
    names = ["cellR", *(f"step{index}" for index in range(length))]
    pairs = itertools.pairwise(names)
    nodes = [helper.make_node(op, [a] * width, [b], **extra) for a, b in pairs]
    node.input[2] = names[-1]
    return model_of([*nodes, node], tensors)


def test_long_chains_cycles_and_copies_of_copies_are_refused(tmp_path):
    assert read_weights(saved(tmp_path, chain(15))).modules
    assert "no constant but computed by a Identity node" in message_for(tmp_path, chain(17))
    assert "has more numbers than the file" in message_for(tmp_path, chain(15, "Concat", 9))
    loop = chain(2)
    loop.graph.node[0].input[0] = "step1"
    assert "is no constant" in message_for(tmp_path, loop)


def test_a_weight_that_is_an_input_of_the_model_is_refused(tmp_path):
    node, tensors = node_of(ARRAYS, name="cell")
    node.input[1] = "X"
    assert "the weight X is no constant but an input" in message_for(
        tmp_path, model_of([node], tensors)
    )
    node.input[1] = ""
    assert "GRU node cell without weights" in message_for(tmp_path, model_of([node], tensors))


def changed_tensor(change):
    """The good model with its W changed by a function."""
    model = onnx.load_from_string(GOOD)
    (tensor,) = [item for item in model.graph.initializer if item.name == "cellW"]
    change(tensor)
    return model


def external(tensor):
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (external, "tensor cellW lies in another file (external data)"),
        (lambda t: setattr(t, "data_type", TensorProto.STRING), "cellW has data type 8; expected"),
        (lambda t: setattr(t, "raw_data", t.raw_data[:-1]), "cellW has 179 bytes instead of 180"),
        (lambda t: t.dims.append(2**30), "cellW has 180 bytes instead of"),
        (lambda t: t.dims.append(-1), "the shape of an initialiser"),
        (lambda t: t.dims.extend([1] * 20), "the shape of an initialiser"),
        (lambda t: t.ClearField("raw_data"), "cellW has 0 bytes instead of 180"),
        (lambda t: setattr(t.segment, "begin", 1), "comes in segments"),
        (lambda t: setattr(t, "name", "cellR"), "two initialisers of one name"),
        (lambda t: setattr(t, "name", "x\n"), "the weight cellW is no constant but an input"),
    ],
)
def test_tensors_that_cannot_be_trusted_are_refused(tmp_path, change, what):
    assert what in message_for(tmp_path, changed_tensor(change))


def test_a_tensor_elsewhere_does_not_matter_where_it_is_no_weight(tmp_path):
    model = onnx.load_from_string(GOOD)
    other = numpy_helper.from_array(np.zeros((2, 3), "f4"), "other")
    external(other)
    model.graph.initializer.append(other)
    assert read_weights(saved(tmp_path, model)).other_tensors == {"other": (2, 3)}


@pytest.mark.parametrize(
    "data_type",
    [TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16],
)
def test_values_in_typed_fields_are_those_of_raw_bytes(tmp_path, data_type):
    halves = np.round(ARRAYS["W"] * 64) / 64
    typed = helper.make_tensor("cellW", data_type, halves.shape, halves.ravel())
    model = changed_tensor(lambda tensor: tensor.CopyFrom(typed))
    assert not model.graph.initializer[0].raw_data
    (stack,) = read_weights(saved(tmp_path, model)).modules
    np.testing.assert_array_equal(stack.tensors["weight_ih_l0"][:5], halves[0, 5:10])


def test_a_number_too_large_for_its_type_is_damage(tmp_path):
    def change(tensor):
        tensor.ClearField("raw_data")
        tensor.data_type = TensorProto.FLOAT16
        tensor.int32_data.extend([70_000] * 45)

    assert "a number of an initialiser is no float16" in message_for(
        tmp_path, changed_tensor(change)
    )


def field(number, kind, payload):
    return bytes([number << 3 | kind]) + payload


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\x08", "a number in the model has no end"),
        (b"\x08" + b"\xff" * 11, "a number in the model has no end"),
        (b"\x08" + b"\xff" * 9 + b"\x7f", "a number in the model has no end"),
        (b"\x08\x07", "an ONNX model without a graph"),
        (b"\x08\x07" + field(7, 2, b"\x05ab"), "field 7 of the model ends behind it"),
        (b"\x08\x07" + field(7, 3, b""), "field 7 of the model has wire type 3"),
        (b"\x08\x07" + field(7, 0, b"\x01"), "field 7 of the model has wire type 0"),
        (b"\x08\x07" + b"\x02\x00", "field 0 of the model has wire type 2"),
        (b"\x08\x07" + 2 * field(7, 2, b"\x00"), "field 7 of the model is given 2 times"),
        (b"\x08\x07" + field(7, 2, b"\x02\x0a\x09"), "field 1 of the graph ends behind it"),
        (
            b"\x08\x07" + field(7, 2, b"\x05\x0a\x03\x22\x01\xff"),
            "a name in a node is not UTF-8",
        ),
        (b"\x08\x07" + field(7, 2, b"\x04\x0a\x02\x20\x01"), "field 4 of a node has wire type 0"),
    ],
)
def test_bytes_that_are_no_message_are_damage(tmp_path, content, what):
    text = message_for(tmp_path, content)
    assert "truncated or corrupt" in text
    assert what in text


def test_a_file_of_countless_fields_is_refused_in_time(tmp_path, monkeypatch):
    monkeypatch.setattr(protobuf, "MAX_FIELDS", 1000)
    assert "more than 1000 fields" in message_for(tmp_path, b"\x08\x07" * 1001)
    packed = field(1, 2, b"\xe8\x07" + bytes(1000))
    with pytest.raises(FormatError, match="more than 1000 fields"):
        message_of(packed).numbers(1)


def test_more_recurrent_nodes_than_anyone_has_are_refused(tmp_path):
    node, tensors = node_of(ARRAYS)
    assert "more than 1000 recurrent nodes" in message_for(
        tmp_path, model_of([node] * 1001, tensors)
    )


def message_of(content):
    """A message that stands alone in a file."""
    return read_message(Run(Source(BytesIO(content), len(content)), 0, len(content)), "x", Budget())


def test_numbers_and_floats_are_read_packed_or_one_by_one():
    one_by_one = message_of(b"\x08\x01\x08" + b"\xff" * 9 + b"\x01")
    packed = message_of(b"\x0a\x0b\x01" + b"\xff" * 9 + b"\x01")
    assert one_by_one.numbers(1) == packed.numbers(1) == [1, -1]
    floats = np.array([1.5, -2.0], "<f4").tobytes()
    for message in (
        message_of(b"\x0d" + floats[:4] + b"\x0d" + floats[4:]),
        message_of(b"\x0a\x08" + floats),
    ):
        assert b"".join(piece.read() for piece in message.fixed(1, FIXED32)) == floats
    with pytest.raises(FormatError, match="field 1 of x has wire type 0"):
        one_by_one.fixed(1, FIXED32)


def test_the_format_is_told_by_the_first_byte(tmp_path):
    assert read_tensors(saved(tmp_path, GOOD, "model.pt"))[0] == "onnx"
