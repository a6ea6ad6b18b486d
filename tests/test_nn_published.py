"""Layer normalised cells as others published them, each a loop written here from its source.

Weights are theirs, in their order and shape; ours get them as docs/equations.md says.
"""

from dataclasses import dataclass

import pytest
import torch
from torch import sigmoid, tanh

from grucli.nn import GRU, LSTM

T, B, C, H = 7, 3, 5, 6
CLOSE = {"rtol": 1e-11, "atol": 1e-12}


class Draws:
    """Draws parameters, and keeps them so that gradients can be asked for."""

    def __init__(self):
        self.made = []

    def __call__(self, *shape, mean=0.0):
        self.made.append((torch.randn(*shape, dtype=torch.float64) * 0.5 + mean).requires_grad_())
        return self.made[-1]

    def gains(self):
        """Of both products and of the cell state of an lstm."""
        return [self(size, mean=1.0) for size in (4 * H, 4 * H, H)]

    def biases(self):
        """The same."""
        return [self(size) for size in (4 * H, 4 * H, H)]


def normed(a, gain, bias, eps):
    """Their layer norm: biased variance, eps inside the root."""
    variance, mean = torch.var_mean(a, dim=-1, keepdim=True, correction=0)
    a = (a - mean) / torch.sqrt(variance + eps)
    return a * gain + bias


def reordered(stacked, theirs, ours):
    """Blocks of the last axis, called by the letters of ``theirs``, in the order of ``ours``."""
    blocks = dict(zip(theirs, stacked.chunk(len(theirs), dim=-1), strict=True))
    return torch.cat([blocks[letter] for letter in ours], dim=-1)


@dataclass
class Published:
    """One step of theirs, the module of ours, and what our parameters are of theirs."""

    step: object
    module: object
    ours: dict


def fastrnns_lstm(draw):
    """LayerNormLSTMCell of pytorch/benchmarks/fastrnns/custom_lstms.py: c is carried normalised."""
    w, u = draw(4 * H, C), draw(4 * H, H)
    gains, biases = draw.gains(), draw.biases()

    def step(x, state):
        h, c = state
        gates = normed(x @ w.t(), gains[0], biases[0], 1e-5) + normed(
            h @ u.t(), gains[1], biases[1], 1e-5
        )
        i, f, g, o = gates.chunk(4, 1)
        c = normed(sigmoid(f) * c + sigmoid(i) * tanh(g), gains[2], biases[2], 1e-5)
        return sigmoid(o) * tanh(c), c

    ours = {"weight_ih": w, "weight_hh": u, "gain_ih": gains[0], "gain_hh": gains[1]}
    ours |= {"bias_ih": biases[0], "bias_hh": biases[1]}
    ours |= {"gain_state": gains[2], "bias_state": biases[2]}
    return Published(step, LSTM(C, H, layer_norm="split_state", dtype=torch.float64), ours)


def tfa_lstm(draw):
    """tfa.rnn.LayerNormLSTMCell: c carried normalised, eps 1e-3, gates i f c o, one bias."""
    kernel, recurrent, bias = draw(C, 4 * H), draw(H, 4 * H), draw(4 * H)
    gains, betas = draw.gains(), draw.biases()

    def step(x, state):
        h, c = state
        z = normed(x @ kernel, gains[0], betas[0], 1e-3) + normed(
            h @ recurrent, gains[1], betas[1], 1e-3
        )
        i, f, new, o = (z + bias).chunk(4, 1)
        c = normed(sigmoid(f) * c + sigmoid(i) * tanh(new), gains[2], betas[2], 1e-3)
        return sigmoid(o) * tanh(c), c

    ours = {"weight_ih": kernel.t(), "weight_hh": recurrent.t()}
    ours |= {"gain_ih": gains[0], "gain_hh": gains[1], "gain_state": gains[2]}
    ours |= {"bias_ih": betas[0] + bias, "bias_hh": betas[1], "bias_state": betas[2]}
    module = LSTM(C, H, layer_norm="split_state", eps=1e-3, dtype=torch.float64)
    return Published(step, module, ours)


def ba_lstm(draw):
    """lnlstm_layer of the paper's own code: c carried as it is, gates i f o c, b inside and out."""
    w, u, b = draw(C, 4 * H), draw(H, 4 * H), draw(4 * H)
    s, shift = draw.gains(), draw.biases()

    def step(x, state):
        h, c = state
        preact = normed(x @ w + b, s[0], shift[0], 1e-5) + normed(h @ u, s[1], shift[1], 1e-5) + b
        i, f, o, new = preact.chunk(4, 1)
        c = sigmoid(f) * c + sigmoid(i) * tanh(new)
        return sigmoid(o) * tanh(normed(c, s[2], shift[2], 1e-5)), c

    def ordered(stacked):
        return reordered(stacked, "ifog", "ifgo")

    ours = {"weight_ih": ordered(w).t(), "weight_hh": ordered(u).t()}
    ours |= {"gain_ih": ordered(s[0]), "gain_hh": ordered(s[1]), "gain_state": s[2]}
    ours |= {"bias_ih": ordered(shift[0] + b), "bias_hh": ordered(shift[1]), "bias_state": shift[2]}
    ours |= {"norm_bias_ih": ordered(b), "norm_bias_hh": torch.zeros(4 * H, dtype=torch.float64)}
    module = LSTM(C, H, layer_norm="ba2016", norm_bias=True, dtype=torch.float64)
    return Published(step, module, ours)


