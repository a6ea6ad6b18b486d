"""The equations of the recurrent cells, written here and nowhere else.

Row vectors: x @ W_xr.T is written xW_r and h @ W_hr.T is hU_r; xW and hU are all gates side by
side, xW_rz two of them. s is the logistic function and * the elementwise product. LN(a) is
(a - mean a) / sqrt(var a + eps), with one mean and one biased variance over everything inside the
brackets, at every time step and for every sample apart. g is a gain and b a bias; both follow the
normalisation, so that no bias is taken off again with the mean. h' is the next state.

gru, none: torch's GRU.
    r = s(xW_r + b_xr + hU_r + b_hr)
    z = s(xW_z + b_xz + hU_z + b_hz)
    n = tanh(xW_n + b_xn + r * (hU_n + b_hn))
    h' = z * h + (1 - z) * n
    Reset gate: on the state's share of the candidate, after the product and its bias.
    For: loading and comparing with torch, cuDNN and Keras (reset_after=True).
    Source: Cho et al. 2014, arXiv 1406.1078 v1; torch.nn.GRU.

gru, split: both projections normalised apart, each over all three gates.
    X = LN(xW) * g_x + b_x
    Q = LN(hU) * g_h + b_h
    r = s(X_r + Q_r)
    z = s(X_z + Q_z)
    n = tanh(X_n + r * Q_n)
    h' = z * h + (1 - z) * n
    Reset gate: on the state's share of the candidate, after normalisation, gain and bias.
    For: speed: the input's half does not wait for the state and is done for all steps at once.
    Source: LayerNormGRU of the library Haste (github.com/lmnt-com/haste).

gru, ba2016: as split, reset and update gate together and the candidate on its own.
    X_rz = LN(xW_rz) * g_xrz + b_xrz
    X_n = LN(xW_n) * g_xn + b_xn
    Q_rz = LN(hU_rz) * g_hrz + b_hrz
    Q_n = LN(hU_n) * g_hn + b_hn
    r = s(X_r + Q_r)
    z = s(X_z + Q_z)
    n = tanh(X_n + r * Q_n)
    h' = z * h + (1 - z) * n
    Reset gate: on the state's share of the candidate, after normalisation, gain and bias.
    For: the form of the paper; a candidate's size is not set by the gates beside it.
    Source: Ba, Kiros & Hinton 2016, arXiv 1607.06450, supplement (GRU), where z is 1 - z.

gru, sum: the sum of both projections, each gate on its own.
    r = s(LN(xW_r + hU_r) * g_r + b_r)
    z = s(LN(xW_z + hU_z) * g_z + b_z)
    n = tanh(LN(xW_n + r * hU_n) * g_n + b_n)
    h' = z * h + (1 - z) * n
    Reset gate: on the state's product, inside the sum that is normalised.
    For: input and state keep their sizes relative to each other; nothing can be done ahead.
    Source: equation 4 of Ba et al. 2016 (there for a plain network), taken for each gate.

gru, sum_joint: the sum, all three gates together.
    c = LN(xW + hU) * g + b
    r = s(c_r)
    z = s(c_z)
    n = tanh(r * c_n)
    h' = z * h + (1 - z) * n
    Reset gate: on the whole candidate, its input's share too.
    For: world models trained as in DreamerV2; eps is 1e-3 and b_z begins at 1.
    Source: DreamerV2, Hafner et al. 2021, arXiv 2010.02193 (its code), where z is 1 - z.

rnn, none: the plain network of Elman, with tanh.
    h' = tanh(xW_h + b_xh + hU_h + b_hh)
    Source: Elman 1990, Finding structure in time; torch.nn.RNN.

rnn, split and ba2016: both projections normalised apart (one gate: the two fall together).
    h' = tanh(LN(xW_h) * g_xh + b_xh + LN(hU_h) * g_hh + b_hh)
    Source: as for the gru.

rnn, sum and sum_joint: the sum normalised (their default eps differs: 1e-5 and 1e-3).
    h' = tanh(LN(xW_h + hU_h) * g_h + b_h)
    Source: Ba et al. 2016, equation 4.

lstm, none: torch's LSTM; the forget gate f keeps the old cell state c.
    i = s(xW_i + b_xi + hU_i + b_hi)
    f = s(xW_f + b_xf + hU_f + b_hf)
    g = tanh(xW_g + b_xg + hU_g + b_hg)
    o = s(xW_o + b_xo + hU_o + b_ho)
    c' = f * c + i * g
    h' = o * tanh(c')
    Source: Hochreiter & Schmidhuber 1997; Gers et al. 2000 (forget gate); torch.nn.LSTM.

Suffixes below: T time, B batch, C inputs, H hidden, G all gates side by side (gates * H).
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from grucli.nn.rules import CellRule, LayerWeights, norm_blocks


class StepValues(NamedTuple):
    """What one step computes on its way; each tuple, side by side, has the order of GATES.

    ``state`` is the next state: (h,), of an lstm (h, c), each [B, H]. ``gates`` are the
    activations [B, H] (the h of an rnn), ``arguments`` what these are taken of. Where a sum is
    normalised (sum, sum_joint), ``sums`` holds it before and ``normalised`` after.
    """

    state: tuple[Tensor, ...]
    gates: tuple[Tensor, ...]
    arguments: tuple[Tensor, ...]
    sums: tuple[Tensor, ...] = ()
    normalised: tuple[Tensor, ...] = ()


def project_input(rule: CellRule, weights: LayerWeights, x_TBC: Tensor) -> Tensor:
    """Everything of a layer that does not depend on its state, for all steps at once: [T, B, G]."""
    return _project(rule, x_TBC, weights.weight_ih, weights.bias_ih, weights.gain_ih)


def project_state(rule: CellRule, weights: LayerWeights, h_BH: Tensor) -> Tensor:
    """The state's share of the gates: [B, G]."""
    return _project(rule, h_BH, weights.weight_hh, weights.bias_hh, weights.gain_hh)


