"""Weights that a file holds as what they are made of: pruned, or under weight or spectral norm.

torch.nn.utils names the parts ``weight_hh_l0_orig`` and ``_mask``, ``_g`` and ``_v``; torch's
parametrisations name them ``parametrizations.weight_hh_l0.original0`` and so on. What they make is
known exactly.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.errors import CheckpointError
from grucli.text import printable, some
from grucli.weights.foreign.states import Tensors

Array = NDArray[Any]

_FOLDER = "parametrizations."
_SHOWN = 4


def _masked(original: Array, mask: Array) -> Array:
    product: Array = original * mask
    return product


def _scaled(length: Array, direction: Array) -> Array:
    """G v / |v|, with one length for each index along the axes that g has an extent on."""
    axes = tuple(axis for axis, size in enumerate(length.shape) if size == 1)
    weight: Array = length * direction / np.sqrt(np.sum(direction**2, axis=axes, keepdims=True))
    return weight


def _of_unit_norm(original: Array, left: Array, right: Array) -> Array:
    """W / (u W v) with the singular vectors of the last step of training."""
    weight: Array = original / (left @ original @ right)
    return weight


@dataclass(frozen=True)
class _Kind:
    """The names of the parts of a weight, what they make, and that in words."""

    parts: tuple[str, ...]
    make: Callable[..., Array]
    words: str


_WEIGHT_NORM = "under weight norm, shown as g v / |v|"
_SPECTRAL_NORM = "under spectral norm, shown as W / sigma"
_KINDS = (
    _Kind(("{}_orig", "{}_mask"), _masked, "pruned, shown as the original times its mask"),
    _Kind(("{}_g", "{}_v"), _scaled, _WEIGHT_NORM),
    _Kind(("{}_orig", "{}_u", "{}_v"), _of_unit_norm, _SPECTRAL_NORM),
    _Kind((_FOLDER + "{}.original0", _FOLDER + "{}.original1"), _scaled, _WEIGHT_NORM),
    _Kind(
        (_FOLDER + "{}.original", _FOLDER + "{}.0._u", _FOLDER + "{}.0._v"),
        _of_unit_norm,
        _SPECTRAL_NORM,
    ),
)


def resolve(path: str, tensors: Tensors, wanted: Callable[[str], Any]) -> tuple[Tensors, list[str]]:
    """Weights in the place of their parts, and sentences that say so.

    ``wanted`` knows the names of weights. Raises CheckpointError where parts do not belong
    together, or where it is not known what they make.
    """
    found, made = dict(tensors), dict[str, list[str]]()
    for name in dict.fromkeys(map(weight_of, tensors)):
        if name is None or name in tensors or not wanted(name):
            continue
        kind = next((kind for kind in _KINDS if all(p in found for p in _parts(kind, name))), None)
        if kind is None:
            raise CheckpointError(
                f"{path}: {printable(name)}: parametrised in a way that is not known; expected the "
                "weight itself; save it after torch.nn.utils.parametrize.remove_parametrizations"
            )
        found[name] = _made(path, name, kind, [found.pop(part) for part in _parts(kind, name)])
        made.setdefault(kind.words, []).append(name)
    return found, list(_notes(made))


def weight_of(name: str) -> str | None:
    """The weight that a tensor is a part of; None for one that is none."""
    before, folder, rest = name.rpartition(_FOLDER)
    if folder:
        return before + rest.partition(".")[0]
    stem, _, part = name.rpartition("_")
    return stem if part in ("orig", "g") else None


def _parts(kind: _Kind, name: str) -> list[str]:
    """The names of a weight's parts: a folder stands before the last word of its name."""
    before, dot, last = name.rpartition(".")
    return [before + dot + pattern.format(last) for pattern in kind.parts]


def _made(path: str, name: str, kind: _Kind, parts: Sequence[Array]) -> Array:
    try:
        with np.errstate(all="ignore"):
            values = kind.make(*(part.astype(np.float64) for part in parts))
    except ValueError:
        values = np.empty(0)
    if values.shape != max(parts, key=np.size).shape:
        raise CheckpointError(
            f"{path}: {printable(name)}: parts of shapes "
            f"{', '.join(str(part.shape) for part in parts)}; expected those of one weight; save "
            "the model again"
        )
    return values.astype(parts[0].dtype)


def _notes(made: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for words, names in made.items():
        yield f"{some([printable(name) for name in names], _SHOWN)}: {words}."
