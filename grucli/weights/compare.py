"""Two files beside each other: what moved, and what else differs."""

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.cells.address import MatrixAddress
from grucli.results import MatrixChange, WeightComparison
from grucli.weights.stacks import WeightFile
from grucli.weights.statistics import elements, singular
from grucli.weights.statistics.arrays import Matrix
from grucli.weights.statistics.estimates import fast_singular_values
from grucli.weights.statistics.measures import Measure

Address = tuple[str, str]

FEWEST_ENTRIES, ACROSS, APART = 64, 0.2, 0.8
"""From so many entries on the cosine of two draws is near 0 (its standard deviation is 1 /
sqrt(N)): below the one, at a relative change above the other, no matrix came from its namesake."""


def compare_weights(before: WeightFile, after: WeightFile) -> WeightComparison:
    """How every matrix changed from one file to the other, and how the files' facts differ.

    Matrices are matched by stack, layer, direction, gate and part; where each file has one stack
    its prefix does not matter.
    """
    old, new = _matrices(before), _matrices(after)
    shared = [key for key in old if key in new and old[key][1].shape == new[key][1].shape]
    facts_before, facts_after = dict(_facts(before)), dict(_facts(after))
    addresses = sorted(facts_before.keys() | facts_after.keys(), key=_cause_first)
    pairs = {key: (facts_before.get(key, "-"), facts_after.get(key, "-")) for key in addresses}
    changes = tuple(_change(key[0], old[key][0], old[key][1], new[key][1]) for key in shared)
    return WeightComparison(
        **before.labels("before"),
        **after.labels("after"),
        changes=changes,
        is_of_two_draws=are_of_two_draws(changes),
        only_before=tuple("".join(key) for key in old if key not in shared),
        only_after=tuple("".join(key) for key in new if key not in shared),
        differences={key: pair for key, pair in pairs.items() if pair[0] != pair[1]},
        cells=tuple(dict.fromkeys(m.cell for file in (before, after) for m in file.modules)),
    )


def _cause_first(address: str) -> tuple[int, str]:
    """Order of differences: recipe, data and scaler, then the rest, and last what came of them."""
    first, last = ("recipe", "data", "scaler"), ("progress", "deviations")
    section = address.split(".", maxsplit=1)[0]
    order = [*first, "", *last]
    return order.index(section if section in order else ""), address


def _matrices(file: WeightFile) -> dict[Address, tuple[MatrixAddress, NDArray[Any]]]:
    single = len(file.modules) == 1
    return {
        ("" if single else module.prefix, name.long): (name, values)
        for module in file.modules
        for name, values in module.matrices()
    }


def relative_change(length: float, before: float) -> float:
    """Length of the step from one file to the other beside the norm it began from.

    Formula: |B - A|_F / |A|_F

    Tells: how much of a matrix is new; from 1 on the step is longer than what was there before.

    Misleads: below a layer normalisation, where a matrix may grow without acting otherwise: look at
    the cosine. Beside small biases, which a short step changes many times over.

    At the start: 0 between two files of one draw; sqrt(2) between two draws.

    Source: the usual definition.

    NaN where an entry of A is not finite, or one of B is NaN.
    """
    if before == 0:
        return 0.0 if length == 0 else float("inf")
    return length / before


def cosine_similarity(product: float, norms: float) -> float:
    """Cosine of the angle between the two matrices taken as vectors.

    Formula: sum a b / (|A|_F |B|_F)

    Tells: whether the direction changed: 1 is the same, 0 a right angle, -1 the opposite.

    Misleads: of two runs with different seeds it is near 0 however alike they act, for units may
    stand in another order.

    At the start: 1 between two files of one draw; about 1 / sqrt(N) in size between two.

    Source: the usual definition.

    ``product`` is sum a b, ``norms`` the product of the two norms.
    """
    return product / norms if norms > 0 else float("nan")


def are_of_two_draws(changes: Sequence[MatrixChange]) -> bool:
    """Whether matrices stand at right angles to their namesakes at a like size, as draws do."""
    maps = [c for c in changes if len(c.shape) == 2 and math.prod(c.shape) >= FEWEST_ENTRIES]
    if not maps:
        return False
    angle = statistics.median(abs(change.cosine_similarity) for change in maps)
    return angle < ACROSS and statistics.median(c.relative_change for c in maps) > APART


