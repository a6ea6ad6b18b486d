"""Normalised layers on a CUDA device through the kernels of ``sequence``: torch's doorway to them.

Suffixes: T time, B batch, C inputs, H hidden, G all gates side by side, S parts of a state.
"""

from collections.abc import Iterator
from typing import Any

import torch
import triton.language as tl
from torch import Tensor

from grucli.nn.cuda.sequence import Form, Gradients, Kept, Read, backward, forward
from grucli.nn.norms import project_input
from grucli.nn.rules import CellRule, LayerState, LayerWeights

MOST_WEIGHTS = 3 * 128 * 128
"""So many numbers fit into the registers of one program, beside what it computes with."""
UNITS_OF_A_WARP = 32
MOST_REGISTERS = 255
"""Of a thread; unless told so, the assembler may leave most of them unused and spill the rest."""


def run_layer_cuda(
    rule: CellRule,
    weights: LayerWeights,
    x_TBC: Tensor,
    state: LayerState,
    *,
    reverse: bool,
    lengths_B: Tensor | None,
) -> tuple[Tensor, LayerState]:
    """As ``run_layer``, of a layer that ``grucli.nn.cuda.supports``, which only runs forwards."""
    gain, bias = weights.gain_hh, weights.bias_hh
    if rule.norm.of_sum:
        gain, bias = weights.gain_sum, weights.bias_sum
    operands = (
        *(project_input(rule, weights, x_TBC), torch.stack(state), weights.weight_hh),
        *(weights.norm_bias_hh, gain, bias, weights.gain_state, weights.bias_state),
    )
    keep = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in operands)
    call = _Call(rule, operands[0], reverse=reverse, keep=keep)
    apply: Any = _Sequence.apply
    output_TBH, final_SBH = apply(call, lengths_B, *operands)
    return output_TBH, tuple(final_SBH.unbind(0))


class _Sequence(torch.autograd.Function):
    """Outputs and final state, from the input's share x_TBG, the first state, U and the vectors."""

    @staticmethod
    def forward(ctx: Any, call: "_Call", lengths_B: Tensor | None, *operands: Any) -> Any:
        x_TBG, state_SBH, weight = (operand.contiguous() for operand in operands[:3])
        # Steps that a row does not have are left as they are.
        empty = x_TBG.new_empty if lengths_B is None else x_TBG.new_zeros
        steps, batch, hidden = call.steps, call.batch, call.hidden
        if lengths_B is None:
            lengths_B = torch.full((batch,), steps, device=x_TBG.device, dtype=torch.int32)
        nothing = x_TBG.new_zeros(x_TBG.shape[-1])
        vectors = [nothing if vector is None else vector.contiguous() for vector in operands[3:]]
        columns = weight.view(-1, hidden, hidden).transpose(1, 2).contiguous()
        lengths_B = lengths_B.to(x_TBG.device, torch.int32)
        read = Read(*(x_TBG, columns, *vectors, lengths_B))
        length = steps if call.form.keep.value else 1
        kept = Kept(
            empty(length, batch, x_TBG.shape[-1]), empty(len(state_SBH), length, batch, hidden)
        )
        state_SBH, output_TBH = state_SBH.clone(), empty(steps, batch, hidden)
        for first, count, t in call.spans():
            if not call.whole:
                a_BG = kept.a[min(t, length - 1)]
                torch.addmm(read.inner, state_SBH[0], weight.t(), out=a_BG)
            call.launch(forward, read, kept, state_SBH, output_TBH, first, count)
        ctx.call, ctx.absent = call, [vector is None for vector in operands[3:]]
        ctx.save_for_backward(*read._replace(weight=weight), *kept)
        return output_TBH, state_SBH

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, output_TBH: Tensor, state_SBH: Tensor) -> Any:
        call: _Call = ctx.call
        read, kept = Read(*ctx.saved_tensors[:-2]), Kept(*ctx.saved_tensors[-2:])
        x_TBG, batch, hidden = read.x, call.batch, call.hidden
        state_SBH = state_SBH.clone(memory_format=torch.contiguous_format)
        output_TBH = output_TBH.contiguous()
        written = Gradients(
            torch.zeros_like(x_TBG),
            torch.zeros_like(x_TBG),
            *(x_TBG.new_zeros(batch, x_TBG.shape[-1]) for _ in range(2)),
            *(x_TBG.new_zeros(batch, hidden) for _ in range(2)),
        )
        for first, count, t in reversed(list(call.spans())):
            call.launch(backward, read, kept, state_SBH, output_TBH, written, first, count)
            if not call.whole:
                state_SBH[0].addmm_(written.a[t], read.weight)
        dweight = written.a.flatten(0, 1).t() @ kept.before[0].flatten(0, 1)
        vectors = (written.a.sum((0, 1)), *(rows_B.sum(0) for rows_B in written[2:]))
        given = (
            None if absent else vector for absent, vector in zip(ctx.absent, vectors, strict=True)
        )
        return None, None, written.x, state_SBH, dweight, *given


class _Call:
    """How the kernels run one layer over one sequence."""

    def __init__(self, rule: CellRule, x_TBG: Tensor, *, reverse: bool, keep: bool) -> None:
        gates = len(rule.spec.gates)
        self.steps, self.batch, width = x_TBG.shape
        self.hidden = width // gates
        block = max(16, 1 << (self.hidden - 1).bit_length())
        self.whole = gates * block * block <= MOST_WEIGHTS
        self._warps = max(1, block // UNITS_OF_A_WARP) if self.whole else 4
        self.form = Form(
            *map(
                tl.constexpr,
                (
                    *(rule.spec.name, rule.norm.name, rule.spec.activation.name),
                    *(gates, len(rule.spec.state), rule.eps, self.hidden, block),
                    *(reverse, self.whole, keep),
                ),
            )
        )

    def spans(self) -> Iterator[tuple[int, int, int]]:
        """First step in the order of computation, number of steps, and the first one's place."""
        if self.whole:
            yield 0, self.steps, 0
            return
        for step in range(self.steps):
            yield step, 1, self.steps - 1 - step if self.form.reverse.value else step

    def launch(self, kernel: Any, *arguments: Any) -> None:
        """A program for each row."""
        kernel[self.batch,](
            *arguments, self.steps, self.form, num_warps=self._warps, maxnreg=MOST_REGISTERS
        )
