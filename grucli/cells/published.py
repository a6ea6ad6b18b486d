"""Cells that others published: which of ours each is, and where a file keeps its weights."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """One cell of a layout; ``name`` and ``source`` are its class and where that is written.

    It computes what our ``cell`` with layer normalisation ``norm`` and ``eps`` does. ``gates`` has
    the letters of our gates in the order of its blocks. ``parts`` maps our kinds of parameters to
    its own names: `` + `` adds, names side by side are blocks one behind the other, ``a[1]`` is a
    row, ``0`` a block of zeros; biases may be missing. ``weight`` is one matrix that reads input
    and state together, in the order ``joined``: xh or hx. ``transposed``: products are x @ W.
    ``brings_new``: the gate that keeps our state brings the new in, with ``offset`` added to it.
    """

    layout: str
    name: str
    cell: str
    norm: str
    gates: str
    parts: Mapping[str, str]
    source: str
    eps: float | None = None
    transposed: bool = False
    joined: str = ""
    brings_new: bool = False
    offset: float = 0.0

    @property
    def has_inner_bias(self) -> bool:
        """Whether a product may have a bias of its own, inside the normalisation."""
        return any(kind.startswith("norm_bias") for kind in self.parts)


def _joint(matrix: str, norm: str, inside: str = "") -> dict[str, str]:
    """One matrix, one torch LayerNorm; ``inside`` is the bias of the product."""
    parts = {"weight": matrix, "gain_sum": f"{norm}.weight", "bias_sum": f"{norm}.bias"}
    return parts | ({"norm_bias_ih": inside} if inside else {})


def _by_gate(pattern: str, words: str) -> str:
    return " ".join(pattern.format(word) for word in words.split())


_KERNELS = {"weight_ih": "kernel", "weight_hh": "recurrent_kernel"}
_GAMMAS = {"gain_ih": "gamma[0]", "gain_hh": "gamma[1]"}
_BOTH = {"bias_ih": "bias", "bias_hh": "recurrent_bias"}
_TORCH = {"weight_ih": "weight_ih", "weight_hh": "weight_hh"}
_LINEARS = {"weight_ih": "weight_ih.weight", "weight_hh": "weight_hh.weight"}
_KIROS_GRU = {"weight_ih": "W Wx", "weight_hh": "U Ux"}
_FLAX = {"weight_ih": "i{}.kernel", "weight_hh": "h{}.kernel"}

_HASTE = "lmnt-com/haste: frameworks/pytorch"
_KIROS = "ryankiros/layer-norm: layers.py"
_SHEEPRL = "Eclectic-Sheep/sheeprl: sheeprl/models/models.py"
_PYDREAMER = "jurgisp/pydreamer: pydreamer/models/rnn.py"
_TFA = "tensorflow/addons: tensorflow_addons/rnn"
_KERAS = "keras-team/keras: keras/src/layers/rnn"
_LINEN = "google/flax: flax/linen/recurrent.py"

PUBLISHED: tuple[Published, ...] = (
    Published(
        "haste", "LayerNormGRU", "gru", "split", "zrn", _KERNELS | _GAMMAS | _BOTH,
        f"{_HASTE}/layer_norm_gru.py", eps=1e-5, transposed=True,
    ),
    Published(
        "haste", "GRU", "gru", "none", "zrn", _KERNELS | _BOTH, f"{_HASTE}/gru.py", transposed=True,
    ),
    Published(
        "haste", "LayerNormLSTM", "lstm", "split", "igfo",
        _KERNELS | _GAMMAS | {"bias_ih": "bias", "gain_state": "gamma_h", "bias_state": "beta_h"},
        f"{_HASTE}/layer_norm_lstm.py", eps=1e-5, transposed=True,
    ),
    Published(
        "haste", "LSTM", "lstm", "none", "igfo", _KERNELS | {"bias_ih": "bias"},
        f"{_HASTE}/lstm.py", transposed=True,
    ),
    Published(
        "kiros", "lngru", "gru", "ba2016", "rzn",
        _KIROS_GRU
        | {"gain_ih": "s1 s2", "gain_hh": "s3 s4", "bias_ih": "b1 b2", "bias_hh": "b3 b4"}
        | {"norm_bias_ih": "b bx"},
        _KIROS, eps=1e-5, transposed=True,
    ),
    Published(
        "kiros", "gru", "gru", "none", "rzn", _KIROS_GRU | {"bias_ih": "b bx"}, _KIROS,
        transposed=True,
    ),
    Published(
        "kiros", "lnlstm", "lstm", "ba2016", "ifog",
        {"weight_ih": "W", "weight_hh": "U", "gain_ih": "s1", "gain_hh": "s2", "gain_state": "s3"}
        | {"bias_ih": "b1 + b", "bias_hh": "b2", "bias_state": "b3", "norm_bias_ih": "b"},
        _KIROS, eps=1e-5, transposed=True,
    ),
    Published(
        "kiros", "lstm", "lstm", "none", "ifog",
        {"weight_ih": "W", "weight_hh": "U", "bias_ih": "b + b"}, _KIROS, transposed=True,
    ),
    Published(
        "dreamerv2", "GRUCell(norm=True)", "gru", "sum_joint", "rnz",
        {"weight": "_layer.kernel", "norm_bias_ih": "_layer.bias"}
        | {"gain_sum": "_norm.gamma", "bias_sum": "_norm.beta"},
        "danijar/dreamerv2: dreamerv2/common/nets.py", eps=1e-3, transposed=True, joined="xh",
        brings_new=True, offset=-1,
    ),
    Published(
        "dreamerv3", "RSSM._gru of 2023", "gru", "sum_joint", "rnz",
        {"weight": "gru.kernel", "gain_sum": "gru.norm.scale", "bias_sum": "gru.norm.bias"},
        "danijar/dreamerv3: dreamerv3/nets.py at ec526b9", eps=1e-3, transposed=True, joined="hx",
        brings_new=True, offset=-1,
    ),
    Published(
        "dreamerv3-torch", "GRUCell", "gru", "sum_joint", "rnz",
        _joint("layers.GRU_linear.weight", "layers.GRU_norm"),
        "NM512/dreamerv3-torch: networks.py", eps=1e-3, joined="xh", brings_new=True, offset=-1,
    ),
    Published(
        "sheeprl", "LayerNormGRUCell of DreamerV3", "gru", "sum_joint", "rnz",
        _joint("linear.weight", "layer_norm", "linear.bias"),
        _SHEEPRL, eps=1e-3, joined="hx", brings_new=True, offset=-1,
    ),
    Published(
        "sheeprl-dreamerv2", "LayerNormGRUCell of DreamerV2", "gru", "sum_joint", "rnz",
        _joint("linear.weight", "layer_norm", "linear.bias"),
        _SHEEPRL, eps=1e-5, joined="hx", brings_new=True, offset=-1,
    ),
    Published(
        "pydreamer", "NormGRUCell", "gru", "sum", "rzn",
        _LINEARS
        | {"gain_sum": _by_gate("ln_{}.weight", "reset update newval")}
        | {"bias_sum": _by_gate("ln_{}.bias", "reset update newval")},
        _PYDREAMER, eps=1e-3, brings_new=True,
    ),
    Published(
        "pydreamer", "NormGRUCellLateReset", "gru", "sum_joint", "rzn",
        _LINEARS | {"gain_sum": "lnorm.weight", "bias_sum": "lnorm.bias"},
        _PYDREAMER, eps=1e-3, brings_new=True, offset=-1,
    ),
    Published(
        "icefall", "LayerNormGRUCell", "gru", "sum", "rzn",
        _TORCH
        | {"gain_sum": _by_gate("layernorm_{}.weight", "r i n")}
        | {"bias_sum": _by_gate("layernorm_{}.bias", "r i n")}
        | {"norm_bias_ih": "bias_ih", "norm_bias_hh": "bias_hh"},
        "k2-fsa/icefall: egs/librispeech/ASR/transducer/rnn.py", eps=1e-5,
    ),
    Published(
        "fastrnns", "LayerNormLSTMCell", "lstm", "split_state", "ifgo",
        _TORCH
        | {"gain_ih": "layernorm_i.weight", "gain_hh": "layernorm_h.weight"}
        | {"bias_ih": "layernorm_i.bias", "bias_hh": "layernorm_h.bias"}
        | {"gain_state": "layernorm_c.weight", "bias_state": "layernorm_c.bias"},
        "pytorch/pytorch: benchmarks/fastrnns/custom_lstms.py", eps=1e-5,
    ),
    Published(
        "tfa", "LayerNormLSTMCell", "lstm", "split_state", "ifgo",
        _KERNELS
        | {"gain_ih": "kernel_norm.gamma", "gain_hh": "recurrent_norm.gamma"}
        | {"bias_ih": "kernel_norm.beta + bias", "bias_hh": "recurrent_norm.beta"}
        | {"gain_state": "state_norm.gamma", "bias_state": "state_norm.beta"},
        f"{_TFA}/layer_norm_lstm_cell.py", eps=1e-3, transposed=True,
    ),
    Published(
        "tfa", "LayerNormSimpleRNNCell", "rnn", "sum", "h",
        _KERNELS | {"gain_sum": "layernorm.gamma", "bias_sum": "bias"},
        f"{_TFA}/layer_norm_simple_rnn_cell.py", eps=1e-5, transposed=True,
    ),
    Published(
        "keras", "GRU(reset_after=True)", "gru", "none", "zrn",
        _KERNELS | {"bias_ih": "bias[0]", "bias_hh": "bias[1]"}, f"{_KERAS}/gru.py",
        transposed=True,
    ),
    Published(
        "keras", "LSTM", "lstm", "none", "ifgo", _KERNELS | {"bias_ih": "bias"},
        f"{_KERAS}/lstm.py", transposed=True,
    ),
    Published(
        "keras", "SimpleRNN", "rnn", "none", "h", _KERNELS | {"bias_ih": "bias"},
        f"{_KERAS}/simple_rnn.py", transposed=True,
    ),
    Published(
        "flax", "GRUCell", "gru", "none", "rzn",
        {kind: _by_gate(pattern, "r z n") for kind, pattern in _FLAX.items()}
        | {"bias_ih": _by_gate("i{}.bias", "r z n"), "bias_hh": "0 0 hn.bias"},
        _LINEN, transposed=True,
    ),
    Published(
        "flax", "LSTMCell", "lstm", "none", "ifgo",
        {kind: _by_gate(pattern, "i f g o") for kind, pattern in _FLAX.items()}
        | {"bias_hh": _by_gate("h{}.bias", "i f g o")},
        _LINEN, transposed=True,
    ),
    Published(
        "flax", "SimpleCell", "rnn", "none", "h",
        {"weight_ih": "i.kernel", "weight_hh": "h.kernel", "bias_ih": "i.bias"},
        _LINEN, transposed=True,
    ),
)  # fmt: skip
"""Of one layout the first cell whose tensors are in a file is taken."""
