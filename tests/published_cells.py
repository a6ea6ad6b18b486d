"""Cells that others published, as plain loops written here from their public source.

Each draws the tensors of one cell by the names that its source gives them, and has one step of it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import sigmoid, tanh

C, H = 3, 5


def draw(*shape, mean=0.0):
    """Weights in double precision."""
    return torch.randn(*shape, dtype=torch.float64) * 0.5 + mean


def normed(a, gain=1.0, bias=0.0, eps=1e-5):
    """Layer normalisation over the last axis: biased variance, eps inside the root."""
    variance, mean = torch.var_mean(a, dim=-1, keepdim=True, correction=0)
    return (a - mean) / torch.sqrt(variance + eps) * gain + bias


@dataclass
class Cell:
    """``step`` takes x and a tuple of states and gives the next.

    The tensors of the file are those of ``weights``, with ``named`` around their names.
    """

    weights: dict
    step: Callable
    named: str = "{}"

    @property
    def tensors(self):
        """What the file holds, by its names."""
        return {self.named.format(name): values for name, values in self.weights.items()}


def haste_gru(normalised=True):
    """LayerNormGRU and GRU of Haste: z, r, h; both products normalised, reset behind them."""
    w = {"kernel": draw(C, 3 * H), "recurrent_kernel": draw(H, 3 * H)}
    w |= {"bias": draw(3 * H), "recurrent_bias": draw(3 * H)}
    if normalised:
        w["gamma"] = draw(2, 3 * H, mean=1.0)

    def step(x, state):
        (h,) = state
        vx, vh = x @ w["kernel"], h @ w["recurrent_kernel"]
        if normalised:
            vx, vh = normed(vx, w["gamma"][0]), normed(vh, w["gamma"][1])
        vx, vh = (vx + w["bias"]).chunk(3, 1), (vh + w["recurrent_bias"]).chunk(3, 1)
        z, r = sigmoid(vx[0] + vh[0]), sigmoid(vx[1] + vh[1])
        g = tanh(vx[2] + r * vh[2])
        return (z * h + (1 - z) * g,)

    return Cell(w, step)


def haste_lstm(normalised=True):
    """LayerNormLSTM and LSTM of Haste: i, g, f, o."""
    w = {"kernel": draw(C, 4 * H), "recurrent_kernel": draw(H, 4 * H), "bias": draw(4 * H)}
    if normalised:
        w |= {"gamma": draw(2, 4 * H, mean=1.0), "gamma_h": draw(H, mean=1.0), "beta_h": draw(H)}

    def step(x, state):
        h, c = state
        vx, vh = x @ w["kernel"], h @ w["recurrent_kernel"]
        if normalised:
            vx, vh = normed(vx, w["gamma"][0]), normed(vh, w["gamma"][1])
        i, g, f, o = (vx + vh + w["bias"]).chunk(4, 1)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        shown = normed(c, w["gamma_h"], w["beta_h"]) if normalised else c
        return sigmoid(o) * tanh(shown), c

    return Cell(w, step)


def kiros_lngru():
    """lngru_layer of the authors of layer normalisation: the update gate keeps the old state."""
    w = {"W": draw(C, 2 * H), "U": draw(H, 2 * H), "b": draw(2 * H)}
    w |= {"Wx": draw(C, H), "Ux": draw(H, H), "bx": draw(H)}
    for number, size in (("1", 2 * H), ("2", H), ("3", 2 * H), ("4", H)):
        w |= {f"b{number}": draw(size), f"s{number}": draw(size, mean=1.0)}

    def step(x, state):
        (h,) = state
        preact = normed(h @ w["U"], w["s3"], w["b3"]) + normed(
            x @ w["W"] + w["b"], w["s1"], w["b1"]
        )
        r, u = sigmoid(preact).chunk(2, 1)
        new = normed(h @ w["Ux"], w["s4"], w["b4"]) * r
        new = tanh(new + normed(x @ w["Wx"] + w["bx"], w["s2"], w["b2"]))
        return (u * h + (1 - u) * new,)

    return Cell(w, step, "encoder_{}")


def kiros_gru():
    """gru_layer of the same code: no normalisation, the candidate's bias outside the reset gate."""
    w = {"W": draw(C, 2 * H), "U": draw(H, 2 * H), "b": draw(2 * H)}
    w |= {"Wx": draw(C, H), "Ux": draw(H, H), "bx": draw(H)}

    def step(x, state):
        (h,) = state
        r, u = sigmoid(h @ w["U"] + x @ w["W"] + w["b"]).chunk(2, 1)
        new = tanh(h @ w["Ux"] * r + x @ w["Wx"] + w["bx"])
        return (u * h + (1 - u) * new,)

    return Cell(w, step)


