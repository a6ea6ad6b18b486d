"""What a tensor was made of, so that gradients find the way back; kept only where it is asked for.

A function says by ``differentiable`` how the gradient of its result becomes that of each of its
arguments. What says nothing and is asked is an error, never a zero.
"""

from collections.abc import Callable, Mapping
from contextlib import ContextDecorator
from functools import wraps
from itertools import count
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

from grucli.tensors.lean.numbers import Held

Back = Callable[..., Any]
"""The way back: of a result's gradient and the arguments that it was made of, that of one of them.

Of an argument that is a list, a list.
"""

_numbers = count()


class _Block(ContextDecorator):
    kept: ClassVar[bool] = False
    to: ClassVar[bool]

    def __init__(self) -> None:
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(_Block.kept)
        _Block.kept = self.to

    def __exit__(self, *_: object) -> None:
        _Block.kept = self._before.pop()


class no_grad(_Block):  # noqa: N801 (torch's name)
    """A block without gradients, as all is outside of ``enable_grad``."""

    to = False


class enable_grad(_Block):  # noqa: N801 (torch's name)
    """A block in which the way back is kept to tensors that ask for gradients."""

    to = True


def is_grad_enabled() -> bool:
    """Whether the way back is kept."""
    return _Block.kept


class Step(NamedTuple):
    """What made tensors: its place in the order of all steps, its arguments, those of them that
    lead further back, the ways back to all, and the shapes of its results (``several``: a tuple).

    One without arguments is where ways end.
    """

    number: int
    name: str = ""
    arguments: tuple[Any, ...] = ()
    settings: Mapping[str, Any] = MappingProxyType({})
    parents: tuple[Any, ...] = ()
    backs: tuple[Back | None, ...] = ()
    shapes: tuple[tuple[int, ...], ...] = ()
    several: bool = False


def first_step() -> Step:
    """A step without arguments."""
    return Step(next(_numbers))


def tracked_in(argument: Any) -> list[Any]:
    """The tensors of an argument that ask for gradients."""
    if isinstance(argument, Held):
        return [argument] if argument.requires_grad else []
    parts = argument if isinstance(argument, list | tuple) else ()
    return [part for part in parts if isinstance(part, Held) and part.requires_grad]


def differentiable(*backs: Back | None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Have a function's results keep the way back to its arguments, one of ``backs`` for each.

    None is an argument that the result does not change with, but for jumps. Those that are left
    out have no known way back.
    """

    def keeping(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*arguments: Any, **settings: Any) -> Any:
            if not _Block.kept:
                return function(*arguments, **settings)
            parents = tuple(t for argument in arguments for t in tracked_in(argument))
            with no_grad():
                made = function(*arguments, **settings)
            if not parents:
                return made
            several = isinstance(made, tuple)
            parts = made if several else (made,)
            shapes = tuple(part.shape for part in parts)
            kept = (function.__name__, arguments, settings, parents, backs, shapes, several)
            step = Step(next(_numbers), *kept)
            tracked = tuple(part.tracked(step, place) for place, part in enumerate(parts))
            return tracked if several else tracked[0]

        return call

    return keeping
