"""A sequence run in chunks of time: what the backward pass needs of a chunk is computed again.

Only the state at each chunk's border is kept, and the backward pass runs a chunk forward once more
before it goes back through it (Chen et al. 2016, arXiv 1604.06174; for recurrent networks Gruslys
et al. 2016, arXiv 1606.03401). So memory holds one chunk and T / steps states instead of T steps,
for the time of a second forward pass.

Suffixes: T time, B batch, C inputs, H hidden, L layers times directions, P parts of a state (h
alone, or h and c), N chunks. B' are the rows that have not ended before a chunk.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from grucli.nn.layer import Layers, zero_state
from grucli.nn.transforms import check_backward, is_compiling, is_transformed
from grucli.tensors import Tensor, torch

READ_CELLS = 1 << 22
"""Without gradients, a final state alone is reached in chunks of so many values of one layer."""


def chunk_steps(
    x_TBC: Tensor, hidden: int, recompute_steps: int | None, *, final_only: bool
) -> int | None:
    """How many steps to run before their outputs are let go; None where that saves nothing.

    A compiler and a transform of torch.func get all steps as one: the first would bind itself to a
    length, and recomputation is closed to the second.
    """
    if is_compiling() or is_transformed():
        return None
    steps, batch, inputs = x_TBC.shape
    if torch.is_grad_enabled():
        chosen = recompute_steps or steps
    elif final_only:
        chosen = max(1, READ_CELLS // (max(batch, 1) * max(inputs, hidden)))
    else:
        return None
    return chosen if chosen < steps else None


@dataclass(frozen=True)
class _Chunk:
    """Steps from ``start`` to ``stop`` of the first ``live`` rows, those that have not ended."""

    start: int
    stop: int
    live: int
    lengths_B: Tensor | None

    def of(self, values_TBX: Tensor) -> Tensor:
        """Its part of an array of the whole sequence."""
        return values_TBX[self.start : self.stop, : self.live]

    def lengths_left(self) -> Tensor | None:
        """Steps that each row still has in this chunk."""
        if self.lengths_B is None:
            return None
        return (self.lengths_B[: self.live] - self.start).clamp(max=self.stop - self.start)


@dataclass(frozen=True)
class Chunks:
    """``layers``, run ``steps`` at a time; outputs that are not kept come back empty."""

    layers: Layers
    steps: int
    keep_outputs: bool

    def run(
        self,
        x_TBC: Tensor,
        states: Sequence[Tensor] | None,
        parameters: Sequence[Tensor],
        lengths_B: Tensor | None = None,
    ) -> tuple[Tensor, list[Tensor]]:
        """What ``Layers.run`` gives. Second derivatives are an error (RuntimeError).

        ``lengths_B`` falls from row to row, as in a packed sequence, so that the rows that have
        not ended are the first ones.
        """
        if states is None:
            places = self.layers.layers * self.layers.directions
            states = zero_state(self.layers.rule, parameters[0], x_TBC, places)
        output_TBH, *final = _Recomputed.apply(  # type: ignore[no-untyped-call]
            self, lengths_B, x_TBC, torch.stack(list(states)), *parameters
        )
        return output_TBH, final

    def cut(self, x_TBC: Tensor, lengths_B: Tensor | None) -> list[_Chunk]:
        """The chunks in time order."""
        steps, batch, _ = x_TBC.shape
        return [
            _Chunk(
                start,
                min(start + self.steps, steps),
                batch if lengths_B is None else int((lengths_B > start).sum()),
                lengths_B,
            )
            for start in range(0, steps, self.steps)
        ]

    def run_chunk(
        self, chunk: _Chunk, x_TBC: Tensor, state_PLBH: Tensor, parameters: Sequence[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Outputs [t, B', H] of a chunk and the state after it, from its own inputs and rows."""
        output_TBH, final = self.layers.run(
            x_TBC, state_PLBH.unbind(0), parameters, chunk.lengths_left()
        )
        return output_TBH, torch.stack(final)


