"""A checkpoint and its one .pt file: all that eval, predict and inspect-weights need.

The file is a zip written by ``torch.save`` with plain values and tensors only; it loads with
``torch.load(weights_only=True)``, but is read here by ``grucli.formats``, which needs no torch.

Format 2 keeps what only one kind of task needs in ``task``, format 3 what intervals are made of in
``calibration``, format 4 the weights of other seeds in ``members``; older files are read as such.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.errors import CheckpointError
from grucli.files import write_atomically
from grucli.formats import read_archive
from grucli.forms import (
    Array,
    Both,
    Fields,
    Form,
    Listed,
    Mapped,
    Maybe,
    Number,
    Plain,
    Text,
    Whatever,
    faults_of,
    shown,
)

FORMAT = "grucli checkpoint"
FORMAT_VERSION = 4
FORECAST_FACTS = ("season_steps", "naive_mae")
"""Entries of format 1, which knew one kind of task, that belong to that task."""


_SHOWN_NAMES = 6
_COUNT = Number(least=0, most=2**53, whole=True)

Floats = NDArray[np.floating[Any]]

_NAMES = dict.fromkeys(("calendar", "past", "static"), Listed(Text()))

_RECIPE = Fields(
    {},
    {
        "name": Text(),
        "data": Fields({}, _NAMES, others=Plain()),
        "model": Fields(
            {},
            {
                "init": Fields(
                    {"input_hidden": Text(), "hidden_hidden": Text()},
                    {
                        "chrono_steps": Maybe(_COUNT),
                        "gain": Number(least=0),
                        "checkpoint": Maybe(Text()),
                        "matrices": Listed(Text()),
                    },
                    others=Plain(),
                )
            },
            others=Plain(),
        ),
        "train": Fields(
            {}, {"loss": Text(), "optimizer": Text(), "clip": Maybe(Number())}, others=Plain()
        ),
    },
    others=Plain(),
)
"""What is read of a recipe without the schema of recipes, which is slow to load."""

_WEIGHTS = Mapped(Array(("float32", "float64")))
_SEED = Fields({"seed": _COUNT, "best_epoch": _COUNT, "best_valid_loss": Number()})
_REFIT = Fields({"epochs": _COUNT})
CONTENT: Mapping[str, Form] = {
    "recipe": Both(Plain(), _RECIPE),
    "time": Text(),
    "columns": Listed(Text(), least=1),
    "frequency": Plain(),
    "scaler": Whatever(),
    "task": Fields({"kind": Text(), "facts": Plain()}),
    "data": Fields({"path": Plain(), "rows": _COUNT, "sha256": Text()}, others=Plain()),
    "weights": _WEIGHTS,
    "members": Listed(_WEIGHTS, most=99),
    "progress": Fields(
        {
            "epoch": _COUNT,
            "step": _COUNT,
            "best_epoch": _COUNT,
            "best_valid_loss": Number(not_a_number=True),
            "threads": Number(least=1, most=1024, whole=True),
            "kernel": Text(),
            "test_scores": Plain(),
        },
        {"processes": _COUNT, "refit": _REFIT, "seeds": Listed(_SEED, most=100)},
    ),
    "versions": Fields({"grucli": Text(), "torch": Text()}, others=Text()),
    "training": Maybe(Fields({}, {"version": _COUNT}, others=Whatever())),
    "deviations": Mapped(Mapped(Number(least=0, not_a_number=True))),
    "calibration": Maybe(Mapped(Whatever())),
}
"""What each entry is. Those of other classes have their own forms: the recipe its schema;
frequency, scaler and the facts of a task their ``from_plain`` and ``of_facts``; the calibration
that of its task; the state of training that of a run that begins (``grucli.runs.state_form``)."""


@dataclass(frozen=True)
class Checkpoint:
    """A trained model with everything that gives its numbers meaning.

    ``recipe`` is the resolved recipe as a mapping; ``columns`` the input columns, targets first;
    ``time`` the time column; ``frequency`` and ``scaler`` their plain forms; ``task`` the ``kind``
    of the task and the ``facts`` that it measured on the training span. ``data`` says the path,
    rows and sha256 of the training table. ``weights`` maps parameter names to arrays (numpy when
    read, numpy or tensors when written), ``members`` the same of each further model of
    ``train.seeds``, none where training was not finished. ``progress`` says epoch, step, best epoch
    and scores, of a model that was trained once more on all rows, ``refit``, those of the one that
    was judged, and of several, ``seeds``, those of each; ``training`` is the state from which
    training goes on, None in best.pt. ``deviations`` maps moments (see
    ``grucli.insight.normalisation``) to what a layer normalisation divides each matrix's products
    by, by address. ``calibration`` is what intervals are made of (see ``Task.calibrate``); None in
    last.pt, and where training was not finished.
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
    calibration: Mapping[str, Any] | None = None
    members: Sequence[Mapping[str, Any]] = ()


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint so that a crash at any moment leaves the old file or the new one."""
    import torch

    def plain(value: Any) -> Any:
        """Copies on the CPU: the file shall load on a machine without this device."""
        if isinstance(value, np.ndarray | torch.Tensor):
            return torch.as_tensor(value).detach().cpu()
        if isinstance(value, Mapping):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, list | tuple) else value

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
    version, versions = body.get("format_version"), body.get("versions")
    if type(version) is not int or version != FORMAT_VERSION:
        by = versions.get("grucli") if isinstance(versions, dict) else None
        raise CheckpointError(
            f"{path}: checkpoint format {shown(version)}; this grucli reads formats "
            f"1 to {FORMAT_VERSION}; use the grucli that wrote it ({shown(by)})"
        )
    entries = body.keys() - {"format", "format_version"}
    if entries != CONTENT.keys():
        raise CheckpointError(
            f"{path}: missing entries: {_listed(CONTENT.keys() - entries)}; unexpected entries: "
            f"{_listed(entries - CONTENT.keys())}; the file was changed after grucli wrote it"
        )
    check_content(path, body)
    for weights in (body["weights"], *body["members"]):
        _check_finite(path, weights)
    return Checkpoint(**{name: body[name] for name in CONTENT})


def is_ours(content: Any) -> bool:
    """Whether what a file holds says that it is a checkpoint of grucli, sound or not."""
    name = content.get("format") if isinstance(content, dict) else None
    return isinstance(name, str) and name == FORMAT


def migrated(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The content of a file of an older format as this one has it; any other as it is.

    Format 1 kept the facts of a forecast beside everything else; its oldest files have no
    ``deviations``. Format 2 had no ``calibration``, format 3 one model alone.
    """
    version = body.get("format_version")
    if type(version) is not int or version not in (1, 2, 3):
        return body
    if version == 1:
        facts = {name: body[name] for name in FORECAST_FACTS if name in body}
        rest = {name: value for name, value in body.items() if name not in FORECAST_FACTS}
        body = {"deviations": {}, **rest, "task": {"kind": "forecast", "facts": facts}}
    return {"calibration": None, **body, "members": [], "format_version": FORMAT_VERSION}


