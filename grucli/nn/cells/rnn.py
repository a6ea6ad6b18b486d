"""The plain recurrent network: its equations, and the module.

Activation: relu(a) = max(a, 0) takes the place of tanh in all of them where model.activation
(torch's nonlinearity) is relu. Source: Le, Jaitly & Hinton 2015, arXiv 1504.00941.

rnn, none: the plain network of Elman.
    h' = tanh(xW_h + b_xh + hU_h + b_hh)
    Source: Elman 1990, Finding structure in time; torch.nn.RNN.

rnn, split and ba2016: both projections normalised apart (one gate: the two fall together).
    h' = tanh(LN(xW_h) * g_xh + b_xh + LN(hU_h) * g_hh + b_hh)
    Source: as for the gru.

rnn, sum and sum_joint: the sum normalised (their default eps differs: 1e-5 and 1e-3).
    h' = tanh(LN(xW_h + hU_h) * g_h + b_h)
    Source: Ba et al. 2016, equation 4.

Suffixes: B batch, H hidden.
"""

from typing import Any

from grucli import cells
from grucli.cells.activations import RELU, TANH
from grucli.nn.norms import normalise
from grucli.nn.rules import CellRule, Equations, LayerWeights, StepValues
from grucli.nn.stack import Recurrent
from grucli.tensors import Tensor, torch

_FUNCTIONS = {TANH.name: torch.tanh, RELU.name: torch.relu}


def step(
    rule: CellRule, weights: LayerWeights, x_BH: Tensor, q_BH: Tensor, state: tuple[Tensor, ...]
) -> StepValues:
    """One step, from both sides' shares of the sum; the state is in them already."""
    s_BH = x_BH + q_BH
    is_sum = rule.norm.of_sum
    a_BH = normalise(rule, s_BH, weights.gain_sum, weights.bias_sum) if is_sum else s_BH
    h_BH = _FUNCTIONS[rule.spec.activation.name](a_BH)
    inside = ((s_BH,), (a_BH,)) if is_sum else ((), ())
    return StepValues((h_BH,), (h_BH,), (a_BH,), *inside)


class RNN(Recurrent):
    """Elman network; layer_norm as for the GRU. Loads a state_dict of torch.nn.RNN."""

    equations = Equations(cells.RNN, step, fused="rnn_{activation}")

    def __init__(  # noqa: PLR0917 (the order of torch's arguments)
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = TANH.name,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        **settings: Any,
    ) -> None:
        """Take torch's arguments in torch's order.

        nonlinearity: tanh or relu; ``activation`` among the settings of every module is the same.
        """
        super().__init__(
            *(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional),
            **{"activation": nonlinearity} | settings,
        )
