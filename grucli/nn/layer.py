"""Layers over a sequence: one in one direction, and all of a stack on top of each other.

``run_layer`` is the one place that chooses how a layer is computed: it takes tensors in and gives
tensors out and knows no module; a faster way to compute the same numbers replaces its body and
nothing else. Suffixes: T time, B batch, C inputs, H hidden.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from grucli.cells.address import Place
from grucli.nn import cuda
from grucli.nn.fused import fused_call, run_layer_fused
from grucli.nn.native.binding import run_layer_native, supports
from grucli.nn.norms import project_input, step_values
from grucli.nn.portable import run_layer_portable
from grucli.nn.rules import CellRule, LayerState, LayerWeights
from grucli.nn.transforms import is_compiling, is_transformed
from grucli.nn.walk import walk
from grucli.tensors import IS_TORCH, Tensor, functional, torch


class Layers(NamedTuple):
    """A stack without its parameters; ``kinds`` are those of each layer and direction, in order.

    ``dropout`` acts between layers, 0 outside training. ``kernel`` is as in ``run_layer``.
    """

    rule: CellRule
    kinds: tuple[str, ...]
    layers: int
    directions: int
    dropout: float
    kernel: str = "auto"

    def run(
        self,
        x_TBC: Tensor,
        states: Sequence[Tensor] | None,
        parameters: Sequence[Tensor],
        lengths_B: Tensor | None = None,
    ) -> tuple[Tensor, list[Tensor]]:
        """Outputs [T, B, H * directions] and the final state; reads no other tensors.

        ``states`` and the result hold the parts of a state, [layers * directions, B, H] each;
        None is one of zeros.
        """
        starts: Sequence[LayerState | None] = [None] * (self.layers * self.directions)
        if states is not None:
            starts = list(zip(*(part.unbind(0) for part in states), strict=True))
        visit = partial(self._visit, starts=starts, parameters=parameters, lengths_B=lengths_B)
        drop = self._drop if self.dropout > 0 else None
        output_TBC, finals = walk(self.layers, self.directions, x_TBC, visit, between=drop)
        return output_TBC, [_stacked(parts) for parts in zip(*finals, strict=True)]

    def _visit(
        self,
        place: Place,
        x_TBC: Tensor,
        *,
        starts: Sequence[LayerState | None],
        parameters: Sequence[Tensor],
        lengths_B: Tensor | None,
    ) -> tuple[Tensor, LayerState]:
        at, count = place.layer * self.directions + place.reverse, len(self.kinds)
        own = parameters[at * count : (at + 1) * count]
        weights = LayerWeights(**dict(zip(self.kinds, own, strict=True)))
        return run_layer(
            self.rule,
            weights,
            x_TBC,
            starts[at],
            reverse=place.reverse,
            lengths_B=lengths_B,
            kernel=self.kernel,
        )

    def _drop(self, x_TBC: Tensor) -> Tensor:
        return functional.dropout(x_TBC, self.dropout)


def _stacked(parts: tuple[Tensor, ...]) -> Tensor:
    """[L, B, H] of L states; one alone needs no copy."""
    return parts[0].unsqueeze(0) if len(parts) == 1 else torch.stack(parts)


def run_layer(
    rule: CellRule,
    weights: LayerWeights,
    x_TBC: Tensor,
    state: LayerState | None,
    *,
    reverse: bool = False,
    lengths_B: Tensor | None = None,
    kernel: str = "auto",
) -> tuple[Tensor, LayerState]:
    """Run a layer over a sequence; returns its outputs [T, B, H] and its final state.

    ``reverse`` starts at the last step; outputs stay in the order of the input. ``lengths_B``
    (integers on the CPU, 1 to T) ends every row on its own: later steps leave the state as it is
    and their outputs are zero. A ``state`` of None is one of zeros. ``kernel`` auto computes with
    what the process has chosen; torch never with the compiled kernel, which has first derivatives
    alone; native also leaves the compiled kernel's operator in a graph of torch.export, which
    otherwise is torch's own and runs without grucli.
    """
    is_native = supports(rule, x_TBC, weights, kernel=kernel)
    leaves = torch.compiler.is_exporting() and lengths_B is None
    if is_native and (kernel == "native" or not leaves):
        return run_layer_native(rule, weights, x_TBC, state, reverse=reverse, lengths_B=lengths_B)
    if state is None:
        state = zero_state(rule, weights.weight_ih, x_TBC)
    if leaves:
        return run_layer_portable(rule, weights, x_TBC, state, reverse=reverse)
    plain = is_transformed() or (is_compiling() and torch.is_grad_enabled())
    plain = plain or not IS_TORCH
    if not plain and cuda.supports(rule, x_TBC, weights, kernel=kernel):
        from grucli.nn.cuda.binding import run_layer_cuda

        return run_layer_cuda(rule, weights, x_TBC, state, reverse=reverse, lengths_B=lengths_B)
    fused = None if plain else fused_call(rule)
    if fused is not None:
        return run_layer_fused(fused, weights, x_TBC, state, reverse=reverse, lengths_B=lengths_B)
    return _run_steps(rule, weights, x_TBC, state, reverse=reverse, lengths_B=lengths_B)


def zero_state(rule: CellRule, weight_ih: Tensor, x_TBC: Tensor, *places: int) -> LayerState:
    """The state that a layer begins with where nothing is said; of so many places [L, B, H]."""
    shape = (*places, x_TBC.shape[1], len(weight_ih) // len(rule.spec.gates))
    return tuple(x_TBC.new_zeros(shape) for _ in rule.spec.state)


def _run_steps(
    rule: CellRule,
    weights: LayerWeights,
    x_TBC: Tensor,
    state: LayerState,
    *,
    reverse: bool,
    lengths_B: Tensor | None,
) -> tuple[Tensor, LayerState]:
    """One step after the other in torch."""
    projected = project_input(rule, weights, x_TBC).unbind(0)
    live_TB1 = None if lengths_B is None else _live(lengths_B, x_TBC)
    outputs: list[Tensor] = [state[0]] * len(projected)
    for t in reversed(range(len(projected))) if reverse else range(len(projected)):
        after = step_values(rule, weights, projected[t], state).state
        state = after if live_TB1 is None else _advanced(live_TB1[t], after, state)
        outputs[t] = state[0]
    output_TBH = torch.stack(outputs)
    if live_TB1 is not None:
        output_TBH = torch.where(live_TB1, output_TBH, torch.zeros_like(output_TBH))
    return output_TBH, state


def _advanced(live_B1: Tensor, after: LayerState, before: LayerState) -> LayerState:
    """The next state of the rows that go on, the old one of those that have ended."""
    pairs = zip(after, before, strict=True)
    return tuple(torch.where(live_B1, new, old) for new, old in pairs)


def _live(lengths_B: Tensor, x_TBC: Tensor) -> Tensor:
    """True [T, B, 1] at the steps that belong to a row."""
    steps_T = torch.arange(x_TBC.shape[0], device=x_TBC.device)
    return (steps_T[:, None] < lengths_B.to(x_TBC.device)).unsqueeze(-1)
