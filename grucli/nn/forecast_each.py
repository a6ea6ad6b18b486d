"""Forecasts from every row of a run of rows, with the state carried on.

Suffixes: B series, T rows, K horizon steps, C columns, H hidden.
"""

from grucli.nn.forecaster import Forecaster
from grucli.nn.states import State
from grucli.nn.window_scale import WindowScale
from grucli.tensors import Tensor, nn, torch

_CELLS = 1 << 20
"""Numbers that are held of a product at once."""


def forecast_each(
    model: Forecaster, rows_BTC: Tensor, state: State | None = None
) -> tuple[Tensor, State]:
    """Read T rows more of every series: the forecast from each of them, [B, T, K, targets].

    Equal to ``Forecaster.step`` row by row, to rounding; how many rows are read together changes no
    byte. Raises ValueError where ``step`` does.
    """
    model.check_steps()
    if model.decoder.goes_on or model.row.future:
        forecasts = []
        for row_BC in rows_BTC.unbind(1):
            forecast_BKC, state = model.step(row_BC, state)
            forecasts.append(forecast_BKC)
        assert state is not None
        return torch.stack(forecasts, dim=1), state
    series, steps, targets = len(rows_BTC), rows_BTC.shape[1], model.row.targets
    read_BTC = model.categories.read(rows_BTC)
    samples_BTC = model.row.separate(read_BTC) if model.is_independent else read_BTC
    if steps == 1:
        hidden_BH, state = model.recurrent.step(samples_BTC[:, 0], state)
        hidden_BTH = hidden_BH.unsqueeze(1)
    else:
        hidden_BTH, state = model.recurrent(samples_BTC, state)
    values_BTV = _read_of(model.decoder, hidden_BTH)
    if model.is_independent:
        values_BTV = values_BTV.view(series, targets, steps, -1).transpose(1, 2).flatten(0, 2)
    raw = values_BTV.reshape(-1, model.horizon, values_BTV.shape[-1] // model.horizon)
    whole = model.row.together if model.is_independent else model.row.by_parameter
    point = model.head.of(whole(raw), WindowScale(None, None)).point
    return point.reshape(series, steps, model.horizon, targets), state


def _read_of(linear: nn.Linear, hidden_BTH: Tensor) -> Tensor:
    """What a linear layer says of hidden states [B, T, values], each computed by itself.

    A product of matrices would round otherwise with every number of rows.
    """
    weight_VH = linear.weight
    steps = max(1, _CELLS // (weight_VH.numel() * len(hidden_BTH)))
    parts = [
        (part_BTH.unsqueeze(2) * weight_VH).sum(dim=-1) + linear.bias
        for part_BTH in torch.split(hidden_BTH, steps, dim=1)
    ]
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)
