"""Checkpoints damaged, cut short and altered: refused, or of no effect; never another number."""

import json
import pickle
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from grucli.checkpoint import load_checkpoint
from grucli.formats import read_archive
from tests.sweeps.commands import ended
from tests.sweeps.sweep import Case
from tests.torch_files import zipped

FLIPS = 2000
PARTS = 64
ALTERED, REWRITTEN, STATES = 4000, 3000, 600

ATTEMPTS = {
    "inspect-weights": {4},
    "eval": {3, 4},
    "predict": {3, 4},
}
"""Verbs that take a checkpoint, and the exit codes of a refusal: 3 where the table does not fit."""


def flips(ground: Path, folder: Path) -> Iterator[Case]:
    """One bit of a checkpoint is another: refused, or no value is."""
    good = (ground / "run" / "best.pt").read_bytes()
    whole = repr_of(read_archive(ground / "run" / "best.pt"))
    draw = random.Random(7)

    def flipped(place: int) -> Callable[[], str]:
        def attempt() -> str:
            content = bytearray(good)
            content[place >> 3] ^= 1 << (place & 7)
            (folder / "flipped.pt").write_bytes(content)
            load_checkpoint(folder / "flipped.pt")
            assert repr_of(read_archive(folder / "flipped.pt")) == whole, "another value"
            return "no effect"

        return attempt

    for _ in range(FLIPS):
        place = draw.randrange(8 * len(good))
        yield f"bit {place}", flipped(place)


