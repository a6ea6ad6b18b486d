"""A whole layer from tensors to tensors in the compiled module, past torch's dispatcher.

What the dispatcher and the look at every tensor in Python take is longer than the cells of a small
layer. Where torch has to see the operators, or a tensor has to be laid out or refused, the answer
is None, and the way through ``operators.py`` is the one to take.
"""

from typing import Any

from grucli.nn.native.problem import TENSORS, Layer, address, checked_lengths, native
from grucli.nn.transforms import is_recorded
from grucli.tensors import Tensor, nn, torch

_COUNT, _FIELDS = len(TENSORS), len(Layer._fields)
KINDS = (Tensor, nn.Parameter)
_PLAIN = frozenset((*KINDS, type(None)))
_LAYER: Any = native.Layer(KINDS) if native else None


def is_plain(tensors: Any) -> bool:
    """Whether nothing but the kernel has to see these tensors, each torch's own or None."""
    return _PLAIN.issuperset(map(type, tensors)) and not is_recorded()


def forward(arguments: Any) -> tuple[Tensor | None, ...] | None:
    """What the operator ``recurrent_forward`` gives for its arguments, all plain, or None.

    What is empty there is None here.
    """
    tensors, layer = arguments[:_COUNT], Layer(*arguments[:_FIELDS])
    rule, save = (layer.variant, layer.eps, layer.reverse), arguments[-1]
    if _is_negated(layer.x):
        return None
    lengths_B = _lengths(layer)
    found: tuple[Tensor | None, ...] | None = _LAYER.forward(
        *rule, tensors, address(lengths_B), save, torch.get_num_threads()
    )
    return found


def backward(arguments: Any) -> list[Tensor | None] | None:
    """What the operator ``recurrent_backward`` gives for its arguments, or None.

    What is empty there is None here.
    """
    tensors, results = arguments[:_COUNT], arguments[_FIELDS:-1]
    if not is_plain(results):
        return None
    layer = Layer(*arguments[:_FIELDS])
    if _is_negated(layer.x):
        return None
    rule, needs_x = (layer.variant, layer.eps, layer.reverse), arguments[-1]
    lengths_B = _lengths(layer)
    found: list[Tensor | None] | None = _LAYER.backward(
        *rule, tensors, address(lengths_B), results, needs_x, torch.get_num_threads()
    )
    return found


def _is_negated(x_TBC: Tensor) -> bool:
    """Whether torch has yet to negate what lies in memory: the imaginary part of a conjugate.

    Such a view has a stride of 2, by which the compiled module knows it where no axis is single.
    """
    return bool(x_TBC.is_neg())


def _lengths(layer: Layer) -> Tensor | None:
    if layer.lengths is None:
        return None
    return checked_lengths(layer.lengths, layer.x.shape[1], layer.x.shape[0])
