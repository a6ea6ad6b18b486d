"""Where a seasonal profile begins: as the training span has it.

Suffixes: B windows, K horizon, C targets, W waves, D waves and the drift.
"""

from grucli.nn.decoders import Seasonality
from grucli.tasks.forecast.samples import Windows
from grucli.tensors import torch

WINDOWS = 1 << 14
"""So many windows are looked at, evenly over the training span."""
_BATCH = 256
_PENALTY = 1e-6
"""Of the mean square of a wave: some are zero at every step, as a sine at its own Nyquist rate."""


@torch.no_grad()
def fit_profile(season: Seasonality, train: Windows) -> None:
    """Set the profile s with the least squared error of the forecasts y_t + s_t+k - s_t + d k.

    y_t is the newest value of a context and k the steps ahead: levels and a drift d are no part
    of a profile. Steps count where every target was measured.
    """
    columns, size = train.columns, season.weight.shape[0] + 1
    gram = torch.zeros(size, size, dtype=torch.float64, device=season.weight.device)
    cross = gram.new_zeros(size, season.weight.shape[1])
    steps_K1 = torch.arange(1, train.horizon_steps + 1, device=gram.device).unsqueeze(1)
    chosen = torch.arange(0, len(train), max(1, -(-len(train) // WINDOWS)))
    for index in torch.split(chosen, _BATCH):
        batch = train.gather(index)
        assert batch.future is not None  # a cycle stands there
        newest_B1C = batch.context[:, -1:]
        waves_BKW = season.waves(batch.future) - season.waves(newest_B1C[..., columns.ahead_places])
        drift_BK1 = (steps_K1 / train.horizon_steps).expand(len(index), -1, -1)
        x_BKD = torch.cat([waves_BKW, drift_BK1], dim=-1).double()
        y_BKC = (batch.target - newest_B1C[..., columns.target_places]).double()
        if batch.weight is not None:
            counts = batch.weight.all(dim=-1, keepdim=True)
            x_BKD, y_BKC = x_BKD * counts, y_BKC * counts
        x_ND = x_BKD.flatten(0, 1)
        gram += x_ND.mT @ x_ND
        cross += x_ND.mT @ y_BKC.flatten(0, 1)
    penalty = _PENALTY * gram.diagonal().mean()
    gram.diagonal().add_(penalty)
    season.weight.copy_(torch.linalg.solve(gram, cross)[:-1])
