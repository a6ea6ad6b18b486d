"""Run a recurrent stack step by step in its reference equations and keep every value on the way.

Suffixes: T time, B batch, C inputs, H hidden, G all gates side by side, in their order.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from grucli.cells.address import Place
from grucli.nn.layer import run_layer
from grucli.nn.norms import project_input, step_values
from grucli.nn.rules import CellRule, LayerState, LayerWeights, StepValues
from grucli.nn.stack import Recurrent
from grucli.nn.states import State, joined
from grucli.nn.walk import walk
from grucli.tensors import Tensor, functional, torch


@dataclass(frozen=True, eq=False)
class LayerRecord:
    """One layer in one direction over a sequence; tensors [T, ...] are in the order of the table.

    ``inputs`` [T, B, C] is what the layer reads, ``projected`` [T, B, G] their share of the gates.
    ``states`` [T + 1], with all their parts, stand in the order of computation, the initial one
    first, each the very tensor that the next step reads, so that gradients can be asked for.
    ``sums`` and ``normalised`` are None unless the variant normalises sums.
    ``own`` [T, B, H] are the layer's outputs as the module itself computes them.
    """

    layer: int
    reverse: bool
    rule: CellRule
    weights: LayerWeights
    inputs: Tensor
    projected: Tensor
    states: tuple[LayerState, ...]
    gates: Tensor
    arguments: Tensor
    sums: Tensor | None
    normalised: Tensor | None
    own: Tensor

    def parts_after(self, part: int = 0) -> Tensor:
        """The state after each step, [T, B, H]: part 0 is h, of an lstm 1 is c."""
        after = torch.stack([state[part] for state in self.states[1:]])
        return after.flip(0) if self.reverse else after

    def parts_before(self, part: int = 0) -> Tensor:
        """The state that each step reads, [T, B, H]."""
        before = torch.stack([state[part] for state in self.states[:-1]])
        return before.flip(0) if self.reverse else before

    def products(self) -> dict[str, Tensor]:
        """W_x x and W_h h alone, before bias and normalisation, [T, B, G], by side of the cell."""
        read = {"ih": self.inputs, "hh": self.parts_before()}
        weights = {"ih": self.weights.weight_ih, "hh": self.weights.weight_hh}
        return {
            side: functional.linear(read[side], weight)
            for side, weight in weights.items()
            if weight is not None
        }


@dataclass(frozen=True, eq=False)
class StackRecord:
    """Every layer and direction of a stack, lowest first, forward before reverse."""

    layers: tuple[LayerRecord, ...]
    output: Tensor
    final: tuple[Tensor, ...]


def record_stack(
    module: Recurrent, x_TBC: Tensor, states: tuple[Tensor, ...] | None = None
) -> StackRecord:
    """Record a stack over [T, B, C], without dropout; ``states`` (zeros if None) as in torch.

    Gradients flow through the recorded values unless they are switched off.
    """
    if states is None:
        shape = (module.num_layers * module.directions, x_TBC.shape[1], module.hidden_size)
        states = tuple(x_TBC.new_zeros(shape) for _ in module.rule.spec.state)
        if torch.is_grad_enabled():
            states = tuple(part.requires_grad_() for part in states)
    starts = list(zip(*(part.unbind(0) for part in states), strict=True))

    def visit(place: Place, x_TBC: Tensor) -> tuple[Tensor, LayerRecord]:
        start = starts[place.layer * module.directions + place.reverse]
        record = _record_layer(module, place, x_TBC, start)
        return record.parts_after(), record

    output_TBC, records = walk(module.num_layers, module.directions, x_TBC, visit)
    finals = zip(*(record.states[-1] for record in records), strict=True)
    return StackRecord(tuple(records), output_TBC, tuple(map(torch.stack, finals)))


@contextmanager
def recording(module: Recurrent) -> Iterator[list[StackRecord]]:
    """Record each call of a stack inside the block, and hand its caller the recorded result.

    So gradients of whatever a model makes of the stack's output reach the recorded states. Takes
    batches [B, T, C] or [T, B, C]; raises ValueError for a PackedSequence or a single sequence.
    """
    records: list[StackRecord] = []

    def recorded(inputs: Any, hx: State | None = None, **_: Any) -> tuple[Tensor, State]:
        if not isinstance(inputs, Tensor) or inputs.dim() != 3:
            raise ValueError("recording: expected a batch of sequences with 3 dimensions")
        states = (hx,) if isinstance(hx, Tensor) else hx
        x_TBC = inputs.transpose(0, 1) if module.batch_first else inputs
        record = record_stack(module, x_TBC, states)
        records.append(record)
        output = record.output.transpose(0, 1) if module.batch_first else record.output
        return output, joined(record.final)

    vars(module)["forward"] = recorded
    try:
        yield records
    finally:
        del vars(module)["forward"]


def _record_layer(module: Recurrent, place: Place, x_TBC: Tensor, start: LayerState) -> LayerRecord:
    rule, reverse = module.rule, place.reverse
    weights = module.weights_at(place)
    with torch.no_grad():
        own_TBH, _ = run_layer(rule, weights, x_TBC, start, reverse=reverse)
    projected = project_input(rule, weights, x_TBC)
    rows = projected.unbind(0)
    states = [start]
    steps: list[StepValues] = []
    for x_BG in reversed(rows) if reverse else rows:
        steps.append(step_values(rule, weights, x_BG, states[-1]))
        # A view: the gradient of an lstm's c is not to come back through the h beside it.
        states.append(tuple(part.view_as(part) for part in steps[-1].state))
    if reverse:
        steps.reverse()
    has_sums = bool(steps[0].sums)
    return LayerRecord(
        layer=place.layer,
        reverse=reverse,
        rule=rule,
        weights=weights,
        inputs=x_TBC,
        projected=projected,
        states=tuple(states),
        gates=_side_by_side([step.gates for step in steps]),
        arguments=_side_by_side([step.arguments for step in steps]),
        sums=_side_by_side([step.sums for step in steps]) if has_sums else None,
        normalised=_side_by_side([step.normalised for step in steps]) if has_sums else None,
        own=own_TBH,
    )


def _side_by_side(steps: list[tuple[Tensor, ...]]) -> Tensor:
    return torch.stack([torch.cat(parts, dim=-1) for parts in steps]).detach()
