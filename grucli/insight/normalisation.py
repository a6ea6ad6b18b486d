"""What layer normalisations divide by while a model reads the windows it is trained on."""

import torch
from torch import Tensor

from grucli.data import Windows
from grucli.nn import Forecaster, mean_deviations

ROWS, FEW_ROWS = 1 << 14, 1 << 10
"""Steps of all windows together that are read for a figure to keep, and as training goes on."""


@torch.inference_mode()
def window_deviations(model: Forecaster, windows: Windows, *, rows: int) -> dict[str, float]:
    """Mean deviation of what each matrix's layer normalisation divides by, by address.

    Over windows drawn at random, always the same ones, with ``rows`` steps together, of a longer
    context the last ones; {} without layer normalisation. See ``grucli.nn.mean_deviations``.
    """
    if not model.recurrent.rule.norm.groups:
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


class DeviationProbe:
    """Measures at the start and the end of training, and a little on the way.

    ``found`` maps ``start`` and ``now`` to what ``window_deviations`` gives, and ``start_of_few``
    to the start on those few windows that are read on the way: from how far these have moved, the
    rest is judged. {} without layer normalisation.
    """

    def __init__(self, model: Forecaster, windows: Windows) -> None:
        self.model, self.windows = model, windows
        self.found: dict[str, dict[str, float]] = {}
        start = window_deviations(model, windows, rows=ROWS)
        if start:
            few = window_deviations(model, windows, rows=FEW_ROWS)
            self.found = {"start": start, "start_of_few": few, "now": start}

    def estimate(self) -> None:
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
