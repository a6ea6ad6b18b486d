"""Forecasts from every row of a run of rows, with the state carried on.

Suffixes: B series, T rows, K horizon steps, C columns, H hidden.
"""

from grucli.nn.decoders import Ahead
from grucli.nn.decoders.recursive import Recursive
from grucli.nn.forecaster import Forecaster
from grucli.nn.states import State, joined, taken_apart
from grucli.nn.window_scale import WindowScale
from grucli.tensors import Tensor, nn, torch

_CELLS = 1 << 20
"""Numbers that are held of a product at once."""


def forecast_each(
    model: Forecaster, rows_BTC: Tensor, state: State | None = None
) -> tuple[Tensor, State]:
    """Read T rows more of every series: the forecast from each of them, [B, T, K, targets].

    Equal to ``Forecaster.step`` row by row, to rounding; in the compiled kernel no byte depends on
    how many rows are read together. Raises ValueError where ``step`` does.
    """
    model.check_steps()
    series, steps, targets = len(rows_BTC), rows_BTC.shape[1], model.row.targets
    read_BTC = model.categories.read(rows_BTC)
    samples_BTC = model.row.separate(read_BTC) if model.is_independent else read_BTC
    if isinstance(model.decoder, Recursive) and model.horizon > 1:
        values_BTV, state = _fed_on_from_each(model, model.decoder, samples_BTC, state)
    else:
        hidden_BTH, state = _read_each(model, samples_BTC, state)
        values_BTV = _read_of(model.decoder, hidden_BTH)
    if model.is_independent:
        values_BTV = values_BTV.view(series, targets, steps, -1).transpose(1, 2).flatten(0, 2)
    raw = values_BTV.reshape(-1, model.horizon, values_BTV.shape[-1] // model.horizon)
    whole = model.row.together if model.is_independent else model.row.by_parameter
    point = model.head.of(whole(raw), WindowScale(None, None)).point
    return point.reshape(series, steps, model.horizon, targets), state


def _read_each(model: Forecaster, samples_BTC: Tensor, state: State | None) -> tuple[Tensor, State]:
    """The hidden state after each row, [B, T, H], and the stack's state after the last."""
    if samples_BTC.shape[1] == 1:
        hidden_BH, state = model.recurrent.step(samples_BTC[:, 0], state)
        return hidden_BH.unsqueeze(1), state
    hidden_BTH, state = model.recurrent(samples_BTC, state)
    return hidden_BTH, state


def _fed_on_from_each(
    model: Forecaster, decoder: Recursive, samples_BTC: Tensor, state: State | None
) -> tuple[Tensor, State]:
    """All values of the forecasts from each row, [B, T, values], which go on side by side.

    Beside them the stack's state after the last row.
    """
    every, state = _states_after_each(model, samples_BTC, state)
    rows_NC = samples_BTC.flatten(0, 1)
    known_NKF = rows_NC.new_empty(len(rows_NC), model.horizon, 0)
    ahead = Ahead(known_NKF, rows_NC[:, decoder.row.static_places])
    last_NH = taken_apart(every)[0][-1]

    def read(hidden_NH: Tensor) -> Tensor:
        return _read_of(decoder, hidden_NH.unsqueeze(0)).squeeze(0)

    raw = decoder.fed_on(model.recurrent, last_NH, every, ahead, read)
    return raw.reshape(*samples_BTC.shape[:2], -1), state


def _states_after_each(
    model: Forecaster, samples_BTC: Tensor, state: State | None
) -> tuple[State, State]:
    """The stack's state after each row, its parts [L, B * T, H], and that after the last."""
    stack = model.recurrent
    if stack.num_layers == len(stack.rule.spec.state) == 1:  # then the outputs are all there is
        hidden_BTH, state = _read_each(model, samples_BTC, state)
        return hidden_BTH.flatten(0, 1).unsqueeze(0), state
    states = []
    for row_BC in samples_BTC.unbind(1):
        _, state = stack.step(row_BC, state)
        states.append(taken_apart(state))
    assert state is not None
    sides = zip(*states, strict=True)
    return joined([torch.stack(side, dim=2).flatten(1, 2) for side in sides]), state


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