def step_values(
    rule: CellRule, weights: LayerWeights, x_BG: Tensor, state: tuple[Tensor, ...]
) -> StepValues:
    """One step of any cell, with what is computed on the way; ``state`` as in ``StepValues``."""
    q_BG = project_state(rule, weights, state[0])
    if rule.cell == "rnn":
        return _rnn_step(rule, weights, x_BG + q_BG)
    if rule.cell == "lstm":
        return _lstm_step(x_BG + q_BG, state[1])
    if rule.layer_norm == "sum":
        return _gru_step_of_sums(rule, weights, x_BG, q_BG, state[0])
    if rule.layer_norm == "sum_joint":
        s_BG = x_BG + q_BG
        c_BG = _normalise(rule, s_BG, weights.gain_sum, weights.bias_sum)
        a_r, a_z, c_n = c_BG.chunk(3, dim=-1)
        r_BH, z_BH = torch.sigmoid(a_r), torch.sigmoid(a_z)
        a_n = r_BH * c_n
        n_BH = torch.tanh(a_n)
        h_BH = torch.addcmul(n_BH, z_BH, state[0] - n_BH)
        return StepValues((h_BH,), (r_BH, z_BH, n_BH), (a_r, a_z, a_n), (s_BG,), (c_BG,))
    hidden = q_BG.shape[-1] // 3
    x_rz, x_n = torch.split(x_BG, [2 * hidden, hidden], dim=-1)
    q_rz, q_n = torch.split(q_BG, [2 * hidden, hidden], dim=-1)
    a_rz = x_rz + q_rz
    r_BH, z_BH = torch.sigmoid(a_rz).chunk(2, dim=-1)
    a_n = torch.addcmul(x_n, r_BH, q_n)
    n_BH = torch.tanh(a_n)
    h_BH = torch.addcmul(n_BH, z_BH, state[0] - n_BH)  # z * h + (1 - z) * n with one product
    return StepValues((h_BH,), (r_BH, z_BH, n_BH), (a_rz, a_n))


