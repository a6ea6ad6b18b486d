"""What layer normalisations divide by while a model reads the samples it is trained on."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from grucli.forms import Form, form_of
from grucli.insight.record import ends_record
from grucli.nn import RecurrentModel, mean_deviations
from grucli.results import Epoch
from grucli.tasks.task import Samples
from grucli.training.observers import Observer
from grucli.training.progress import Training

ROWS, FEW_ROWS = 1 << 14, 1 << 10
"""Steps of all samples together that are read for a figure to keep, and as training goes on."""


@torch.inference_mode()
def sample_deviations(model: RecurrentModel, samples: Samples, *, rows: int) -> dict[str, float]:
    """Mean standard deviation of what each matrix's layer normalisation divides by, by address.

    Over samples drawn at random, always the same ones, with ``rows`` steps together, of a longer
    one the last ones; {} without layer normalisation. See ``grucli.nn.mean_deviations``.
    """
    if not model.recurrent.rule.norm.groups:
        return {}
    count = max(rows // samples.steps, 1)
    generator = torch.Generator().manual_seed(0)
    chosen = torch.randperm(len(samples), generator=generator)[:count]
    first, *rest = samples.inputs(chosen)
    inputs = [first, *rest] if rest else [first[:, -rows:]]
    return mean_deviations(model.recurrent, _read(model, *inputs))


def _read(model: RecurrentModel, *inputs: Tensor) -> Tensor:
    """What the stack of a model reads of its inputs: [T, samples, columns].

    Of samples of unequal length the steps that all of them have.
    """
    seen: list[Tensor | PackedSequence] = []
    hook = model.recurrent.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    model.eval()
    try:
        model(*inputs)
    finally:
        hook.remove()
    if isinstance(seen[0], PackedSequence):
        padded_TBC, lengths_B = pad_packed_sequence(seen[0])
        return padded_TBC[: int(lengths_B.min())]
    return seen[0].transpose(0, 1)


class DeviationProbe(Observer):
    """Measures at the start and the end of training, and a little on the way.

    ``found`` maps ``start`` and ``now`` to what ``sample_deviations`` gives, and ``start_of_few``
    to the start on those few samples that are read on the way: from how far these have moved, the
    rest is judged. {} without layer normalisation.
    """

    name = "deviations"

    def __init__(self, model: RecurrentModel, samples: Samples) -> None:
        self.model, self.samples = model, samples
        self.found: dict[str, dict[str, float]] = {}
        start = sample_deviations(model, samples, rows=ROWS)
        if start:
            few = sample_deviations(model, samples, rows=FEW_ROWS)
            self.found = {"start": start, "start_of_few": few, "now": start}

    def epoch(self, training: Training, epoch: Epoch) -> Epoch:
        """Estimate at the ends of those epochs that the weights are recorded at."""
        if ends_record(epoch.epoch, training.steps_per_epoch):
            self._estimate()
        return epoch

    def _estimate(self) -> None:
        """Judge ``now`` from a few samples, for the weights as they are."""
        if self.found:
            few = sample_deviations(self.model, self.samples, rows=FEW_ROWS)
            start, before = self.found["start"], self.found["start_of_few"]
            now = {name: start[name] * value / before[name] for name, value in few.items()}
            self.found = self.found | {"now": now}

    def measure(self) -> None:
        """Take ``now`` of the weights as they are."""
        if self.found:
            now = sample_deviations(self.model, self.samples, rows=ROWS)
            self.found = self.found | {"now": now}

    def state_dict(self) -> dict[str, Any]:
        """All that was found: the start cannot be measured again."""
        return {"found": self.found}

    def state_form(self) -> Form:
        """For the same matrices at the same moments."""
        return form_of(self.state_dict())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state of ``state_dict``."""
        self.found = {moment: dict(kept) for moment, kept in state["found"].items()}
