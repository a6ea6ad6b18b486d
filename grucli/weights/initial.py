"""What a matrix looked like before training, as far as the recipe says how it was drawn."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from grucli.cells.address import MatrixAddress
from grucli.weights.stacks import RecurrentModule
from grucli.weights.statistics.random_matrix import expected_orthogonal, expected_spectrum


def expected_at_start(
    name: MatrixAddress, shape: tuple[int, ...], *, module: RecurrentModule, init: Mapping[str, Any]
) -> dict[str, float]:
    """Statistic -> value expected at initialisation; empty where ``init`` does not tell.

    ``init`` is ``model.init`` of the recipe. Uniform weights have standard deviation 1 / sqrt(3
    H), Glorot ones sqrt(2 / (rows + columns)); biases are uniform too, zero beside a layer
    normalisation.
    """
    if not init or init.get("checkpoint") is not None:
        return {}
    if len(shape) == 2:
        return _of_draw(name.kind, shape, module.hidden, init)
    if name.kind.startswith("gain"):
        rms = float(init.get("gain", 1.0))
    elif init.get("chrono_steps") is not None:
        return {}
    elif module.norm is not None and module.norm.groups:
        rms = module.norm.first_bias(name.kind, name.gate)
    else:
        rms = 1 / math.sqrt(3 * module.hidden)
    return {"rms": rms, "frobenius_norm": rms * math.sqrt(shape[0])}


def expected_effective(
    name: MatrixAddress,
    *,
    module: RecurrentModule,
    init: Mapping[str, Any],
    deviations: Mapping[str, float],
) -> dict[str, float]:
    """The same for a matrix below a layer normalisation; empty where ``init`` does not tell.

    ``deviations`` are those of the untrained model by address; without them inputs and states
    count as independent ones of unit variance.
    """
    if not init or init.get("checkpoint") is not None:
        return {}
    drawn = {}
    for side in module.spec.weights:
        beside = replace(name, kind=side)
        shape = next(v.shape for n, v in module.matrices() if n == beside)
        drawn[side] = _of_draw(side, shape, module.hidden, init)
    own = drawn[name.kind]
    together = module.norm is not None and module.norm.of_sum
    sides = drawn.values() if together else [own]
    of_unit_variance = math.hypot(*(side.get("row_norms", math.nan) for side in sides))
    deviation = deviations.get(name.long, of_unit_variance)
    if not deviation > 0:
        return {}
    scale = float(init.get("gain", 1.0)) / deviation
    effective = {
        "effective_spectral_norm": own.get("spectral_norm"),
        "effective_spectral_radius": own.get("spectral_radius"),
    }
    return {
        key: scale * value for key, value in effective.items() if value and math.isfinite(scale)
    }


def _of_draw(
    kind: str, shape: tuple[int, ...], hidden: int, init: Mapping[str, Any]
) -> dict[str, float]:
    """Norm and spectrum of a weight matrix as the recipe draws it."""
    is_input = kind == "weight_ih"
    scheme = init.get("input_hidden" if is_input else "hidden_hidden")
    deviations = {"uniform": 1 / math.sqrt(3 * hidden), "xavier": math.sqrt(2 / sum(shape))}
    rows, columns = shape
    if scheme == "orthogonal":
        drawn = expected_orthogonal(rows, columns)
    elif scheme in deviations:
        drawn = expected_spectrum(rows, columns, deviations[scheme])
    else:
        return {}
    of_loops = ("spectral_radius", "departure_from_normality") if is_input else ()
    return {name: value for name, value in drawn.items() if name not in of_loops}