def check_content(path: str | Path, body: Mapping[str, Any]) -> None:
    """Raise CheckpointError naming what is not as ``CONTENT`` has it in the entries there are."""
    faults = [
        fault
        for name, form in CONTENT.items()
        if name in body
        for fault in faults_of(form, body[name], name)
    ]
    if faults:
        raise CheckpointError(*(f"{path}: {fault}; the file was changed" for fault in faults))


def _listed(names: Iterable[Any]) -> str:
    words = sorted(shown(name).strip("'") for name in names)
    more = f" and {len(words) - _SHOWN_NAMES} more" if len(words) > _SHOWN_NAMES else ""
    return ", ".join(words[:_SHOWN_NAMES]) + more or "none"


def _check_finite(path: str | Path, weights: Mapping[str, Floats]) -> None:
    """Refuse weights that are not finite, naming the first such entry of each tensor."""
    if not weights:
        raise CheckpointError(f"{path}: holds no weights; expected a mapping of name to tensor")
    problems = []
    for name, array in weights.items():
        wrong = ~np.isfinite(array)
        if wrong.any():
            first = np.unravel_index(int(wrong.argmax()), array.shape)
            index = tuple(int(i) for i in first)
            problems.append(
                f"{path}: {name}{list(index)} is {array[index]}; expected finite weights; "
                "use an earlier checkpoint"
            )
    if problems:
        raise CheckpointError(*problems)
