"""What a matrix looked like before training, as far as the recipe says how it was drawn."""

import math
from collections.abc import Mapping
from typing import Any

from grucli.gates import MatrixName
from grucli.weights.random_matrix import expected_orthogonal, expected_spectrum
from grucli.weights.stacks import RecurrentModule


def expected_at_start(
    name: MatrixName, shape: tuple[int, ...], *, module: RecurrentModule, init: Mapping[str, Any]
) -> dict[str, float]:
    """Statistic -> value expected at initialisation; empty where ``init`` does not tell.

    ``init`` is ``model.init`` of the recipe. Uniform weights have deviation 1 / sqrt(3 H), Glorot
    ones sqrt(2 / (rows + columns)); biases are uniform too, zero beside a layer normalisation.
    """
    if not init or init.get("checkpoint") is not None:
        return {}
    if len(shape) == 2:
        key = "input_hidden" if name.kind == "weight_ih" else "hidden_hidden"
        scheme = init.get(key)
        if scheme == "orthogonal":
            return expected_orthogonal(*shape)
        deviations = {
            "uniform": 1 / math.sqrt(3 * module.hidden),
            "xavier": math.sqrt(2 / sum(shape)),
        }
        return expected_spectrum(*shape, deviations[scheme]) if scheme in deviations else {}
    if name.kind.startswith("gain"):
        rms = float(init.get("gain", 1.0))
    elif init.get("chrono_steps") is not None:
        return {}
    elif module.layer_norm != "none":
        rms = 1.0 if module.layer_norm == "sum_joint" and name.gate == "update" else 0.0
    else:
        rms = 1 / math.sqrt(3 * module.hidden)
    return {"rms": rms, "norm": rms * math.sqrt(shape[0])}
