"""Modules: weights by name, without gradients, built as outlines and then given their numbers."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from grucli.tensors.lean.functional import linear
from grucli.tensors.lean.functions import empty
from grucli.tensors.lean.tensor import Tensor


class Parameter(Tensor):
    """A weight: any tensor that a module has, so that the tensor itself is made of one."""

    def __new__(cls, values: Tensor) -> Any:
        """The tensor."""
        return values


class Module:
    """Something with weights and other modules as its attributes, which is called."""

    def __init__(self) -> None:
        self.training = True

    def __call__(self, *inputs: Any, **settings: Any) -> Any:
        """What ``forward`` gives."""
        return self.forward(*inputs, **settings)

    def forward(self, *inputs: Any, **settings: Any) -> Any:
        """What the module makes of its inputs."""
        raise NotImplementedError

    def register_parameter(self, name: str, parameter: Tensor) -> None:
        """Take a weight under a name."""
        setattr(self, name, parameter)

    @property
    def _parameters(self) -> dict[str, Tensor]:
        return {name: value for name, value in vars(self).items() if isinstance(value, Tensor)}

    @property
    def _modules(self) -> "dict[str, Module]":
        return {name: value for name, value in vars(self).items() if isinstance(value, Module)}

    def children(self) -> "Iterator[Module]":
        """The modules that are its attributes."""
        return iter(self._modules.values())

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """All weights, its own and its modules', by name."""
        for name, value in self._parameters.items():
            yield prefix + name, value
        for name, module in self._modules.items():
            yield from module.named_parameters(f"{prefix}{name}.")

    def parameters(self) -> Iterator[Tensor]:
        """All weights."""
        return (value for _, value in self.named_parameters())

    def state_dict(self) -> dict[str, Tensor]:
        """All weights by name."""
        return dict(self.named_parameters())

    def load_state_dict(self, state: Mapping[str, Tensor], assign: bool = True) -> None:
        """Put weights in the place of those that are there; the names must be the same."""
        for name, value in state.items():
            *path, last = name.split(".")
            module: Any = self
            for part in path:
                module = getattr(module, part)
            setattr(module, last, value)

    def double(self) -> Self:
        """Put its weights in float64."""
        self.load_state_dict({name: value.double() for name, value in self.named_parameters()})
        return self

    def train(self, mode: bool = True) -> Self:
        """Set it and its modules to training, or to use."""
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """Set it to use."""
        return self.train(False)


class Linear(Module):
    """The linear map x W' + b."""

    def __init__(self, inputs: int, outputs: int, bias: bool = True) -> None:
        super().__init__()
        self.in_features, self.out_features = inputs, outputs
        self.weight = empty(outputs, inputs)
        self.bias = empty(outputs) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Leave an outline as it is; drawing weights is torch's."""
        self.weight.uniform_()

    def forward(self, x: Tensor) -> Tensor:
        """The linear map."""
        return linear(x, self.weight, self.bias)


class ParameterList(Module):
    """Weights by number."""

    def __init__(self, values: Iterable[Tensor]) -> None:
        super().__init__()
        for place, value in enumerate(values):
            setattr(self, str(place), value)

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self._parameters.values())
