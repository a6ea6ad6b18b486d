"""What layer normalisations divide by while a model reads the windows it is trained on."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from grucli.insight.record import ends_record
from grucli.nn import Forecaster, mean_deviations
from grucli.results import Epoch
from grucli.tasks.forecast.samples import Windows
from grucli.training.observers import Observer
from grucli.training.progress import Training

ROWS, FEW_ROWS = 1 << 14, 1 << 10
"""Steps of all windows together that are read for a figure to keep, and as training goes on."""


@torch.inference_mode()
def window_deviations(model: Forecaster, windows: Windows, *, rows: int) -> dict[str, float]:
    """Mean deviation of what each matrix's layer normalisation divides by, by address.

    Over windows drawn at random, always the same ones, with ``rows`` steps together, of a longer
    context the last ones; {} without layer normalisation. See ``grucli.nn.mean_deviations``.
    """
    if model.recurrent.layer_norm == "none":
        return {}
    count = max(rows // windows.context_steps, 1)
    generator = torch.Generator().manual_seed(0)
    chosen = torch.randperm(len(windows), generator=generator)[:count]
    return mean_deviations(model.recurrent, _read(model, windows.gather(chosen).context[:, -rows:]))


def _read(model: Forecaster, context_BTC: Tensor) -> Tensor:
    """What the stack of a model reads of contexts [B, T, C]: [T, samples, inputs]."""
    seen: list[Tensor] = []
    hook = model.recurrent.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    model.eval()
    try:
        model(context_BTC)
    finally:
        hook.remove()
    return seen[0].transpose(0, 1)


class DeviationProbe(Observer):
    """Measures at the start and the end of training, and a little on the way.

    ``found`` maps ``start`` and ``now`` to what ``window_deviations`` gives, and ``start_of_few``
    to the start on those few windows that are read on the way: from how far these have moved, the
    rest is judged. {} without layer normalisation.
    """

    name = "deviations"

    def __init__(self, model: Forecaster, windows: Windows) -> None:
        self.model, self.windows = model, windows
        self.found: dict[str, dict[str, float]] = {}
        start = window_deviations(model, windows, rows=ROWS)
        if start:
            few = window_deviations(model, windows, rows=FEW_ROWS)
            self.found = {"start": start, "start_of_few": few, "now": start}

    def epoch(self, training: Training, epoch: Epoch) -> Epoch:
        """Estimate at the ends of those epochs that the weights are recorded at."""
        if ends_record(epoch.epoch, training.steps_per_epoch):
            self._estimate()
        return epoch

    def _estimate(self) -> None:
        """Judge ``now`` from a few windows, for the weights as they are."""
        if self.found:
            few = window_deviations(self.model, self.windows, rows=FEW_ROWS)
            start, before = self.found["start"], self.found["start_of_few"]
            now = {name: start[name] * value / before[name] for name, value in few.items()}
            self.found = self.found | {"now": now}

    def measure(self) -> None:
        """Take ``now`` of the weights as they are."""
        if self.found:
            now = window_deviations(self.model, self.windows, rows=ROWS)
            self.found = self.found | {"now": now}

    def state_dict(self) -> dict[str, Any]:
        """All that was found: the start cannot be measured again."""
        return {"found": self.found}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state of ``state_dict``."""
        self.found = {moment: dict(kept) for moment, kept in state["found"].items()}
