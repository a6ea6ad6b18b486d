"""Leading singular values and eigenvalues of slowly changing matrices, by subspace iteration.

A basis is kept from one call to the next, so that a few multiplications are enough once training
has begun. Values are estimates: the leading ones of a random matrix lie so close together that the
basis separates them slowly, but then they hardly differ. Exact for up to ``WIDTH`` columns.
Source: Saad 2011, Numerical Methods for Large Eigenvalue Problems, algorithm 5.3.
Suffixes: G gates, R rows, C columns, H hidden, K width of the basis.
"""

import torch
from torch import Tensor

WIDTH = 8
COLD_ROUNDS = 40
WARM_ROUNDS = 2


def cold_basis(w_GRC: Tensor) -> Tensor:
    """An orthonormal basis [G, C, K] to begin with, always the same for the same shape."""
    gates, _, columns = w_GRC.shape
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(gates, columns, min(WIDTH, columns), generator=generator)
    return _orthonormal(start.to(w_GRC))


def spectral_norms(w_GRC: Tensor, v_GCK: Tensor, *, rounds: int) -> tuple[Tensor, Tensor]:
    """The largest singular value [G] of each matrix, and the basis for the next call."""
    image_GRK = w_GRC @ v_GCK
    for _ in range(rounds):
        v_GCK = _orthonormal(w_GRC.mT @ image_GRK)
        image_GRK = w_GRC @ v_GCK
    return torch.linalg.svdvals(image_GRK).amax(dim=1), v_GCK


def spectral_radii(w_GHH: Tensor, q_GHK: Tensor, *, rounds: int) -> tuple[Tensor, Tensor]:
    """The largest magnitude [G] of an eigenvalue, and the basis for the next call.

    The eigenvalues are those of Q^T W Q, so that complex pairs are found as well.
    """
    image_GHK = w_GHH @ q_GHK
    for _ in range(2 * rounds):
        q_GHK = _orthonormal(image_GHK)
        image_GHK = w_GHH @ q_GHK
    small_GKK = (q_GHK.mT @ image_GHK).cpu()
    return torch.linalg.eigvals(small_GKK).abs().amax(dim=1).to(w_GHH.device), q_GHK


def _orthonormal(block: Tensor) -> Tensor:
    """An orthonormal basis in a memory layout that saving and loading keeps, for equal bits."""
    basis: Tensor = torch.linalg.qr(block)[0]
    return basis.contiguous()