class _Randomness:
    """One number of torch's generator, from which every chunk draws its own, as often as it runs.

    The generator's state before each chunk would say the same in 5 KiB a chunk.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.seed = int(torch.randint(1 << 62, ()))

    @contextmanager
    def of(self, index: int) -> Iterator[None]:
        """Draw the numbers of chunk ``index``, and leave no trace."""
        is_cuda = self.device.type == "cuda"
        with torch.random.fork_rng(devices=[self.device] if is_cuda else []):
            if is_cuda:
                with torch.cuda.device(self.device):
                    torch.cuda.manual_seed(self.seed + index)
            else:
                torch.default_generator.manual_seed(self.seed + index)
            yield


class _Recomputed(torch.autograd.Function):
    """All chunks: forward keeps their borders, backward runs each again and goes back through it.

    torch.utils.checkpoint would do the same chunk by chunk, at the price of 80 MiB of torch that
    its first call loads and of a first forward pass that saves what is then thrown away. Borders
    stand in one array: small ones between large blocks that come and go would make the heap grow.
    """

    @staticmethod
    def forward(
        ctx: Any,
        chunks: Chunks,
        lengths_B: Tensor | None,
        x_TBC: Tensor,
        state_PLBH: Tensor,
        *parameters: Tensor,
    ) -> tuple[Tensor, ...]:
        cut, (steps, batch, _) = chunks.cut(x_TBC, lengths_B), x_TBC.shape
        width = state_PLBH.shape[-1] * chunks.layers.directions
        output_TBH = state_PLBH.new_zeros((steps if chunks.keep_outputs else 0, batch, width))
        borders_NPLBH = state_PLBH.new_empty((len(cut) + 1, *state_PLBH.shape))
        borders_NPLBH[0] = state_PLBH
        random = _Randomness(x_TBC.device) if chunks.layers.dropout > 0 else None
        for index, chunk in enumerate(cut):
            before, after = borders_NPLBH[index : index + 2, :, :, : chunk.live]
            with nullcontext() if random is None else random.of(index):
                output, state = chunks.run_chunk(chunk, chunk.of(x_TBC), before, parameters)
            borders_NPLBH[index + 1] = borders_NPLBH[index]
            after.copy_(state)
            if chunks.keep_outputs:
                chunk.of(output_TBH).copy_(output)
            del output  # or it would stand beside those of the next chunk
        ctx.chunks, ctx.cut, ctx.random = chunks, cut, random
        kind = x_TBC.device.type
        ctx.autocast = torch.get_autocast_dtype(kind), torch.is_autocast_enabled(kind)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x_TBC, borders_NPLBH, *parameters)
        return (output_TBH, *borders_NPLBH[-1].clone().unbind(0))

    @staticmethod
    def backward(
        ctx: Any, gradient_TBH: Tensor | None, *gradients: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        check_backward("recompute_steps", 'leave it out and make the module with kernel="torch"')
        x_TBC, borders_NPLBH, *parameters = ctx.saved_tensors
        needs_x, _, *needs = ctx.needs_input_grad[2:]
        leaves = [p.detach().requires_grad_(n) for p, n in zip(parameters, needs, strict=True)]
        sums = [torch.zeros_like(leaf) if leaf.requires_grad else None for leaf in leaves]
        x_gradient_TBC = torch.zeros_like(x_TBC) if needs_x else None
        none = torch.zeros_like(borders_NPLBH[0, 0])
        gradient_PLBH = torch.stack([none if part is None else part for part in gradients])
        for index, chunk in reversed(list(enumerate(ctx.cut))):
            x = chunk.of(x_TBC).detach().requires_grad_(needs_x)
            state = borders_NPLBH[index, :, :, : chunk.live].detach().requires_grad_()
            total = _weighted_sum(ctx, index, (x, state, leaves), (gradient_TBH, gradient_PLBH))
            wanted = [leaf for leaf in (state, x, *leaves) if leaf.requires_grad]
            found = iter(torch.autograd.grad(total, wanted))
            gradient_PLBH[:, :, : chunk.live] = next(found)
            if x_gradient_TBC is not None:
                chunk.of(x_gradient_TBC).copy_(next(found))
            for total_gradient in sums:
                if total_gradient is not None:
                    total_gradient.add_(next(found))
        return (None, None, x_gradient_TBC, gradient_PLBH, *sums)


def _weighted_sum(
    ctx: Any,
    index: int,
    inputs: tuple[Tensor, Tensor, list[Tensor]],
    gradients: tuple[Tensor | None, Tensor],
) -> Tensor:
    """A chunk's results times their gradients: what it adds to the loss, to first order.

    A scalar, since handing gradients to torch.autograd.grad imports sympy, 35 MiB.
    """
    chunk, device = ctx.cut[index], inputs[0].device
    dtype, enabled = ctx.autocast
    with torch.enable_grad(), torch.autocast(device.type, dtype=dtype, enabled=enabled):
        with nullcontext() if ctx.random is None else ctx.random.of(index):
            output, state = ctx.chunks.run_chunk(chunk, *inputs)
        total: Tensor = (state * gradients[1][:, :, : chunk.live]).sum()
        return total if gradients[0] is None else total + (output * chunk.of(gradients[0])).sum()
