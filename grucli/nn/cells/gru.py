"""The gated recurrent unit: its equations, and the module.

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
    Source: Ba, Kiros & Hinton 2016, arXiv 1607.06450: their code; in their text z is 1 - z.

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

Suffixes: B batch, H hidden, G all gates side by side (gates * H).
"""

from grucli import cells
from grucli.nn.norms import blocks, normalise
from grucli.nn.rules import CellRule, Equations, LayerWeights, StepValues, norm_blocks
from grucli.nn.stack import Recurrent
from grucli.tensors import Tensor, torch


def step(
    rule: CellRule, weights: LayerWeights, x_BG: Tensor, q_BG: Tensor, state: tuple[Tensor, ...]
) -> StepValues:
    """One step, from both sides' shares of the gates."""
    if rule.norm.resets_sum:
        return _step_of_joint_sum(rule, weights, x_BG + q_BG, state[0])
    if rule.norm.of_sum:
        return _step_of_sums(rule, weights, x_BG, q_BG, state[0])
    hidden = q_BG.shape[-1] // 3
    x_rz, x_n = torch.split(x_BG, [2 * hidden, hidden], dim=-1)
    q_rz, q_n = torch.split(q_BG, [2 * hidden, hidden], dim=-1)
    a_rz = x_rz + q_rz
    r_BH, z_BH = torch.sigmoid(a_rz).chunk(2, dim=-1)
    a_n = torch.addcmul(x_n, r_BH, q_n)
    n_BH = torch.tanh(a_n)
    h_BH = torch.addcmul(n_BH, z_BH, state[0] - n_BH)  # z * h + (1 - z) * n with one product
    return StepValues((h_BH,), (r_BH, z_BH, n_BH), (a_rz, a_n))


def _step_of_joint_sum(
    rule: CellRule, weights: LayerWeights, s_BG: Tensor, h_BH: Tensor
) -> StepValues:
    """Variant sum_joint: one normalised sum of all gates."""
    c_BG = normalise(rule, s_BG, weights.gain_sum, weights.bias_sum)
    a_r, a_z, c_n = c_BG.chunk(3, dim=-1)
    r_BH, z_BH = torch.sigmoid(a_r), torch.sigmoid(a_z)
    a_n = r_BH * c_n
    n_BH = torch.tanh(a_n)
    h_BH = torch.addcmul(n_BH, z_BH, h_BH - n_BH)
    return StepValues((h_BH,), (r_BH, z_BH, n_BH), (a_r, a_z, a_n), (s_BG,), (c_BG,))


def _step_of_sums(
    rule: CellRule, weights: LayerWeights, x_BG: Tensor, q_BG: Tensor, h_BH: Tensor
) -> StepValues:
    """Variant sum: each gate's sum normalised on its own."""
    sizes = norm_blocks(rule, x_BG.shape[-1])
    g_r, g_z, g_n = blocks(weights.gain_sum, sizes)
    b_r, b_z, b_n = blocks(weights.bias_sum, sizes)
    x_r, x_z, x_n = x_BG.chunk(3, dim=-1)
    q_r, q_z, q_n = q_BG.chunk(3, dim=-1)
    s_r, s_z = x_r + q_r, x_z + q_z
    a_r, a_z = normalise(rule, s_r, g_r, b_r), normalise(rule, s_z, g_z, b_z)
    r_BH, z_BH = torch.sigmoid(a_r), torch.sigmoid(a_z)
    s_n = torch.addcmul(x_n, r_BH, q_n)
    a_n = normalise(rule, s_n, g_n, b_n)
    n_BH = torch.tanh(a_n)
    h_BH = torch.addcmul(n_BH, z_BH, h_BH - n_BH)
    arguments = (a_r, a_z, a_n)
    return StepValues((h_BH,), (r_BH, z_BH, n_BH), arguments, (s_r, s_z, s_n), arguments)


class GRU(Recurrent):
    """Gated recurrent unit: a drop-in for torch.nn.GRU that adds ``layer_norm``.

    layer_norm: none, split, ba2016, sum or sum_joint. With none a state_dict of torch.nn.GRU
    loads unchanged.
    """

    equations = Equations(cells.GRU, step, fused="gru")
