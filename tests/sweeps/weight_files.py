"""Files of weights that others wrote, damaged: read, or refused in one line."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from tests.onnx_files import model_of, node_of, weights_of
from tests.sweeps.commands import ended
from tests.sweeps.sweep import Case

EACH = 1500
MODULES = {"GRU": torch.nn.GRU, "LSTM": torch.nn.LSTM, "RNN": torch.nn.RNN}
TYPES = ["F32", "F64", "F16", "BF16", "I64", "BOOL", "U8", "F8", "", None, ["F32"], 3]
NUMBERS = [0, 1, -1, 2, 3, 7, 2**31, 2**40, 2**63, 2**70, 0.5, True, None, "3", [], {}]


def safetensors(_: Path, folder: Path) -> Iterator[Case]:
    """A safetensors file with other types, shapes and places in its header, or other bytes."""
    state = {name: value.detach() for name, value in torch.nn.GRU(3, 4).state_dict().items()}
    header, data, position = {}, b"", 0
    for name, value in state.items():
        raw = value.numpy().tobytes()
        places = [position, position + len(raw)]
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": places}
        data, position = data + raw, position + len(raw)

    def content(draw: random.Random) -> bytes:
        entries = json.loads(json.dumps(header))
        _alter_header(entries, draw)
        text = json.dumps(entries).encode()
        whole = len(text).to_bytes(8, "little") + text + data
        return _bytes_changed(whole, draw) if draw.random() < 0.4 else whole

    yield from _cases(folder / "file.safetensors", content)


def onnx(_: Path, folder: Path) -> Iterator[Case]:
    """An ONNX model with some bytes changed, left out, doubled or put in."""
    models = []
    for op, kind in MODULES.items():
        arrays = weights_of(kind(3, 4), op=op)
        node, tensors = node_of(arrays, op=op)
        models.append(model_of([node], tensors).SerializeToString())

    def content(draw: random.Random) -> bytes:
        return _bytes_changed(draw.choice(models), draw)

    yield from _cases(folder / "file.onnx", content)


def _cases(path: Path, content: Callable[[random.Random], bytes]) -> Iterator[Case]:
    def attempt(seed: int) -> str:
        draw = random.Random(seed)
        path.write_bytes(content(draw))
        return ended(["inspect-weights", str(path)], {4})

    for seed in range(EACH):
        yield f"seed {seed}", lambda seed=seed: attempt(seed)


def _alter_header(entries: dict[str, Any], draw: random.Random) -> None:
    name = draw.choice(list(entries))
    entry = entries[name]
    kind = draw.randrange(7)
    if kind == 0:
        entry["dtype"] = draw.choice(TYPES)
    elif kind == 1:
        entry["shape"] = [draw.choice(NUMBERS) for _ in range(draw.randint(0, 4))]
    elif kind == 2:
        entry["shape"] = draw.choice(NUMBERS)
    elif kind == 3:
        entry["data_offsets"][draw.randrange(2)] = draw.choice(NUMBERS)
    elif kind == 4:
        entries[name] = draw.choice(NUMBERS)
    elif kind == 5:
        entries[draw.choice(["\x1b[2J", "a\nerror: b", "weight_hh_l9", ""])] = entries.pop(name)
    else:
        del entry[draw.choice(list(entry))]


def _bytes_changed(whole: bytes, draw: random.Random) -> bytes:
    content = bytearray(whole)
    for _ in range(draw.randint(1, 4)):
        place, length = draw.randrange(len(content)), draw.randint(0, 3)
        content[place : place + length] = draw.randbytes(draw.randint(0, 3))
    return bytes(content)
