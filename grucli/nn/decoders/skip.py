"""A linear map from context to horizon beside the network.

Suffixes: B batch, T context steps, K horizon steps, C targets.
"""

from grucli.tensors import Tensor, nn, torch


class Skip(nn.Module):
    """y_k = sum_t W_kt x_t + b_k of every target's own context, added to what the network says.

    The map begins at zero, so that the first forecasts are the network's. With ``maps`` 1 all
    targets share one map, else each has its own.
    """

    def __init__(self, context: int, horizon: int, maps: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(maps, horizon, context))
        self.bias = nn.Parameter(torch.empty(maps, horizon))
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Put the map at zero."""
        self.weight.zero_()
        self.bias.zero_()

    @property
    def context(self) -> int:
        """Steps of the contexts that the map was made for."""
        return self.weight.shape[-1]

    def forward(self, targets_BTC: Tensor) -> Tensor:
        """The linear forecast [B, K, C] of contexts [B, T, C].

        Raises ValueError for contexts of another length than it was made for.
        """
        if targets_BTC.shape[1] != self.context:
            raise ValueError(
                f"context: {targets_BTC.shape[1]} steps; expected {self.context}, which the skip "
                "was made for"
            )
        weight_CKT = self.weight.expand(targets_BTC.shape[-1], -1, -1)
        forecast_CBK = targets_BTC.permute(2, 0, 1) @ weight_CKT.mT
        return forecast_CBK.permute(1, 2, 0) + self.bias.mT

    def upon(self, raw_BKN: Tensor, targets_BTC: Tensor) -> Tensor:
        """What a decoder gives, [B, K, numbers], with the linear forecast added to the first of
        every target's.
        """
        linear_BKC, count = self(targets_BTC), targets_BTC.shape[-1]
        if raw_BKN.shape[-1] == count:
            return raw_BKN + linear_BKC  # type: ignore[no-any-return]
        return torch.cat([raw_BKN[..., :count] + linear_BKC, raw_BKN[..., count:]], dim=-1)