def kiros_lstm():
    """lstm_layer of the same code: i, f, o, c; its bias is added twice."""
    w = {"W": draw(C, 4 * H), "U": draw(H, 4 * H), "b": draw(4 * H)}

    def step(x, state):
        h, c = state
        i, f, o, new = (h @ w["U"] + (x @ w["W"] + w["b"]) + w["b"]).chunk(4, 1)
        c = sigmoid(f) * c + sigmoid(i) * tanh(new)
        return sigmoid(o) * tanh(c), c

    return Cell(w, step, "encoder_{}")


def kiros_lnlstm():
    """lnlstm_layer of the same code: i, f, o, c; one bias inside and once more outside."""
    w = {"W": draw(C, 4 * H), "U": draw(H, 4 * H), "b": draw(4 * H)}
    for number, size in (("1", 4 * H), ("2", 4 * H), ("3", H)):
        w |= {f"b{number}": draw(size), f"s{number}": draw(size, mean=1.0)}

    def step(x, state):
        h, c = state
        below = normed(x @ w["W"] + w["b"], w["s1"], w["b1"])
        preact = normed(h @ w["U"], w["s2"], w["b2"]) + below + w["b"]
        i, f, o, new = preact.chunk(4, 1)
        c = sigmoid(f) * c + sigmoid(i) * tanh(new)
        return sigmoid(o) * tanh(normed(c, w["s3"], w["b3"])), c

    return Cell(w, step)


def dreamer(
    named, *, matrix, gain, bias, inside=None, transposed=False, state_first=False, eps=1e-3
):
    """The GRU of DreamerV2 and its kin: one matrix, gates r n u, u brings the new in."""
    shape = (C + H, 3 * H) if transposed else (3 * H, C + H)
    w = {matrix: draw(*shape), gain: draw(3 * H, mean=1.0), bias: draw(3 * H)}
    if inside:
        w[inside] = draw(3 * H)

    def step(x, state):
        (h,) = state
        both = torch.cat([h, x] if state_first else [x, h], -1)
        parts = both @ (w[matrix] if transposed else w[matrix].t()) + (w[inside] if inside else 0)
        reset, cand, update = normed(parts, w[gain], w[bias], eps).chunk(3, -1)
        cand = tanh(sigmoid(reset) * cand)
        update = sigmoid(update - 1)
        return (update * cand + (1 - update) * h,)

    return Cell(w, step, named)


def pydreamer_norm_gru():
    """NormGRUCell of pydreamer: each gate's sum normalised, update brings the new in."""
    w = {"weight_ih.weight": draw(3 * H, C), "weight_hh.weight": draw(3 * H, H)}
    for gate in ("reset", "update", "newval"):
        w |= {f"ln_{gate}.weight": draw(H, mean=1.0), f"ln_{gate}.bias": draw(H)}

    def step(x, state):
        (h,) = state
        x_parts = (x @ w["weight_ih.weight"].t()).chunk(3, 1)
        h_parts = (h @ w["weight_hh.weight"].t()).chunk(3, 1)

        def ln(gate, a):
            return normed(a, w[f"ln_{gate}.weight"], w[f"ln_{gate}.bias"], 1e-3)

        reset = sigmoid(ln("reset", x_parts[0] + h_parts[0]))
        update = sigmoid(ln("update", x_parts[1] + h_parts[1]))
        new = tanh(ln("newval", x_parts[2] + reset * h_parts[2]))
        return (update * new + (1 - update) * h,)

    return Cell(w, step, "core.layers.0.{}")


def pydreamer_late_reset():
    """NormGRUCellLateReset of pydreamer: DreamerV2's, with two matrices and gates r, u, n."""
    w = {"weight_ih.weight": draw(3 * H, C), "weight_hh.weight": draw(3 * H, H)}
    w |= {"lnorm.weight": draw(3 * H, mean=1.0), "lnorm.bias": draw(3 * H)}

    def step(x, state):
        (h,) = state
        gates = x @ w["weight_ih.weight"].t() + h @ w["weight_hh.weight"].t()
        gates = normed(gates, w["lnorm.weight"], w["lnorm.bias"], 1e-3)
        reset, update, new = gates.chunk(3, 1)
        update = sigmoid(update - 1)
        return (update * tanh(sigmoid(reset) * new) + (1 - update) * h,)

    return Cell(w, step)


