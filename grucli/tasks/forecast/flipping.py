"""Windows turned over in training, so that rises and falls are learned alike.

Suffixes: B windows, T context, K horizon, C columns.
"""

from dataclasses import replace

from grucli.nn.decoders import Seasonality
from grucli.tasks.forecast.samples import Batch
from grucli.tensors import torch


def flipped(batch: Batch, season: Seasonality, chance: float) -> Batch:
    """A batch of which each window is turned over with a ``chance``.

    Around the newest value of its context every target and past column is its mirror image, of
    targets what the seasonal profile leaves: y'_t = y_T + (s_t - s_T) - (y_t - y_T - (s_t - s_T)).
    With normalised windows that is a change of sign. What is known in advance stays as it is.
    Source: "flipping" in Wen et al. 2021, arXiv 2002.12478.
    """
    over_B11 = torch.rand(len(batch.context), 1, 1, device=batch.context.device) < chance
    row = season.row
    rest_BTC = season.taken_off(batch.context)[..., : row.measured]
    newest_B1C = rest_BTC[:, -1:]
    context_BTC = batch.context + torch.cat(
        [
            2 * over_B11 * (newest_B1C - rest_BTC),
            torch.zeros_like(batch.context[..., row.measured :]),
        ],
        dim=-1,
    )
    profile_BKC = None if batch.future is None else season.of(batch.future)
    rest_BKC = batch.target if profile_BKC is None else batch.target - profile_BKC
    target_BKC = batch.target + 2 * over_B11 * (newest_B1C[..., : row.targets] - rest_BKC)
    return replace(batch, context=context_BTC, target=target_BKC)
