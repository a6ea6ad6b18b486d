"""A recurrent stack over whole sequences of unequal length, and what is said of each of them.

Suffixes: B batch, T steps of the longest sequence, C columns, H hidden times directions, K outputs.
"""

from typing import Unpack

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from grucli.nn.model import RecurrentModel, StackOptions

POOLINGS = ("last", "mean", "max")
"""How the outputs of all steps become one vector: the final state, their mean, their maximum."""


class SequenceModel(RecurrentModel):
    """K numbers for each sequence, or with ``each_step`` for each of its steps.

    ``recurrent`` holds the stack, ``head`` the linear layer. ``pooling`` are names of ``POOLINGS``,
    whose vectors stand side by side before the head; ``last`` is the final state of each direction,
    which of the reverse one is that of the first step. Dropout acts between layers and before the
    head.
    """

    def __init__(
        self,
        input_size: int,
        outputs: int,
        *,
        pooling: tuple[str, ...] = ("last",),
        each_step: bool = False,
        **stack: Unpack[StackOptions],
    ) -> None:
        """Draw the weights as torch does. ``stack`` as ``StackOptions`` says.

        Raises ValueError for an unknown or empty pooling, or an unknown cell.
        """
        super().__init__()
        unknown = [name for name in pooling if name not in POOLINGS]
        if unknown or not pooling:
            found = repr(unknown[0]) if unknown else "none"
            raise ValueError(f"pooling: found {found}; expected one or more of {POOLINGS}")
        self.pooling, self.each_step = pooling, each_step
        self._add_stack(input_size, **stack)
        self.head = nn.Linear(self.outputs * (1 if each_step else len(pooling)), outputs)

    def forward(self, values_BTC: Tensor, lengths_B: Tensor) -> Tensor:
        """[B, K] of the first ``lengths`` steps of each sequence; [B, T, K] with ``each_step``.

        ``lengths_B`` are whole numbers from 1 to T on the CPU. What stands behind them is not read.
        """
        packed = pack_padded_sequence(values_BTC, lengths_B, batch_first=True, enforce_sorted=False)
        output, state = self.recurrent(packed)
        output_BTH, _ = pad_packed_sequence(
            output, batch_first=True, total_length=values_BTC.shape[1]
        )
        read = output_BTH if self.each_step else self._pooled(output_BTH, lengths_B, state)
        said: Tensor = self.head(functional.dropout(read, self.dropout, self.training))
        return said

    def _pooled(
        self, output_BTH: Tensor, lengths_B: Tensor, state: Tensor | tuple[Tensor, Tensor]
    ) -> Tensor:
        """The vectors of ``pooling`` side by side, [B, H * count]."""
        h_LBH = state if isinstance(state, Tensor) else state[0]
        steps_T = torch.arange(output_BTH.shape[1], device=output_BTH.device)
        lengths_B1 = lengths_B.to(output_BTH.device)[:, None]
        is_inside_BT1 = (steps_T < lengths_B1).unsqueeze(-1)
        vectors = {
            "last": lambda: torch.cat(h_LBH.unbind(0)[-self.recurrent.directions :], dim=-1),
            "mean": lambda: output_BTH.sum(dim=1) / lengths_B1,  # zero behind a sequence's end
            "max": lambda: output_BTH.masked_fill(~is_inside_BT1, -torch.inf).amax(dim=1),
        }
        return torch.cat([vectors[name]() for name in self.pooling], dim=-1)
