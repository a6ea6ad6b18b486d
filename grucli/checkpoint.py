"""A checkpoint and its one .pt file: all that eval, predict and inspect-weights need.

The file is a zip written by ``torch.save`` with plain values and tensors only; it loads with
``torch.load(weights_only=True)``, but is read here by ``grucli.formats``, which needs no torch.

Format 2 keeps what only one kind of task needs in ``task``; files of format 1 are read as such.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from grucli.errors import CheckpointError
from grucli.files import write_atomically
from grucli.formats import read_archive

FORMAT = "grucli checkpoint"
FORMAT_VERSION = 2
FORECAST_FACTS = ("season_steps", "naive_mae")
"""Entries of format 1, which knew one kind of task, that belong to that task."""


@dataclass(frozen=True)
class Checkpoint:
    """A trained model with everything that gives its numbers meaning.

    ``recipe`` is the resolved recipe as a mapping; ``columns`` the input columns, targets first;
    ``time`` the time column; ``frequency`` and ``scaler`` their plain forms; ``task`` the ``kind``
    of the task and the ``facts`` that it measured on the training span. ``data`` says the path,
    rows and sha256 of the training table. ``weights`` maps parameter names to arrays (numpy when
    read, numpy or tensors when written). ``progress`` says epoch, step, best epoch and scores;
    ``training`` is the state from which training goes on, None in best.pt. ``deviations`` maps
    moments (see ``grucli.insight.normalisation``) to what a layer normalisation divides each
    matrix's products by, by address.
    """

    recipe: Mapping[str, Any]
    time: str
    columns: list[str]
    frequency: Mapping[str, Any]
    scaler: Mapping[str, Any]
    task: Mapping[str, Any]
    data: Mapping[str, Any]
    weights: Mapping[str, Any]
    progress: Mapping[str, Any]
    versions: Mapping[str, str]
    training: Mapping[str, Any] | None
    deviations: Mapping[str, Mapping[str, float]]


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint so that a crash at any moment leaves the old file or the new one."""
    import torch

    def plain(value: Any) -> Any:
        """Copies on the CPU: the file shall load on a machine without this device."""
        if isinstance(value, np.ndarray | torch.Tensor):
            return torch.as_tensor(value).detach().cpu()
        if isinstance(value, Mapping):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, list) else value

    body = {entry.name: plain(getattr(checkpoint, entry.name)) for entry in fields(checkpoint)}
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, "format_version": FORMAT_VERSION} | body, buffer)
    write_atomically(path, buffer.getvalue())


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint without torch. Raises CheckpointError saying what is wrong with it."""
    body = read_archive(path)
    if not is_ours(body):
        raise CheckpointError(
            f"{path}: not a grucli checkpoint; expected a file that `grucli train` wrote, "
            "such as runs/NAME/best.pt (`grucli inspect-weights` also reads other files)"
        )
    body = migrated(body)
    if body.get("format_version") != FORMAT_VERSION:
        raise CheckpointError(
            f"{path}: checkpoint format {body.get('format_version')!r}; this grucli reads formats "
            f"1 to {FORMAT_VERSION}; use the grucli that wrote it ({body.get('versions')})"
        )
    names = {entry.name for entry in fields(Checkpoint)}
    entries = set(body) - {"format", "format_version"}
    if entries != names:
        raise CheckpointError(
            f"{path}: missing entries: {_listed(names - entries)}; unexpected entries: "
            f"{_listed(entries - names)}; the file was changed after grucli wrote it"
        )
    _check_weights(path, body["weights"])
    return Checkpoint(**{name: body[name] for name in names})


def is_ours(content: Any) -> bool:
    """Whether what a file holds says that it is a checkpoint of grucli, sound or not."""
    return isinstance(content, dict) and content.get("format") == FORMAT


def migrated(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The content of a file of an older format as this one has it; any other as it is.

    Format 1 kept the facts of a forecast beside everything else; its oldest files have no
    ``deviations``.
    """
    if body.get("format_version") != 1:
        return body
    facts = {name: body[name] for name in FORECAST_FACTS if name in body}
    rest = {name: value for name, value in body.items() if name not in FORECAST_FACTS}
    task = {"kind": "forecast", "facts": facts}
    return {"deviations": {}, **rest, "task": task, "format_version": FORMAT_VERSION}


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(map(str, names))) or "none"


def _check_weights(path: str | Path, weights: Any) -> None:
    """Refuse weights that are not finite floating-point arrays, naming the first bad entry."""
    if not isinstance(weights, dict) or not weights:
        raise CheckpointError(f"{path}: holds no weights; expected a mapping of name to tensor")
    problems = []
    for name, array in weights.items():
        if not isinstance(array, np.ndarray) or array.dtype not in (np.float32, np.float64):
            found = getattr(array, "dtype", type(array).__name__)
            problems.append(f"{path}: {name}: {found}; expected a float32 or float64 tensor")
        elif not np.isfinite(array).all():
            index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            problems.append(
                f"{path}: {name}{list(index)} is {array[index]}; expected finite weights; "
                "use an earlier checkpoint"
            )
    if problems:
        raise CheckpointError(*problems)
