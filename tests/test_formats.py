"""The reader of .pt files gives exactly what torch.load gives, with numpy alone."""

import subprocess
import sys
from collections import OrderedDict

import numpy as np
import pytest
import torch

from grucli.errors import CheckpointError
from grucli.formats import read_archive, read_tensors


def saved(tmp_path, value, **options):
    path = tmp_path / "saved.pt"
    torch.save(value, path, **options)
    return path


def same(ours, theirs):
    """Equal in type, shape, element type and every bit."""
    if isinstance(theirs, torch.Tensor):
        theirs = theirs.detach()
        exact = theirs.float() if theirs.dtype is torch.bfloat16 else theirs
        expected = exact.numpy()
        return ours.dtype == expected.dtype and np.array_equal(ours, expected, equal_nan=False)
    if isinstance(theirs, dict):
        pairs = zip(ours.items(), theirs.items(), strict=True)
        return all(a == c and type(a) is type(c) and same(b, d) for (a, b), (c, d) in pairs)
    if isinstance(theirs, (list, tuple)):
        return isinstance(ours, type(theirs)) is not isinstance(theirs, torch.Size) and all(
            same(a, b) for a, b in zip(ours, theirs, strict=True)
        )
    return type(ours) is type(theirs) and ours == theirs


def trained_state():
    """A model, its optimizer after a step, its schedule and the state of the generator."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 1))
    optimizer = torch.optim.AdamW(model.parameters(), amsgrad=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
    model(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    schedule.step()
    return {
        "weights": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "schedule": schedule.state_dict(),
        "random": torch.get_rng_state(),
    }


PLAIN = {
    "none": None,
    "truth": [True, False],
    "whole": [0, 255, 256, 65536, -1, 2**31 - 1, 2**70, -(2**70)],
    "real": (0.5, float("inf"), -0.0),
    "text": "é\n\x1b[2J" * 200,
    "bytes": b"\x00\xff",
    "nested": {"a": [({}, [], ()), {"b": (1, 2, 3, 4)}]},
    3: "whole key",
    "ordered": OrderedDict(x=1),
}


@pytest.mark.parametrize(
    "value",
    [
        PLAIN,
        trained_state(),
        torch.nn.GRU(3, 5, num_layers=2, bidirectional=True).state_dict(),
        {"parameter": torch.nn.Parameter(torch.ones(2))},
        {"scalar": torch.tensor(3.0), "empty": torch.empty(0, 4)},
    ],
    ids=["plain values", "training state", "gru", "parameter", "scalar and empty"],
)
def test_a_file_reads_as_torch_reads_it(tmp_path, value):
    path = saved(tmp_path, value)
    assert same(read_archive(path), torch.load(path, weights_only=True))


@pytest.mark.parametrize(
    "dtype",
    ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8"],
)
def test_every_element_type_keeps_its_values(tmp_path, dtype):
    tensor = torch.tensor([[0, 1, 2], [3, 100, 7]]).to(getattr(torch, dtype)) / 1
    tensor = tensor.to(getattr(torch, dtype))
    assert same(read_archive(saved(tmp_path, [tensor])), [tensor])


def test_truth_values_stay_truth_values(tmp_path):
    tensor = torch.tensor([True, False])
    assert same(read_archive(saved(tmp_path, [tensor])), [tensor])


def test_not_finite_numbers_come_through_as_they_are(tmp_path):
    tensor = torch.tensor([float("nan"), float("inf"), -float("inf")])
    (read,) = read_archive(saved(tmp_path, [tensor]))
    np.testing.assert_array_equal(read, tensor.numpy())


def test_a_size_becomes_a_tuple(tmp_path):
    assert read_archive(saved(tmp_path, torch.Size([2, 3]))) == (2, 3)


@pytest.mark.parametrize("view", [lambda t: t.T, lambda t: t[:, 1:3], lambda t: t[1:]])
def test_views_of_a_larger_tensor_keep_shape_and_values(tmp_path, view):
    tensor = view(torch.arange(12.0).reshape(3, 4))
    assert same(read_archive(saved(tmp_path, [tensor])), [tensor])


def test_tied_tensors_stay_tied_and_can_be_written(tmp_path):
    shared = torch.zeros(3)
    first, second = read_archive(saved(tmp_path, [shared, shared[1:]]))
    first[1] = 5.0
    assert second.tolist() == [5.0, 0.0]


def test_a_name_with_spaces_and_umlauts_is_no_obstacle(tmp_path):
    path = tmp_path / "für später.pt"
    torch.save({"a": 1}, path)
    assert read_archive(path) == {"a": 1}


def test_reading_imports_no_torch(tmp_path):
    path = saved(tmp_path, trained_state())
    program = (
        "import sys; from grucli.formats import read_archive; read_archive(sys.argv[1]); "
        "print('torch' in sys.modules)"
    )
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_file_of_another_kind_of_zip_is_named_so(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("time,value\n1,2\n")
    with pytest.raises(CheckpointError) as caught:
        read_archive(path)
    assert str(caught.value) == (
        f"{path}: not a grucli checkpoint: no zip archive; expected a file written by grucli or by "
        "torch.save; save the weights alone with torch.save(model.state_dict(), path)"
    )


def test_the_format_is_told_by_the_bytes_and_not_by_the_name(tmp_path):
    path = tmp_path / "weights.safetensors"
    torch.save({"a": 1}, path)
    assert read_tensors(path) == ("torch", {"a": 1})
