"""What layer normalised weights do, now that the norm of their matrices does nothing.

LN(U h) is the same for U and 3 U, and for U with any vector added to all its rows: only the
centred direction and the gain act, over the standard deviation sigma of what is normalised. How
large that is depends on the inputs and states; a checkpoint of grucli has it as its own data gave
it.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from grucli.cells.address import MatrixAddress
from grucli.weights.stacks import RecurrentModule
from grucli.weights.statistics.arrays import Matrix


@dataclass(frozen=True)
class EffectiveMatrix:
    """``values`` [H, C]: diag(g) W_c / sigma, ``name`` that of the matrix it was made from.

    ``is_measured`` where sigma is that of data, not of states of unit variance.
    """

    name: MatrixAddress
    values: Matrix
    standard_deviation: float
    is_measured: bool


def effective_matrices(
    module: RecurrentModule, deviations: Mapping[str, float]
) -> Iterator[EffectiveMatrix]:
    """Effective norm and radius: those of what a matrix below a layer normalisation really does.

    Formula: s_1 and max |lambda| of diag(g) W_c / sigma; W_c is the matrix less the mean of its
    rows over all gates that share one mean and variance, sigma the mean over steps and windows of
    sqrt(var a + eps), a what is normalised: W x or U h, of sum and sum_joint both together

    Tells: what norm and radius tell of a plain cell, once the size that the normalisation undoes
    is taken out and the gain put in: how far the sums of a gate move with the state.

    Misleads: sigma is another at every step, large states are divided by more; and a change of the
    state along itself is taken out as a whole. Of files that do not hold sigma it is that of inputs
    and states with independent entries of unit variance, sigma^2 = |W_c|_F^2 / rows, and eps more
    where a layout names it, which is off by the size of real states: compare such figures among
    themselves. With a single input column W_x acts by its sign alone.

    At the start: those of the draw times gain / sigma, with the sigma that the untrained model had
    on the same windows. Small states make them large: they are divided by little.

    Source: ours, from equations 3 and 4 of Ba et al. 2016.

    ``deviations`` maps addresses such as 0.update.hh to sigma. Yields one for every weight matrix
    of such a module, nothing for others, nor where it is not known what is normalised together.
    The reset gate of sum is taken as open.
    """
    norm = module.norm
    if norm is None:
        return
    matrices = {(n.place, n.kind, n.gate): (n, v) for n, v in module.matrices()}
    for place in dict.fromkeys(place for place, _, _ in matrices):
        here = {key[1:]: pair for key, pair in matrices.items() if key[0] == place}
        for gates in norm.groups:
            yield from _effective(
                here, gates, deviations, together=norm.of_sum, eps=module.eps or 0.0
            )


def _effective(
    matrices: Mapping[tuple[str, str], tuple[MatrixAddress, np.ndarray]],
    gates: tuple[str, ...],
    deviations: Mapping[str, float],
    *,
    together: bool,
    eps: float,
) -> Iterator[EffectiveMatrix]:
    """Those of one layer and direction whose gates share one variance."""
    centred: dict[str, Matrix] = {}
    for kind in dict.fromkeys(kind for kind, _ in matrices if kind.startswith("weight")):
        stacked = np.concatenate([matrices[kind, gate][1] for gate in gates]).astype(np.float64)
        centred[kind] = stacked - stacked.mean(axis=0)
    squares = {kind: float(np.sum(block**2)) for kind, block in centred.items()}
    for kind, block in centred.items():
        variance = (sum(squares.values()) if together else squares[kind]) / len(block)
        of_unit_variance = math.sqrt(variance + eps)
        for gate, part in zip(gates, np.split(block, len(gates)), strict=True):
            name = matrices[kind, gate][0]
            gain_kind = "gain_sum" if together else kind.replace("weight", "gain")
            gain = matrices[gain_kind, gate][1].astype(np.float64)
            standard_deviation = deviations.get(name.long, of_unit_variance)
            values = gain[:, None] * part / (standard_deviation if standard_deviation > 0 else 1.0)
            yield EffectiveMatrix(name, values, standard_deviation, name.long in deviations)
