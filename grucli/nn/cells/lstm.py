"""Long short-term memory: its equations, and the module.

lstm, none: torch's LSTM; the forget gate f keeps the old cell state c.
    i = s(xW_i + b_xi + hU_i + b_hi)
    f = s(xW_f + b_xf + hU_f + b_hf)
    g = tanh(xW_g + b_xg + hU_g + b_hg)
    o = s(xW_o + b_xo + hU_o + b_ho)
    c' = f * c + i * g
    h' = o * tanh(c')
    Source: Hochreiter & Schmidhuber 1997; Gers et al. 2000 (forget gate); torch.nn.LSTM.

lstm, split and ba2016: both projections normalised apart over all gates, and c where it shows.
    X = LN(xW) * g_x + b_x
    Q = LN(hU) * g_h + b_h
    i = s(X_i + Q_i)
    f = s(X_f + Q_f)
    g = tanh(X_g + Q_g)
    o = s(X_o + Q_o)
    c' = f * c + i * g
    h' = o * tanh(LN(c') * g_c + b_c)
    For: a cell state that is carried on as it is, so that f alone says what is kept of it.
    Source: Ba, Kiros & Hinton 2016, arXiv 1607.06450, supplement (LSTM); LayerNormLSTM of Haste.

lstm, split_state: as split, and the cell state is carried on as its normalisation leaves it.
    X = LN(xW) * g_x + b_x
    Q = LN(hU) * g_h + b_h
    i = s(X_i + Q_i)
    f = s(X_f + Q_f)
    g = tanh(X_g + Q_g)
    o = s(X_o + Q_o)
    c' = LN(f * c + i * g) * g_c + b_c
    h' = o * tanh(c')
    For: weights of such cells elsewhere; c is drawn to one size at every step.
    Source: LayerNormLSTMCell of torch's benchmarks/fastrnns and, with eps 1e-3, of tfa.rnn.

Suffixes: T time, B batch, C inputs, H hidden, G all gates side by side (gates * H).
"""

from grucli import cells
from grucli.nn.norms import normalise
from grucli.nn.rules import CellRule, Equations, LayerWeights, StepValues
from grucli.nn.stack import Recurrent
from grucli.tensors import Tensor, torch


def step(
    rule: CellRule, weights: LayerWeights, x_BG: Tensor, q_BG: Tensor, state: tuple[Tensor, ...]
) -> StepValues:
    """One step, with the gates it goes through."""
    a_BG = x_BG + q_BG
    a_i, a_f, a_g, a_o = a_BG.chunk(4, dim=-1)
    i_BH, f_BH, o_BH = torch.sigmoid(a_i), torch.sigmoid(a_f), torch.sigmoid(a_o)
    g_BH = torch.tanh(a_g)
    gates = (i_BH, f_BH, g_BH, o_BH)
    c_BH = f_BH * state[1] + i_BH * g_BH
    if not rule.norm.state:
        return StepValues((o_BH * torch.tanh(c_BH), c_BH), gates, (a_BG,))
    shown_BH = normalise(rule, c_BH, weights.gain_state, weights.bias_state)
    after = (o_BH * torch.tanh(shown_BH), shown_BH if rule.norm.carries else c_BH)
    return StepValues(after, gates, (a_BG,), inner=c_BH, shown=shown_BH)


class LSTM(Recurrent):
    """Long short-term memory, state (h, c): a drop-in for torch.nn.LSTM that adds ``layer_norm``.

    layer_norm: none, split, ba2016 or split_state. With none a state_dict of torch.nn.LSTM loads
    unchanged.
    """

    equations = Equations(cells.LSTM, step, fused="lstm")