def spectrum_distance(before: Matrix, after: Matrix) -> float | None:
    """How far two spectra are apart, whatever the order of the units.

    Formula: |s_B - s_A| / |s_A|, s the singular values, largest first

    Tells: whether two networks that began from different draws came to stretch states alike.

    Misleads: like spectra may act on other directions: what two networks do is compared on data
    (eval of both).

    At the start: near 0 between two draws of one kind.

    Source: ours; by Mirsky 1960 it is at most the relative change.

    None for vectors and entries that are not finite.
    """
    if before.ndim != 2 or not (np.isfinite(before).all() and np.isfinite(after).all()):
        return None
    then, now = (fast_singular_values(matrix) for matrix in (before, after))
    return relative_change(float(np.linalg.norm(now - then)), float(np.linalg.norm(then)))


def change_effective_rank(step: NDArray[np.float64]) -> float | None:
    """In how many directions a matrix changed: the effective rank of the step.

    Formula: exp(-sum p ln p) with p = s / sum s, s the singular values of B - A

    Tells: near 1, the change is one pattern, added with many strengths; near that of a random
    matrix, the change looks like noise.

    Misleads: Adam's first steps change every entry by the same amount, which makes small gradients
    as loud as large ones and the rank higher than that of the gradients.

    At the start: about 0.80 k between two draws.

    Source: Roy & Vetterli 2007, of a difference.

    None for vectors and a step that is not finite.
    """
    if step.ndim != 2 or not np.isfinite(step).all():
        return None
    return singular.effective_rank(singular.singular_values(step))


@dataclass(frozen=True)
class _Pair:
    """A matrix before and after in float64, their norms, the step between and its length."""

    before: Matrix
    after: Matrix

    @cached_property
    def norms(self) -> tuple[float, float]:
        return elements.norm(self.before.ravel()), elements.norm(self.after.ravel())

    @cached_property
    def step(self) -> Matrix:
        with np.errstate(invalid="ignore"):  # infinities in both
            return self.after - self.before

    @cached_property
    def length(self) -> float:
        return elements.norm(self.step.ravel())

    @property
    def product(self) -> float:
        with np.errstate(invalid="ignore"):
            return float(np.sum(self.before * self.after))


def _one(name: str, function: Callable[..., Any], read: Callable[[_Pair], Any]) -> Measure[_Pair]:
    return Measure((name,), function, lambda pair: (read(pair),))


CHANGES: tuple[Measure[_Pair], ...] = (
    Measure(
        ("frobenius_norm_before", "frobenius_norm_after"), elements.norm, lambda pair: pair.norms
    ),
    _one("relative_change", relative_change, lambda p: relative_change(p.length, p.norms[0])),
    _one(
        "cosine_similarity",
        cosine_similarity,
        lambda pair: cosine_similarity(pair.product, math.prod(pair.norms)),
    ),
    _one(
        "change_effective_rank",
        change_effective_rank,
        lambda pair: change_effective_rank(pair.step) if pair.length > 0 else None,
    ),
    _one("spectrum_distance", spectrum_distance, lambda p: spectrum_distance(p.before, p.after)),
)
"""What is computed of a matrix in two files; the docstrings are the page, as of ``MEASURES``."""


def _change(
    prefix: str, name: MatrixAddress, before: NDArray[Any], after: NDArray[Any]
) -> MatrixChange:
    """Norms, angle and rank of the step from one matrix to the other."""
    pair = _Pair(before.astype(np.float64), after.astype(np.float64))
    numbers = {key: value for m in CHANGES for key, value in m.numbers(pair).items()}
    return MatrixChange(**name.labels, shape=tuple(before.shape), module=prefix, **numbers)


def _facts(file: WeightFile) -> Iterator[tuple[str, str]]:
    """What a file says of itself, by address; what its scaler learned, for each column apart.

    The errors that intervals are made of are left out: hundreds of numbers for each step.
    """
    facts = {"recipe": file.recipe} | dict(file.facts)
    facts.pop("calibration", None)
    scaler = facts.get("scaler")
    columns = scaler.get("columns") if isinstance(scaler, Mapping) else None
    if isinstance(scaler, Mapping) and isinstance(columns, list):

        def by_column(key: str, value: Any) -> Any:
            fits = key != "columns" and isinstance(value, list) and len(value) == len(columns)
            return dict(zip(columns, value, strict=True)) if fits else value

        facts["scaler"] = {key: by_column(key, value) for key, value in scaler.items()}
    return _flat(facts)


def _flat(value: Any, address: str = "") -> Iterator[tuple[str, str]]:
    """Every plain value of a nested mapping with its dotted address, as text."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(item, f"{address}.{key}" if address else str(key))
    elif isinstance(value, (list, tuple)) and any(isinstance(v, (Mapping, list)) for v in value):
        for index, item in enumerate(value):
            yield from _flat(item, f"{address}[{index}]")
    elif value is not None:
        yield address, str(value.tolist() if isinstance(value, np.ndarray) else value)