def _rnn_step(rule: CellRule, weights: LayerWeights, s_BH: Tensor) -> StepValues:
    """The plain cell, from the sum of both sides."""
    is_sum = rule.layer_norm.startswith("sum")
    a_BH = _normalise(rule, s_BH, weights.gain_sum, weights.bias_sum) if is_sum else s_BH
    h_BH = torch.tanh(a_BH)
    inside = ((s_BH,), (a_BH,)) if is_sum else ((), ())
    return StepValues((h_BH,), (h_BH,), (a_BH,), *inside)


def _lstm_step(a_BG: Tensor, c_BH: Tensor) -> StepValues:
    """The equations that torch.lstm runs fused, for those who want to see its gates."""
    a_i, a_f, a_g, a_o = a_BG.chunk(4, dim=-1)
    i_BH, f_BH, o_BH = torch.sigmoid(a_i), torch.sigmoid(a_f), torch.sigmoid(a_o)
    g_BH = torch.tanh(a_g)
    c_BH = f_BH * c_BH + i_BH * g_BH
    return StepValues((o_BH * torch.tanh(c_BH), c_BH), (i_BH, f_BH, g_BH, o_BH), (a_BG,))


def _gru_step_of_sums(
    rule: CellRule, weights: LayerWeights, x_BG: Tensor, q_BG: Tensor, h_BH: Tensor
) -> StepValues:
    """Variant sum: each gate's sum normalised on its own."""
    sizes = norm_blocks(rule, x_BG.shape[-1])
    g_r, g_z, g_n = _blocks(weights.gain_sum, sizes)
    b_r, b_z, b_n = _blocks(weights.bias_sum, sizes)
    x_r, x_z, x_n = x_BG.chunk(3, dim=-1)
    q_r, q_z, q_n = q_BG.chunk(3, dim=-1)
    s_r, s_z = x_r + q_r, x_z + q_z
    a_r, a_z = _normalise(rule, s_r, g_r, b_r), _normalise(rule, s_z, g_z, b_z)
    r_BH, z_BH = torch.sigmoid(a_r), torch.sigmoid(a_z)
    s_n = torch.addcmul(x_n, r_BH, q_n)
    a_n = _normalise(rule, s_n, g_n, b_n)
    n_BH = torch.tanh(a_n)
    h_BH = torch.addcmul(n_BH, z_BH, h_BH - n_BH)
    arguments = (a_r, a_z, a_n)
    return StepValues((h_BH,), (r_BH, z_BH, n_BH), arguments, (s_r, s_z, s_n), arguments)


def _project(
    rule: CellRule, x: Tensor, weight: Tensor, bias: Tensor | None, gain: Tensor | None
) -> Tensor:
    """One side's share of the gates: the product, and what the variant does to this side alone."""
    if gain is None:
        return functional.linear(x, weight, bias)
    a_G = functional.linear(x, weight)
    sizes = norm_blocks(rule, weight.shape[0])
    if len(sizes) == 1:
        return _normalise(rule, a_G, gain, bias)
    parts = zip(
        torch.split(a_G, sizes, dim=-1), torch.split(gain, sizes), _blocks(bias, sizes), strict=True
    )
    return torch.cat([_normalise(rule, *part) for part in parts], dim=-1)


def _normalise(rule: CellRule, a: Tensor, gain: Tensor | None, bias: Tensor | None) -> Tensor:
    """LN over the last axis, then gain, then bias (never the bias inside the statistics)."""
    return functional.layer_norm(a, a.shape[-1:], gain, bias, rule.eps)


def _blocks(vector: Tensor | None, sizes: list[int]) -> Sequence[Tensor | None]:
    """A stacked gain or bias cut by gate; absent ones stay absent."""
    return [None] * len(sizes) if vector is None else torch.split(vector, sizes)
