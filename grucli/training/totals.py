"""What the steps of one epoch add up to."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class EpochTotals:
    """Sums over the steps of one epoch."""

    loss: float = 0.0
    values: float = 0.0
    norm: float = 0.0
    clipped: int = 0
    steps: int = 0

    def add(self, loss: float, count: float, norm: float, limit: float) -> None:
        """Add one step: its mean loss, number of values and gradient norm before clipping."""
        self.loss += loss * count
        self.values += count
        self.norm += norm
        self.clipped += norm > limit
        self.steps += 1

    @property
    def mean_loss(self) -> float:
        """Mean loss over the values seen."""
        return self.loss / max(self.values, 1.0)

    @property
    def mean_gradient_norm(self) -> float:
        """Mean global gradient norm over the steps."""
        return self.norm / max(self.steps, 1)

    @property
    def clipped_share(self) -> float:
        """Share of the steps of an epoch whose gradient was shortened.

        Formula: share of steps with |dL/d all weights| > train.clip

        Tells: how often the size of a step was set by train.clip and not by the gradient.

        Misleads: with Adam, which divides by the size of past gradients, clipping every step by
        much the same factor changes little.

        At the start: not measured at step 0.

        Source: Pascanu, Mikolov & Bengio 2013, arXiv 1211.5063.
        """
        return self.clipped / max(self.steps, 1)

    def state_dict(self) -> dict[str, Any]:
        """The sums as plain numbers."""
        return asdict(self)
