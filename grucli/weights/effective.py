"""What layer normalised weights do, now that the norm of their matrices does nothing.

LN(U h) is the same for U and 3 U, and for U with any vector added to all its rows: only the
centred direction and the gain act. For states and inputs with independent entries of unit variance
the normalisation divides by sigma = |U_c|_F / sqrt(rows of the group), which leaves the effective
matrix diag(g) U_c / sigma. With data the true sigma takes its place; without, this is the scale
at which matrices of different runs can be compared.
"""

from collections.abc import Iterator

import numpy as np

from grucli.gates import GATES, MatrixName
from grucli.weights.spectrum import Matrix, Vector
from grucli.weights.stacks import RecurrentModule


def effective_matrices(module: RecurrentModule) -> Iterator[tuple[MatrixName, Matrix]]:
    """Acting norm and radius: those of what a matrix below a layer normalisation really does.

    Formula: s_1 and max |lambda| of diag(g) W_c / sigma, sigma = |W_c|_F / sqrt(rows); W_c is the
    matrix less the mean of its rows, both taken over all gates that share one mean and variance
    (of sum and sum_joint, sigma from both sides together)

    Tells: what norm and radius tell of a plain cell, once the size that the normalisation undoes
    is taken out and the gain put in.

    Misleads: sigma is that of inputs and states with independent entries of unit variance. Real
    states are smaller and correlated, so that the normalisation divides by something else; with a
    single input column it divides by that input's own size, and W_x acts by its sign alone.

    At the start: of a hidden-to-hidden matrix a radius of about 1 and a norm of about 2 for split
    and ba2016 with gains of 1; for sum and sum_joint less, by the input's share of sigma.

    Source: ours, from equations 3 and 4 of Ba et al. 2016.

    Yields the matrix itself for every weight matrix of such a module, nothing for others.
    split and ba2016 normalise W x and U h apart, sum and sum_joint their sum (the reset gate
    inside it taken as open); one mean and one variance stand for all gates (split, sum_joint),
    for reset and update together (ba2016), or for each gate (sum, and the candidate of ba2016).
    Where the variant is not known, of two candidates the first is taken.
    """
    variant = module.layer_norm.split(" or ")[0]
    if variant == "none":
        return
    groups = _groups(module.cell, variant)
    together = variant.startswith("sum")
    matrices = {(n.layer, n.reverse, n.kind, n.gate): (n, v) for n, v in module.matrices()}
    places = dict.fromkeys((layer, reverse) for layer, reverse, _, _ in matrices)
    for layer, reverse in places:
        for gates in groups:
            centred: dict[str, Matrix] = {}
            for kind in ("weight_ih", "weight_hh"):
                parts = [matrices[layer, reverse, kind, gate][1] for gate in gates]
                stacked = np.concatenate(parts).astype(np.float64)
                centred[kind] = stacked - stacked.mean(axis=0)
            sums = {kind: float(np.sum(block**2)) for kind, block in centred.items()}
            for kind, block in centred.items():
                square = sum(sums.values()) if together else sums[kind]
                sigma = np.sqrt(square / len(block))
                blocks = np.split(block, len(gates))
                for gate, part in zip(gates, blocks, strict=True):
                    gain_kind = "gain_sum" if together else kind.replace("weight", "gain")
                    gain: Vector = matrices[layer, reverse, gain_kind, gate][1].astype(np.float64)
                    name = matrices[layer, reverse, kind, gate][0]
                    yield name, gain[:, None] * part / (sigma if sigma > 0 else 1.0)


def _groups(cell: str, variant: str) -> list[tuple[str, ...]]:
    """Gates that share a mean and a variance."""
    gates = GATES[cell]
    if variant == "sum":
        return [(gate,) for gate in gates]
    if variant == "ba2016" and len(gates) == 3:
        return [gates[:2], gates[2:]]
    return [gates]