def haste_lstm(draw):
    """LayerNormLSTM of Haste: c carried as it is, gates i g f o, gains alone inside, one bias."""
    kernel, recurrent, bias = draw(C, 4 * H), draw(H, 4 * H), draw(4 * H)
    gamma, gamma_h, beta_h = draw(2, 4 * H, mean=1.0), draw(H, mean=1.0), draw(H)

    def step(x, state):
        h, c = state
        v = normed(x @ kernel, gamma[0], 0, 1e-5) + normed(h @ recurrent, gamma[1], 0, 1e-5) + bias
        i, g, f, o = v.chunk(4, 1)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(normed(c, gamma_h, beta_h, 1e-5)), c

    def ordered(stacked):
        return reordered(stacked, "igfo", "ifgo")

    ours = {"weight_ih": ordered(kernel).t(), "weight_hh": ordered(recurrent).t()}
    ours |= {"gain_ih": ordered(gamma[0]), "gain_hh": ordered(gamma[1]), "gain_state": gamma_h}
    ours |= {"bias_ih": ordered(bias), "bias_state": beta_h}
    ours["bias_hh"] = torch.zeros(4 * H, dtype=torch.float64)
    return Published(step, LSTM(C, H, layer_norm="split", dtype=torch.float64), ours)


def dreamer_v2_gru(draw):
    """GRUCell of DreamerV2 with norm: one Dense over [x, h] whose bias is inside, gates r n z.

    Its update gate brings the new in, with -1 added to it: ours is that of the opposite sign.
    """
    kernel, bias = draw(C + H, 3 * H), draw(3 * H)
    gain, beta = draw(3 * H, mean=1.0), draw(3 * H)

    def step(x, state):
        parts = normed(torch.cat([x, state[0]], -1) @ kernel + bias, gain, beta, 1e-3)
        reset, cand, update = parts.chunk(3, -1)
        cand = tanh(sigmoid(reset) * cand)
        update = sigmoid(update - 1)
        return (update * cand + (1 - update) * state[0],)

    def ordered(stacked):
        return reordered(stacked, "rnz", "rzn")

    sign = torch.ones(3 * H, dtype=torch.float64)
    sign[H : 2 * H] = -1
    shift = torch.zeros(3 * H, dtype=torch.float64)
    shift[H : 2 * H] = 1
    whole = ordered(kernel).t()
    ours = {"weight_ih": whole[:, :C], "weight_hh": whole[:, C:], "norm_bias_ih": ordered(bias)}
    ours |= {"norm_bias_hh": torch.zeros(3 * H, dtype=torch.float64)}
    ours |= {"gain_sum": sign * ordered(gain), "bias_sum": sign * ordered(beta) + shift}
    module = GRU(C, H, layer_norm="sum_joint", norm_bias=True, dtype=torch.float64)
    return Published(step, module, ours)


def linear_gates_gru(draw):
    """A common GRU cell of two torch Linears, both with biases, and a LayerNorm for each gate."""
    w, u, b_ih, b_hh = draw(3 * H, C), draw(3 * H, H), draw(3 * H), draw(3 * H)
    gains, betas = [draw(H, mean=1.0) for _ in range(3)], [draw(H) for _ in range(3)]

    def step(x, state):
        (i_r, i_z, i_n), (h_r, h_z, h_n) = (
            (product + bias).chunk(3, 1)
            for product, bias in ((x @ w.t(), b_ih), (state[0] @ u.t(), b_hh))
        )
        r = sigmoid(normed(i_r + h_r, gains[0], betas[0], 1e-5))
        z = sigmoid(normed(i_z + h_z, gains[1], betas[1], 1e-5))
        n = tanh(normed(i_n + r * h_n, gains[2], betas[2], 1e-5))
        return ((1 - z) * n + z * state[0],)

    ours = {"weight_ih": w, "weight_hh": u, "norm_bias_ih": b_ih, "norm_bias_hh": b_hh}
    ours |= {"gain_sum": torch.cat(gains), "bias_sum": torch.cat(betas)}
    return Published(step, GRU(C, H, layer_norm="sum", norm_bias=True, dtype=torch.float64), ours)


SOURCES = [fastrnns_lstm, tfa_lstm, ba_lstm, haste_lstm, dreamer_v2_gru, linear_gates_gru]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("seed", [0, 1])
def test_outputs_states_and_gradients_are_those_of_the_source(source, seed):
    torch.manual_seed(seed)
    draw = Draws()
    theirs, x = source(draw), draw(T, B, C)
    start = [draw(1, B, H) for _ in theirs.module.rule.spec.state]
    state, rows = [part[0] for part in start], []
    for row in x:
        state = theirs.step(row, state)
        rows.append(state[0])
    names = {name.removesuffix("_l0") for name, _ in theirs.module.named_parameters()}
    assert names == set(theirs.ours)
    parameters = {f"{name}_l0": value for name, value in theirs.ours.items()}
    given = start[0] if len(start) == 1 else tuple(start)
    output, final = torch.func.functional_call(theirs.module, parameters, (x, given))
    torch.testing.assert_close(output, torch.stack(rows), **CLOSE)
    finals = final if isinstance(final, tuple) else (final,)
    for ours, part in zip(finals, state, strict=True):
        torch.testing.assert_close(ours[0], part, **CLOSE)
    probe = torch.randn_like(output)
    losses = [(out * probe).sum() for out in (output, torch.stack(rows))]
    gradients = [torch.autograd.grad(loss, draw.made, retain_graph=True) for loss in losses]
    torch.testing.assert_close(*gradients, rtol=1e-9, atol=1e-11)
