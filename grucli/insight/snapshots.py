"""Pictures of the recurrent matrices, small enough to keep two dozen of them for a film."""

import base64
from collections.abc import Mapping

from torch import Tensor
from torch.nn import functional

from grucli.cells.address import matrices_of
from grucli.results import MatrixSnapshot, Snapshot

WHOLE = 64
SKETCH = 32
LARGEST = 65504.0


def take_snapshot(
    weights: Mapping[str, Tensor], *, cell: str, step: int, epoch: int, is_best: bool = False
) -> Snapshot:
    """Every matrix of the recurrent layers among ``weights`` (names may have a prefix).

    Matrices with more than 64 rows or columns are sketched by the means of 32 blocks on each side,
    so that a matrix takes at most 11 kB.
    """
    matrices = []
    for parameter, stacked in weights.items():
        if stacked.dim() == 2:
            for matrix in matrices_of(cell, parameter):
                values = matrix.of(stacked.detach())
                rows, columns = values.shape
                kept = _sketch(values)
                matrices.append(
                    MatrixSnapshot(
                        symbol=matrix.symbol,
                        name=matrix.long,
                        shape=(rows, columns),
                        grid=(kept.shape[0], kept.shape[1]),
                        values=_encode(kept),
                    )
                )
    return Snapshot(step=step, epoch=epoch, is_best=is_best, matrices=tuple(matrices))


def _sketch(values: Tensor) -> Tensor:
    if max(values.shape) <= WHOLE:
        return values
    rows, columns = values.shape
    grid = (min(rows, SKETCH), min(columns, SKETCH))
    return functional.adaptive_avg_pool2d(values.unsqueeze(0), grid).squeeze(0)


def _encode(values: Tensor) -> str:
    """Values beyond what float16 holds, as training that diverges has them, are set to its ends."""
    array = values.clamp(-LARGEST, LARGEST).cpu().numpy().astype("<f2")
    return base64.b64encode(array.tobytes()).decode("ascii")
