"""The gradient of what was computed, back through its steps, as torch.autograd.grad gives it."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from grucli.tensors.lean.steps import Step, enable_grad, no_grad, tracked_in
from grucli.tensors.lean.tensor import Tensor, Tracked

_Place = tuple[int, int]
"""Where a tensor comes from: the number of its step, and which of the results it is."""


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | None = None,
    *,
    create_graph: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """Gradients of one output, times ``grad_outputs`` (1 if None), by each of the inputs.

    With ``create_graph`` they have gradients in turn. Of an input that it does not depend on it is
    None, zeros with ``materialize_grads``. Steps are always kept. Raises RuntimeError where a
    function on the way has no known gradient.
    """
    output, wanted = _several(outputs)[0], _several(inputs)
    start = output.detach().new_ones(output.shape) if grad_outputs is None else grad_outputs
    with enable_grad() if create_graph else no_grad():
        found = _back(output, start, {_place(x) for x in wanted})
    none = (Tensor(np.zeros_like(x.array)) if materialize_grads else None for x in wanted)
    return tuple(found.get(_place(x), zeros) for x, zeros in zip(wanted, none, strict=True))


def _several(values: Any) -> Sequence[Any]:
    return [values] if isinstance(values, Tensor) else values


def _place(tensor: Tracked) -> _Place:
    return tensor.step.number, tensor.place


def _back(output: Any, start: Tensor, wanted: set[_Place]) -> dict[_Place, Tensor]:
    """Gradients at the wanted places, found from the last step to the first."""
    if not output.requires_grad:
        return {}
    found = {_place(output): start}
    steps = _between(output.step, {number for number, _ in wanted})
    for number in sorted(steps, reverse=True):
        step = steps[number]
        places = [(number, place) for place in range(len(step.shapes))]
        own = [found.get(p) if p in wanted else found.pop(p, None) for p in places]
        if all(gradient is None for gradient in own):
            continue
        given = _whole(own, step) if step.several else own[0]
        for argument, gradient in _of_arguments(step, given, steps):
            place, fitted = _place(argument), _fitted(gradient, argument)
            found[place] = found[place] + fitted if place in found else fitted
    return found


def _between(last: Step, first: set[int]) -> dict[int, Step]:
    """The steps by number that lead from some to the last one, those among them."""
    seen: dict[int, Step] = {}
    ahead = [last]
    while ahead:
        step = ahead.pop()
        if step.number not in seen:
            seen[step.number] = step
            ahead += [tensor.step for tensor in step.parents]
    kept: dict[int, Step] = {}
    for number in sorted(seen):
        if number in first or any(t.step.number in kept for t in seen[number].parents):
            kept[number] = seen[number]
    return kept


def _whole(own: Sequence[Tensor | None], step: Step) -> tuple[Tensor, ...]:
    """Of a step with several results the gradients of all: zeros of those that were not used."""
    like = next(gradient for gradient in own if gradient is not None)
    return tuple(
        like.new_zeros(shape) if gradient is None else gradient
        for gradient, shape in zip(own, step.shapes, strict=True)
    )


def _of_arguments(
    step: Step, gradient: Any, steps: dict[int, Step]
) -> Iterator[tuple[Tracked, Any]]:
    """Each argument of a step that is on the way to others, and its gradient."""
    for at, argument in enumerate(step.arguments):
        on_the_way = [t.step.number in steps for t in tracked_in(argument)]
        if not any(on_the_way):
            continue
        if at >= len(step.backs):
            raise RuntimeError(f"{step.name}: no gradient is known of it here; torch knows it")
        back = step.backs[at]
        if back is None:
            continue
        gradients = back(gradient, *step.arguments, **step.settings)
        several = isinstance(argument, list | tuple)
        pairs = zip(argument, gradients, strict=True) if several else [(argument, gradients)]
        yield from (
            pair for pair in pairs if pair[0].requires_grad and pair[0].step.number in steps
        )


def _fitted(gradient: Any, argument: Tensor) -> Any:
    """Summed over the axes along which the argument was repeated."""
    for _ in range(gradient.dim() - argument.dim()):
        gradient = gradient.sum(dim=0)
    for axis, size in enumerate(argument.shape):
        if size == 1 and gradient.shape[axis] != 1:
            gradient = gradient.sum(dim=axis, keepdim=True)
    return gradient
