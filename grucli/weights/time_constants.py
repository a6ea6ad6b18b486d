"""How long a unit remembers, as far as its biases decide."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from grucli.cells.address import Place
from grucli.results import TimeConstants
from grucli.weights.stacks import UNKNOWN, RecurrentModule


def time_constant_steps(bias: NDArray[np.floating]) -> NDArray[np.float64]:
    """Time constant that a unit's bias alone sets: steps after which 1/e of its state is left.

    Formula: tau = -1 / ln s(b), about 1/2 + e^b from b = 1 on; b is the sum of the biases of the
    gate that keeps the state (update, of an lstm forget)

    Tells: how long a unit would remember if nothing came in.

    Misleads: as soon as the gate's inputs do not average out: data opens and closes it around this
    value. The memory of a trace is measured on data.

    At the start: 1.44 steps for b = 0, near it for torch's draw; with model.init.chrono_steps T
    from 1.4 to T - 1/2.

    Source: Tallec & Ollivier 2018, arXiv 1804.11188.
    """
    with np.errstate(divide="ignore"):
        steps: NDArray[np.float64] = 1 / np.logaddexp(0.0, -np.asarray(bias, dtype=np.float64))
    return steps


def time_constants(module: RecurrentModule) -> Iterator[TimeConstants]:
    """One entry for each layer and direction that has a gate keeping its state, and biases.

    None where something unknown is normalised: nothing tells what the biases are added to.
    """
    if module.layer_norm == UNKNOWN:
        return
    gate = module.spec.keeps
    sums: dict[Place, NDArray[np.float64]] = {}
    for name, values in module.matrices():
        if name.gate == gate and name.kind.startswith("bias"):
            before = sums.get(name.place, np.zeros(len(values)))
            sums[name.place] = before + values.astype(np.float64)
    for place, bias in sums.items():
        steps = time_constant_steps(bias)
        yield TimeConstants(
            layer=place.layer,
            direction=place.direction,
            gate=gate,
            minimum=float(np.min(steps)),
            median=float(np.median(steps)),
            maximum=float(np.max(steps)),
            module=module.prefix,
            cell=module.cell,
        )