def truncations(ground: Path, folder: Path) -> Iterator[Case]:
    """A file cut short at every 64th part of its length."""
    for name in ("best.pt", "last.pt"):
        good = (ground / "run" / name).read_bytes()

        def cut(part: int, good: bytes = good) -> str:
            (folder / "cut.pt").write_bytes(good[: len(good) * part // PARTS])
            load_checkpoint(folder / "cut.pt")
            raise AssertionError("read")

        for part in range(PARTS):
            yield f"{name}: {part}/{PARTS}", lambda part=part, cut=cut: cut(part)


def rewritten(ground: Path, folder: Path) -> Iterator[Case]:
    """One to three bytes of the pickle are others, and its checksum fits."""
    with zipfile.ZipFile(ground / "run" / "best.pt") as archive:
        stem = archive.namelist()[0].partition("/")[0]
        program = archive.read(f"{stem}/data.pkl")
        count = sum("/data/" in name for name in archive.namelist())
        storages = [archive.read(f"{stem}/data/{key}") for key in range(count)]

    def attempt(seed: int) -> str:
        draw = random.Random(seed)
        mutant = bytearray(program)
        for _ in range(draw.randint(1, 3)):
            mutant[draw.randrange(2, len(mutant))] = draw.randrange(256)
        (folder / "rewritten.pt").write_bytes(zipped(bytes(mutant), storages=storages))
        return used(ground, folder / "rewritten.pt", draw)

    for seed in range(REWRITTEN):
        yield f"seed {seed}", lambda seed=seed: attempt(seed)


def altered(ground: Path, folder: Path) -> Iterator[Case]:
    """One to three values of a checkpoint are others, of the same or of any other type."""
    body = torch.load(ground / "run" / "best.pt", weights_only=True)

    def attempt(seed: int) -> str:
        draw = random.Random(seed)
        torch.save(alter(body, draw), folder / "altered.pt")
        return used(ground, folder / "altered.pt", draw)

    for seed in range(ALTERED):
        yield f"seed {seed}", lambda seed=seed: attempt(seed)


def states(ground: Path, folder: Path) -> Iterator[Case]:
    """The same of the last.pt that a run goes on from; what cannot be, is refused."""
    body = torch.load(ground / "run" / "last.pt", weights_only=True)
    run = folder / "run"

    def attempt(seed: int) -> str:
        draw = random.Random(seed)
        run.mkdir(exist_ok=True)
        for entry in run.iterdir():
            entry.unlink()
        for name in ("recipe.yaml", "metrics.jsonl", "weights.jsonl", "snapshots.jsonl", "best.pt"):
            (run / name).write_bytes((ground / "run" / name).read_bytes())
        torch.save(alter(body, draw, within="training"), run / "last.pt")
        arguments = [
            "train",
            str(ground / "wave.yaml"),
            "--run-dir",
            str(run),
            "--resume",
            "--quiet",
        ]
        return ended([*arguments, "--set", "train.epochs=4", "--threads", "1"], {2, 4, 5})

    for seed in range(STATES):
        yield f"seed {seed}", lambda seed=seed: attempt(seed)


def used(ground: Path, path: Path, draw: random.Random) -> str:
    """How one verb, drawn, ends on a checkpoint."""
    verb = draw.choice(list(ATTEMPTS))
    table = [] if verb == "inspect-weights" else [str(ground / "wave.csv")]
    return ended([verb, str(path), *table], ATTEMPTS[verb])


def alter(body: Any, draw: random.Random, *, within: str | None = None) -> Any:
    """A copy with one to three values replaced, left out, doubled or swapped."""
    body = pickle.loads(pickle.dumps(body))
    start = body if within is None else body[within]
    for _ in range(draw.randint(1, 3)):
        parent, key = draw.choice(list(places_of(start)))
        kind = draw.randrange(6)
        if kind == 0 and isinstance(parent, dict):
            del parent[key]
        elif kind == 1 and isinstance(parent, dict):
            parent[draw.choice(["\x1b[2J", "x\nerror: forged", 7, "x" * 3000])] = parent[key]
        elif kind == 2:
            other, place = draw.choice(list(places_of(start)))
            parent[key] = pickle.loads(pickle.dumps(other[place]))
        else:
            parent[key] = changed(parent[key], draw)
    return body


def places_of(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in nested mappings and lists, as the parent and the key."""
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    for key in list(keys):
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from places_of(value[key])


def changed(value: Any, draw: random.Random) -> Any:
    """Another value in the place of one, near to it or far from it."""
    if isinstance(value, torch.Tensor) and draw.random() < 0.7:
        return changed_tensor(value, draw)
    if isinstance(value, (int, float)) and draw.random() < 0.5:
        return draw.choice([-value, value * 1e6, value + 0.5, int(value) + 1, int(value) - 1])
    return draw.choice(STRANGE)()


def changed_tensor(value: torch.Tensor, draw: random.Random) -> torch.Tensor:
    """A tensor of another shape or type, or with other numbers."""
    spoilt = value.clone()
    if spoilt.numel() and spoilt.is_floating_point():
        number = draw.choice([np.nan, np.inf, -1e38, 1e-45, 1e30, 0.0])
        spoilt.view(-1)[draw.randrange(spoilt.numel())] = number
    types = [torch.float64, torch.int64, torch.bool, torch.float16, torch.uint8]
    return draw.choice(
        [
            spoilt,
            value.reshape(-1),
            value[None],
            value.reshape(-1)[:0],
            value.to(draw.choice(types)),
            torch.zeros_like(value),
            torch.full_like(value, 3),
        ]
    )


def nested(depth: int) -> list[Any]:
    """A list in a list, so deep."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


STRANGE: list[Callable[[], Any]] = [
    *(
        lambda value=value: value
        for value in (
            None, True, False, -1, 0, 1, 2, 2**31, 2**53 + 1, 2**62, 2**63, 10**70, -(2**63),
            0.0, -0.0, 1e-308, 1e308, float("nan"), float("inf"), "", "x", "x" * 5000, "1", "nan",
            "\x1b[2J", "a\nerror: forged", "\u202e", "\ud800", b"", b"\x00" * 9, (), (1, 2),
            "../../etc/passwd", "/dev/zero", "/dev/stdin", "-",
        )
    ),
    list, dict, lambda: nested(20), lambda: {1: 2}, lambda: {"": None}, lambda: [None] * 50,
    lambda: torch.zeros(0), lambda: torch.zeros(3, 4), lambda: torch.tensor(1.0),
    lambda: torch.ones(2, dtype=torch.int64), lambda: torch.ones(1, dtype=torch.bool),
]  # fmt: skip


def repr_of(value: Any) -> str:
    """Every value of a checkpoint and every bit of its arrays as one text."""

    def plain(item: Any) -> Any:
        if isinstance(item, np.ndarray):
            return [str(item.dtype), item.shape, item.tobytes().hex()]
        raise TypeError(item)

    return json.dumps(value, default=plain)
