"""How far weights are from where training began."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from grucli.results.matrices import MatrixResult


@dataclass(frozen=True)
class MatrixMovement(MatrixResult):
    """One matrix beside its initialisation.

    ``norm_at_start`` is its Frobenius norm then, ``spectral_norm_at_start`` its largest singular
    value. ``cosine_distance`` is 1 - cos of the angle between both, taken as vectors: None where a
    matrix is so large that the run kept no picture of its start, and the record none of this step.
    ``settled_epoch`` is the epoch of the first record from which on at least 90 % of that distance
    was reached, None where that is the last record up to these weights.
    """

    norm_at_start: float
    spectral_norm_at_start: float | None
    cosine_distance: float | None
    settled_epoch: int | None


@dataclass(frozen=True)
class Movement:
    """What the record of a run says of the way to the weights after ``step``.

    ``steps`` and ``epochs`` are how far training went; ``memories_at_start`` maps the address of
    the biases of a gate that keeps the state, such as 0.update.bias, to the median of the memory
    that they set before training, in steps.
    """

    step: int
    epoch: int
    steps: int
    epochs: int
    matrices: tuple[MatrixMovement, ...]
    memories_at_start: Mapping[str, float] = field(default_factory=dict)
