"""Two files beside each other: what moved, and what else differs."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.gates import WORDS, MatrixName
from grucli.reports import MatrixChange, WeightComparison
from grucli.weights import elements, spectrum
from grucli.weights.foreign import WeightFile

Address = tuple[str, str]


def compare_weights(before: WeightFile, after: WeightFile) -> WeightComparison:
    """How every matrix changed from one file to the other, and how the files' facts differ.

    Matrices are matched by stack, layer, direction, gate and part; where each file has one stack
    its prefix does not matter.
    """
    old, new = _matrices(before), _matrices(after)
    shared = [key for key in old if key in new and old[key][1].shape == new[key][1].shape]
    facts_before = dict(_flat({"recipe": before.recipe} | dict(before.facts)))
    facts_after = dict(_flat({"recipe": after.recipe} | dict(after.facts)))
    addresses = sorted(facts_before.keys() | facts_after.keys())
    pairs = {key: (facts_before.get(key, "-"), facts_after.get(key, "-")) for key in addresses}
    return WeightComparison(
        path_before=before.path,
        path_after=after.path,
        changes=tuple(_change(key[0], old[key][0], old[key][1], new[key][1]) for key in shared),
        only_before=tuple("".join(key) for key in old if key not in shared),
        only_after=tuple("".join(key) for key in new if key not in shared),
        differences={key: pair for key, pair in pairs.items() if pair[0] != pair[1]},
    )


def _matrices(file: WeightFile) -> dict[Address, tuple[MatrixName, NDArray[Any]]]:
    single = len(file.modules) == 1
    return {
        ("" if single else module.prefix, name.long): (name, values)
        for module in file.modules
        for name, values in module.matrices()
    }


def _change(
    prefix: str, name: MatrixName, before: NDArray[Any], after: NDArray[Any]
) -> MatrixChange:
    """Norms, angle and rank of the step from one matrix to the other."""
    a, b = before.astype(np.float64), after.astype(np.float64)
    norm_a, norm_b = elements.norm(a.ravel()), elements.norm(b.ravel())
    step = b - a
    length = elements.norm(step.ravel())
    product = norm_a * norm_b
    moved = step.ndim == 2 and length > 0 and bool(np.isfinite(step).all())
    return MatrixChange(
        symbol=name.symbol,
        name=name.long,
        layer=name.layer,
        direction=name.direction,
        gate=name.gate,
        part=WORDS[name.kind],
        shape=tuple(a.shape),
        norm_before=norm_a,
        norm_after=norm_b,
        relative_change=length / norm_a if norm_a > 0 else (0.0 if length == 0 else float("inf")),
        cosine=float(np.sum(a * b)) / product if product > 0 else float("nan"),
        change_rank=spectrum.effective_rank(spectrum.singular_values(step)) if moved else None,
        module=prefix,
    )


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
