"""A recurrent stack over whole sequences of unequal length, and what is said of each of them.

Suffixes: B batch, T steps of the longest sequence, C columns, H hidden times directions, K outputs.
"""

from collections.abc import Mapping
from typing import Unpack

from grucli.nn.categories import Categories
from grucli.nn.decoders.rows import Row
from grucli.nn.model import RecurrentModel, StackOptions
from grucli.nn.states import State, joined
from grucli.tensors import Tensor, functional, nn, packing, torch

POOLINGS = ("last", "mean", "max")
"""How the outputs of all steps become one vector: the final state, their mean, their maximum."""


class SequenceModel(RecurrentModel):
    """K numbers for each sequence, or with ``each_step`` for each of its steps.

    ``recurrent`` holds the stack, ``head`` the linear layer. ``pooling`` are names of ``POOLINGS``,
    whose vectors stand side by side before the head; ``last`` is the final state of each direction,
    which of the reverse one is that of the first step. Dropout acts between layers and before the
    head. tbptt_steps: in training gradients end where a chunk of so many steps begins, which is
    handed the state of the one before it (Williams & Peng 1990); only with ``each_step``.
    """

    def __init__(
        self,
        input_size: int,
        outputs: int,
        *,
        static_size: int = 0,
        flag_size: int = 0,
        categories: Mapping[int, int] | None = None,
        pooling: tuple[str, ...] = ("last",),
        each_step: bool = False,
        tbptt_steps: int | None = None,
        **stack: Unpack[StackOptions],
    ) -> None:
        """Draw the weights as torch does. ``stack`` as ``StackOptions`` says, ``categories`` as
        ``grucli.nn.categories``; the last ``flag_size`` inputs are flags, and the ``static_size``
        before them are the same in all steps of a sequence.

        Raises ValueError for an unknown or empty pooling, an unknown cell, or ``tbptt_steps``
        that exclude what else is asked for.
        """
        super().__init__()
        unknown = [name for name in pooling if name not in POOLINGS]
        if unknown or not pooling:
            found = repr(unknown[0]) if unknown else "none"
            raise ValueError(f"pooling: found {found}; expected one or more of {POOLINGS}")
        if tbptt_steps is not None and (not each_step or stack.get("bidirectional")):
            raise ValueError("tbptt_steps: excludes bidirectional, and needs each_step")
        self.pooling, self.each_step, self.tbptt_steps = pooling, each_step, tbptt_steps
        past = input_size - static_size - flag_size
        row = Row(0, past, static=static_size, flags=flag_size)
        self.categories = Categories(row, categories or {})
        self._add_stack(self.categories.row.size, **stack)
        self.head = nn.Linear(self.outputs * (1 if each_step else len(pooling)), outputs)

    def forward(self, values_BTC: Tensor, lengths_B: Tensor) -> Tensor:
        """[B, K] of the first ``lengths`` steps of each sequence; [B, T, K] with ``each_step``.

        ``lengths_B`` are whole numbers from 1 to T on the CPU. What stands behind them is not read.
        """
        values_BTC = self.normalised(values_BTC)
        if self.each_step:
            read = self._outputs(values_BTC, lengths_B)
        else:
            read = self._pooled(*self._read(values_BTC, lengths_B))
        said: Tensor = self.head(functional.dropout(read, self.dropout, self.training))
        return said

    def _read(
        self, values_BTC: Tensor, lengths_B: Tensor, state: State | None = None
    ) -> tuple[Tensor, Tensor, State]:
        """The outputs [B, T, H], 0 behind the end of a sequence, the lengths, the final state."""
        packed = packing.pack_padded_sequence(
            values_BTC, lengths_B, batch_first=True, enforce_sorted=False
        )
        output, final = self.recurrent(packed, state)
        output_BTH, _ = packing.pad_packed_sequence(
            output, batch_first=True, total_length=values_BTC.shape[1]
        )
        return output_BTH, lengths_B, final

    def _outputs(self, values_BTC: Tensor, lengths_B: Tensor) -> Tensor:
        """The outputs of every step, in training in chunks that gradients do not leave."""
        steps = self.tbptt_steps
        if steps is None or not self.training or values_BTC.shape[1] <= steps:
            return self._read(values_BTC, lengths_B)[0]
        live, chunks = torch.arange(len(lengths_B)), []
        state: State | None = None
        for start in range(0, values_BTC.shape[1], steps):
            left = (lengths_B[live] - start).clamp(max=steps)
            here = live.to(values_BTC.device)
            chunk_BTC = values_BTC[here, start : start + steps]
            output, _, final = self._read(chunk_BTC, left, state)
            empty = output.new_zeros(len(lengths_B), *output.shape[1:])
            chunks.append(empty.index_copy(0, here, output))
            goes_on = lengths_B[live] > start + steps
            live, kept = live[goes_on], goes_on.to(values_BTC.device)
            parts = (final,) if isinstance(final, Tensor) else final
            state = joined([part[:, kept].detach() for part in parts])
        return torch.cat(chunks, dim=1)

    def _pooled(self, output_BTH: Tensor, lengths_B: Tensor, state: State) -> Tensor:
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
