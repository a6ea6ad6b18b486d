"""A checkpoint and its one .pt file: all that eval, predict and inspect-weights need.

The file is a zip written by ``torch.save`` with plain values and tensors only; it loads with
``torch.load(weights_only=True)``, but is read here by ``grucli.formats``, which needs no torch.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from grucli.errors import CheckpointError, RecipeError
from grucli.files import write_atomically
from grucli.formats import read_archive
from grucli.recipe import Recipe, recipe_from_mapping

FORMAT = "grucli checkpoint"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class Checkpoint:
    """A trained model with everything that gives its numbers meaning.

    ``recipe`` is the resolved recipe as a mapping; ``columns`` the input columns, targets first;
    ``time`` the time column; ``frequency`` and ``scaler`` their plain forms; ``season_steps`` the
    season of the first target; ``naive_mae`` [C_out] the in-sample errors that mase divides by;
    ``data`` the path, rows and sha256 of the training table. ``weights`` maps parameter names to
    arrays (numpy when read, numpy or tensors when written). ``progress`` says epoch, step, best
    epoch and scores; ``training`` is the state from which training goes on, None in best.pt.
    ``deviations`` maps moments (see ``grucli.insight.normalisation``) to what a layer normalisation
    divides each matrix's products by, by address; older files lack it.
    """

    recipe: Mapping[str, Any]
    time: str
    columns: list[str]
    frequency: Mapping[str, Any]
    scaler: Mapping[str, Any]
    season_steps: int | None
    naive_mae: list[float]
    data: Mapping[str, Any]
    weights: Mapping[str, Any]
    progress: Mapping[str, Any]
    versions: Mapping[str, str]
    training: Mapping[str, Any] | None = None
    deviations: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


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
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise CheckpointError(
            f"{path}: not a grucli checkpoint; expected a file that `grucli train` wrote, "
            "such as runs/NAME/best.pt (`grucli inspect-weights` also reads other files)"
        )
    if body.get("format_version") != FORMAT_VERSION:
        raise CheckpointError(
            f"{path}: checkpoint format {body.get('format_version')!r}; this grucli reads format "
            f"{FORMAT_VERSION}; use the grucli that wrote it ({body.get('versions')})"
        )
    names = {entry.name for entry in fields(Checkpoint)}
    found = set(body) - {"format", "format_version"} | {"deviations"}
    if found != names:
        raise CheckpointError(
            f"{path}: missing entries: {_listed(names - found)}; unexpected entries: "
            f"{_listed(found - names)}; the file was changed after grucli wrote it"
        )
    _check_weights(path, body["weights"])
    return Checkpoint(**{name: body[name] for name in names & body.keys()})


def recipe_of(checkpoint: Checkpoint, path: str | Path) -> Recipe:
    """The recipe in a checkpoint. Raises CheckpointError where this grucli cannot read it."""
    try:
        return recipe_from_mapping(checkpoint.recipe, source=f"{path}: recipe")
    except RecipeError as error:
        raise CheckpointError(*error.problems) from error


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
