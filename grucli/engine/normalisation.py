"""What layer normalisations divide by while a model reads the windows it is trained on."""

import torch
from torch import Tensor

from grucli.data import Windows
from grucli.nn import Forecaster, mean_deviations

ROWS = 1024
"""Steps of all windows together that are read: enough for a mean, a small part of an epoch."""

MOST_WINDOWS = 16


@torch.inference_mode()
def window_deviations(model: Forecaster, windows: Windows) -> dict[str, float]:
    """Mean deviation of what each matrix's layer normalisation divides by, by address.

    Over a few windows, evenly spread and always the same ones, of whose contexts the last 1024
    steps are read at most; {} without layer normalisation. See ``grucli.nn.mean_deviations``.
    """
    if model.recurrent.layer_norm == "none":
        return {}
    count = min(max(ROWS // windows.context_steps, 1), MOST_WINDOWS, len(windows))
    index = torch.linspace(0, len(windows) - 1, count).round().long()
    return mean_deviations(model.recurrent, _read(model, windows.gather(index).context[:, -ROWS:]))


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
    """Measures at the start of training and again as it goes on, little by little.

    ``found`` maps ``start`` and ``now`` to what ``window_deviations`` gives; {} without layer
    normalisation.
    """

    def __init__(self, model: Forecaster, windows: Windows) -> None:
        self.model, self.windows = model, windows
        start = window_deviations(model, windows)
        self.found: dict[str, dict[str, float]] = {"start": start, "now": start} if start else {}

    def measure(self) -> None:
        """Take the model's weights as they are for ``now``."""
        if self.found:
            self.found = self.found | {"now": window_deviations(self.model, self.windows)}
