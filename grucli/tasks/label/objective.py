"""What a model of labels learns to make smaller."""

from functools import partial

import torch

from grucli.tasks.label.data import LabelData
from grucli.tasks.losses import masked_mean_loss
from grucli.tasks.sequences.class_losses import class_weights, cross_entropy_of_known
from grucli.tasks.sequences.objective import Loss


def loss_of(data: LabelData) -> Loss:
    """The mean over rows whose label is known."""
    recipe, facts = data.recipe, data.learned.facts
    if not data.is_class:
        return partial(_of_known_numbers, recipe.train.loss)
    counts = torch.tensor(facts["counts"], dtype=torch.float32).to(data.device)
    weights = class_weights(recipe.label.class_weights, counts)
    return partial(
        cross_entropy_of_known, weights_K=weights, smoothing=recipe.label.label_smoothing
    )


def _of_known_numbers(
    kind: str, said_BT1: torch.Tensor, truth_BT1: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor | float]:
    """A loss of the steps whose number is known."""
    is_known = ~truth_BT1.isnan()
    return masked_mean_loss(kind, said_BT1, truth_BT1.nan_to_num(), weight=is_known)
