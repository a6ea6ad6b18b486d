"""Recurrent modules with the contract of torch.nn.GRU, RNN and LSTM, and layer normalisation."""

from grucli.nn.stack import Recurrent


class GRU(Recurrent):
    """Gated recurrent unit: a drop-in for torch.nn.GRU that adds ``layer_norm``.

    layer_norm: none, split, ba2016, sum or sum_joint. With none a state_dict of torch.nn.GRU
    loads unchanged.
    """

    cell = "gru"


class RNN(Recurrent):
    """Elman network with tanh; layer_norm as for the GRU. Loads a state_dict of torch.nn.RNN."""

    cell = "rnn"


class LSTM(Recurrent):
    """Long short-term memory, state (h, c); layer_norm can only be none. Loads torch.nn.LSTM's."""

    cell = "lstm"


MODULES: dict[str, type[Recurrent]] = {"gru": GRU, "rnn": RNN, "lstm": LSTM}
"""Module by the name of its cell."""
