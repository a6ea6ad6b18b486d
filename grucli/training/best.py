"""The best weights so far, and how long training waits for better ones."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor


@dataclass
class Best:
    """Judged by the validation loss; ``patience`` epochs without a better one end training.

    ``weights`` are those of ``epoch``, the best, by parameter name; {} before the first epoch.
    ``patience`` None never ends it. With ``takes_last`` each epoch counts as better than those
    before it.
    """

    patience: int | None
    takes_last: bool = False
    epoch: int = 0
    valid_loss: float = math.inf
    epochs_since: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)

    def observe(self, valid_loss: float, *, epoch: int, weights: Mapping[str, Tensor]) -> bool:
        """Copy the weights of an epoch if they are the best so far, and say whether."""
        is_best = self.takes_last or valid_loss < self.valid_loss
        if is_best:
            self.valid_loss, self.epoch, self.epochs_since = valid_loss, epoch, 0
            self.weights = {name: value.detach().clone() for name, value in weights.items()}
        else:
            self.epochs_since += 1
        return is_best

    @property
    def is_final(self) -> bool:
        """True when the patience is used up."""
        return self.patience is not None and self.epochs_since >= self.patience

    @property
    def patience_left(self) -> int | None:
        """Epochs without improvement that are still allowed; None when stopping early is off."""
        return None if self.patience is None else max(0, self.patience - self.epochs_since)

    _SAVED = ("epoch", "valid_loss", "epochs_since", "weights")

    def state_dict(self) -> dict[str, Any]:
        """All but the patience, which may change when a run is resumed."""
        return {name: getattr(self, name) for name in self._SAVED}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state of ``state_dict``."""
        for name in self._SAVED:
            setattr(self, name, state[name])