def icefall_gru():
    """LayerNormGRUCell of icefall: each gate's sum normalised, with both biases inside."""
    w = {"weight_ih": draw(3 * H, C), "weight_hh": draw(3 * H, H)}
    w |= {"bias_ih": draw(3 * H), "bias_hh": draw(3 * H)}
    for gate in "rin":
        w |= {f"layernorm_{gate}.weight": draw(H, mean=1.0), f"layernorm_{gate}.bias": draw(H)}

    def step(x, state):
        (h,) = state
        i_r, i_i, i_n = (x @ w["weight_ih"].t() + w["bias_ih"]).chunk(3, 1)
        h_r, h_i, h_n = (h @ w["weight_hh"].t() + w["bias_hh"]).chunk(3, 1)

        def ln(gate, a):
            return normed(a, w[f"layernorm_{gate}.weight"], w[f"layernorm_{gate}.bias"])

        reset = sigmoid(ln("r", i_r + h_r))
        keep = sigmoid(ln("i", i_i + h_i))
        new = tanh(ln("n", i_n + reset * h_n))
        return (new + keep * (h - new),)

    return Cell(w, step)


def fastrnns_lstm():
    """LayerNormLSTMCell of torch's benchmarks: the cell state is carried normalised."""
    w = {"weight_ih": draw(4 * H, C), "weight_hh": draw(4 * H, H)}
    for letter, size in (("i", 4 * H), ("h", 4 * H), ("c", H)):
        w |= {f"layernorm_{letter}.weight": draw(size, mean=1.0)}
        w |= {f"layernorm_{letter}.bias": draw(size)}

    def step(x, state):
        h, c = state

        def ln(letter, a):
            return normed(a, w[f"layernorm_{letter}.weight"], w[f"layernorm_{letter}.bias"])

        gates = ln("i", x @ w["weight_ih"].t()) + ln("h", h @ w["weight_hh"].t())
        i, f, g, o = gates.chunk(4, 1)
        c = ln("c", sigmoid(f) * c + sigmoid(i) * tanh(g))
        return sigmoid(o) * tanh(c), c

    return Cell(w, step)


def tfa_lstm():
    """LayerNormLSTMCell of TensorFlow Addons: i, f, c, o; one bias behind both normalisations."""
    w = {"kernel": draw(C, 4 * H), "recurrent_kernel": draw(H, 4 * H), "bias": draw(4 * H)}
    for name, size in (("kernel_norm", 4 * H), ("recurrent_norm", 4 * H), ("state_norm", H)):
        w |= {f"{name}/gamma": draw(size, mean=1.0), f"{name}/beta": draw(size)}

    def step(x, state):
        h, c = state

        def ln(name, a):
            return normed(a, w[f"{name}/gamma"], w[f"{name}/beta"], 1e-3)

        z = ln("kernel_norm", x @ w["kernel"]) + ln("recurrent_norm", h @ w["recurrent_kernel"])
        i, f, new, o = (z + w["bias"]).chunk(4, 1)
        c = ln("state_norm", sigmoid(f) * c + sigmoid(i) * tanh(new))
        return sigmoid(o) * tanh(c), c

    return Cell(w, step, "rnn/layer_norm_lstm_cell/{}:0")


def tfa_rnn():
    """LayerNormSimpleRNNCell of TensorFlow Addons: the sum normalised, its bias behind."""
    w = {"kernel": draw(C, H), "recurrent_kernel": draw(H, H), "bias": draw(H)}
    w["layernorm/gamma"] = draw(H, mean=1.0)

    def step(x, state):
        (h,) = state
        net = x @ w["kernel"] + h @ w["recurrent_kernel"]
        return (tanh(normed(net, w["layernorm/gamma"]) + w["bias"]),)

    return Cell(w, step)


def keras_gru():
    """GRU of Keras with reset_after: z, r, h; a bias for each side."""
    w = {"kernel": draw(C, 3 * H), "recurrent_kernel": draw(H, 3 * H), "bias": draw(2, 3 * H)}

    def step(x, state):
        (h,) = state
        x_z, x_r, x_h = (x @ w["kernel"] + w["bias"][0]).chunk(3, 1)
        h_z, h_r, h_h = (h @ w["recurrent_kernel"] + w["bias"][1]).chunk(3, 1)
        z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
        return (z * h + (1 - z) * tanh(x_h + r * h_h),)

    return Cell(w, step, "model/gru/gru_cell/{}:0")


def keras_lstm():
    """LSTM of Keras: i, f, c, o; one bias."""
    w = {"kernel": draw(C, 4 * H), "recurrent_kernel": draw(H, 4 * H), "bias": draw(4 * H)}

    def step(x, state):
        h, c = state
        i, f, g, o = (x @ w["kernel"] + h @ w["recurrent_kernel"] + w["bias"]).chunk(4, 1)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(c), c

    return Cell(w, step)


def keras_rnn():
    """SimpleRNN of Keras."""
    w = {"kernel": draw(C, H), "recurrent_kernel": draw(H, H), "bias": draw(H)}

    def step(x, state):
        return (tanh(x @ w["kernel"] + state[0] @ w["recurrent_kernel"] + w["bias"]),)

    return Cell(w, step)


