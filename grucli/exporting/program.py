"""A forecast from raw rows to the table's units, as one module of tensors.

Suffixes: B series, T context steps, K horizon steps, C columns, F future columns, Q levels.
"""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from grucli.columns import Columns
from grucli.data import AnyScaler, Scaler
from grucli.nn import Forecaster
from grucli.nn.heads import Distribution, Quantiles

USUAL_LEVELS = (0.1, 0.5, 0.9)
"""Quantiles that are given of a distribution, which has all."""


class Program(nn.Module):
    """Scaler, window normalisation, network, decoder and the way back, in one graph.

    It takes ``values`` [B, T, C] as the table has them, where ``columns`` say (a category is its
    class, of what is flagged 1 says measured), the ``future`` [B, K, F] of the columns known in
    advance for a model that reads some, and the number of each ``series`` [B] where each was scaled
    by itself. All that is float64; the network computes in float32.
    """

    center: Tensor
    spread: Tensor

    def __init__(
        self, model: Forecaster, scaler: AnyScaler, columns: Columns, *, numbers: str = "real"
    ) -> None:
        """``numbers`` is what the target can be (task.numbers)."""
        super().__init__()
        self.model, self.columns = model, columns
        self.peers = nn.ModuleList(getattr(model, "peers", ()))  # their weights belong to it
        self.is_by_series = not isinstance(scaler, Scaler)
        whole = scaler if isinstance(scaler, Scaler) else scaler.whole
        self.scaler = replace(whole, numbers=numbers)
        self.register_buffer("center", torch.as_tensor(scaler.center))
        self.register_buffer("spread", torch.as_tensor(scaler.spread))

    @property
    def levels(self) -> tuple[float, ...]:
        """The levels of the quantiles that come out beside the forecast; none of a point."""
        parameters = self.model.head.parameters
        return getattr(self.model.head, "levels", USUAL_LEVELS if parameters > 1 else ())

    @property
    def is_free(self) -> bool:
        """Whether contexts may have any length."""
        return self.model.skip is None and self.model.rows_per_step == 1

    def forward(
        self, values: Tensor, future: Tensor | None = None, series: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """The forecast [B, K, targets] in the table's units; of one that says more than a number
        also ``levels`` of its quantiles, [B, K, Q, targets].
        """
        own, count = self._scaler_of(series), len(self.columns.values)
        scaled = own.scale(values[..., :count])
        rows_BTC = torch.cat([scaled, values[..., count:]], dim=-1).float()
        known_BKF = None if future is None else own.only(self.columns.ahead).scale(future).float()
        made = self.model.distribution(rows_BTC, known_BKF)
        targets = own.only(self.columns.targets)
        forecast = targets.unscale(made.point.double())
        if not self.levels:
            return (forecast,)
        return forecast, self._quantiles(made, targets)

    def _quantiles(self, made: Distribution, targets: Scaler) -> Tensor:
        levels = made.levels if isinstance(made, Quantiles) else self.levels
        parts = [targets.unscale(made.quantile(level).double()) for level in levels]
        return torch.stack(parts, dim=2)

    def _scaler_of(self, series: Tensor | None) -> Scaler:
        """That of each series [B, 1, C], or the one for all [C]."""
        center: Any = self.center
        spread: Any = self.spread
        if series is not None:
            center, spread = center[series].unsqueeze(1), spread[series].unsqueeze(1)
        return replace(self.scaler, center=center, spread=spread)
