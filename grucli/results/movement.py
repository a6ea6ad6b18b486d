"""How far weights are from where training began."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from grucli.results.matrices import MatrixResult


@dataclass(frozen=True)
class MatrixMovement(MatrixResult):
    """One matrix beside its initialisation.

    ``cosine_distance_from_initialisation`` is 1 - cos of the angle between both, taken as vectors:
    None where a matrix is so large that the run kept no picture of its start, and the record none
    of this step.
    ``settled_epoch`` is the epoch of the first record from which on at least 90 % of that distance
    was reached, None where that is the last record up to these weights.
    """

    frobenius_norm_at_initialisation: float
    spectral_norm_at_initialisation: float | None
    cosine_distance_from_initialisation: float | None
    settled_epoch: int | None


@dataclass(frozen=True)
class Movement:
    """What the record of a run says of the way to the weights after ``step``.

    ``steps`` and ``epochs`` are how far training went; ``time_constants_at_initialisation`` maps
    the address of the biases of a gate that keeps the state, such as 0.update.bias, to the median
    of the time constants that they set before training, in steps.
    """

    step: int
    epoch: int
    steps: int
    epochs: int
    matrices: tuple[MatrixMovement, ...]
    time_constants_at_initialisation: Mapping[str, float] = field(default_factory=dict)