def flax_gru():
    """GRUCell of Flax: a matrix for each gate; only the candidate's state has a bias of its own."""
    w = {f"i{gate}.kernel": draw(C, H) for gate in "rzn"}
    w |= {f"i{gate}.bias": draw(H) for gate in "rzn"}
    w |= {f"h{gate}.kernel": draw(H, H) for gate in "rzn"} | {"hn.bias": draw(H)}

    def step(x, state):
        (h,) = state
        x_of = {gate: x @ w[f"i{gate}.kernel"] + w[f"i{gate}.bias"] for gate in "rzn"}
        h_of = {gate: h @ w[f"h{gate}.kernel"] for gate in "rzn"}
        r, z = sigmoid(x_of["r"] + h_of["r"]), sigmoid(x_of["z"] + h_of["z"])
        n = tanh(x_of["n"] + r * (h_of["n"] + w["hn.bias"]))
        return ((1 - z) * n + z * h,)

    return Cell(w, step, "params.GRUCell_0.{}")


def flax_lstm():
    """LSTMCell of Flax: biases on the state's side alone."""
    w = {f"i{gate}.kernel": draw(C, H) for gate in "ifgo"}
    w |= {f"h{gate}.kernel": draw(H, H) for gate in "ifgo"}
    w |= {f"h{gate}.bias": draw(H) for gate in "ifgo"}

    def step(x, state):
        h, c = state
        i, f, g, o = (
            x @ w[f"i{gate}.kernel"] + h @ w[f"h{gate}.kernel"] + w[f"h{gate}.bias"]
            for gate in "ifgo"
        )
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(c), c

    return Cell(w, step, "params.{}")


def flax_rnn():
    """SimpleCell of Flax: the bias on the input's side alone."""
    w = {"i.kernel": draw(C, H), "i.bias": draw(H), "h.kernel": draw(H, H)}

    def step(x, state):
        return (tanh(x @ w["i.kernel"] + w["i.bias"] + state[0] @ w["h.kernel"]),)

    return Cell(w, step, "params.{}")


CELLS = {
    "haste LayerNormGRU": haste_gru,
    "haste GRU": lambda: haste_gru(normalised=False),
    "haste LayerNormLSTM": haste_lstm,
    "haste LSTM": lambda: haste_lstm(normalised=False),
    "kiros lngru": kiros_lngru,
    "kiros gru": kiros_gru,
    "kiros lnlstm": kiros_lnlstm,
    "kiros lstm": kiros_lstm,
    "dreamerv2 GRUCell(norm=True)": lambda: dreamer(
        "rssm/_cell/{}:0", matrix="_layer/kernel", gain="_norm/gamma", bias="_norm/beta",
        inside="_layer/bias", transposed=True,
    ),
    "dreamerv3 RSSM._gru of 2023": lambda: dreamer(
        "agent/wm/rssm/{}", matrix="gru/kernel", gain="gru/norm/scale", bias="gru/norm/bias",
        transposed=True, state_first=True,
    ),
    "dreamerv3-torch GRUCell": lambda: dreamer(
        "dynamics._cell.layers.{}", matrix="GRU_linear.weight", gain="GRU_norm.weight",
        bias="GRU_norm.bias",
    ),
    "sheeprl LayerNormGRUCell of DreamerV3": lambda: dreamer(
        "world_model.rssm.recurrent_model.rnn.{}", matrix="linear.weight",
        gain="layer_norm.weight", bias="layer_norm.bias", state_first=True,
    ),
    "sheeprl-dreamerv2 LayerNormGRUCell of DreamerV2": lambda: dreamer(
        "rnn.{}", matrix="linear.weight", gain="layer_norm.weight", bias="layer_norm.bias",
        inside="linear.bias", state_first=True, eps=1e-5,
    ),
    "pydreamer NormGRUCell": pydreamer_norm_gru,
    "pydreamer NormGRUCellLateReset": pydreamer_late_reset,
    "icefall LayerNormGRUCell": icefall_gru,
    "fastrnns LayerNormLSTMCell": fastrnns_lstm,
    "tfa LayerNormLSTMCell": tfa_lstm,
    "tfa LayerNormSimpleRNNCell": tfa_rnn,
    "keras GRU(reset_after=True)": keras_gru,
    "keras LSTM": keras_lstm,
    "keras SimpleRNN": keras_rnn,
    "flax GRUCell": flax_gru,
    "flax LSTMCell": flax_lstm,
    "flax SimpleCell": flax_rnn,
}  # fmt: skip
"""One for each row of the table of layouts."""
