"""One time step after another in the compiled kernel, without what a whole sequence needs.

An operator call costs more than the arithmetic of one row: its checks, its dispatch, and packing
the weights. ``Stepper`` leaves that out where nobody would notice.

Suffixes: B batch, C inputs, H hidden, L layers.
"""

from collections.abc import Mapping
from typing import Any

from grucli.nn.native.binding import check_kernel, check_precision, chosen_kernel, operands
from grucli.nn.native.problem import PARAMETERS, VARIANTS, address, knows, native, rule_words
from grucli.nn.rules import CellRule, LayerWeights, parameter_shapes
from grucli.nn.states import State, joined
from grucli.nn.transforms import is_watched
from grucli.tensors import IS_TORCH, Tensor, nn, torch

_PLAIN = (Tensor, nn.Parameter)


class Stepper:
    """Steps of a stack of layers in one direction, whose weights stay packed between calls.

    Weights can be changed in any way at any time: at every step their bytes are compared with those
    that were packed. What is kept is a cache: it is not copied, pickled or saved with its module.
    """

    def __init__(
        self, rule: CellRule, sizes: tuple[int, int, int], *, bias: bool, kernel: str = "auto"
    ) -> None:
        """``sizes`` are inputs, hidden and layers; with ``kernel`` torch there are no steps.

        Raises what ``check_kernel`` and ``check_precision`` do.
        """
        self._rule, (self._inputs, self._hidden, self._layers) = rule, sizes
        check_kernel(kernel)
        check_precision(rule, kernel=kernel)
        self._is_possible = knows(rule) and kernel != "torch"
        self._operands: list[dict[str, tuple[str, tuple[int, ...]]]] = []
        """Of each layer: the kernel's name of a parameter -> its own and its shape."""
        for layer in range(self._layers):
            width = self._inputs if layer == 0 else self._hidden
            shapes = parameter_shapes(rule, width, self._hidden, bias=bias)
            named: dict[str, Any] = {
                kind: (f"{kind}_l{layer}", shape) for kind, shape in shapes.items()
            }
            given = zip(PARAMETERS, operands(LayerWeights(**named)), strict=True)
            self._operands.append({name: value for name, value in given if value is not None})
        self._native: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_native": None}

    def step(
        self, parameters: Mapping[str, Tensor | None], x_BC: Tensor, state: State | None
    ) -> tuple[Tensor, State] | None:
        """Output [B, H] and next state in the bytes of a whole sequence, or None.

        ``parameters`` are those of the stack by name, ``state`` its state or None for zeros. None
        says that the ordinary way has to be taken: for gradients, tracing, another kernel, type or
        device, and for whatever is an error there. Dense tensors of torch go to the kernel as they
        are; for others, such as numpy's, their addresses are looked up first.
        """
        if not self._is_possible or is_watched():
            return None
        if chosen_kernel(native.environment) != "native":
            return None
        stepper, threads = self._native or self._new_native(), torch.get_num_threads()
        # Of one number alone, a negated view cannot be told by its strides.
        if IS_TORCH and self._hidden > 1 and not x_BC.is_neg():
            stepped: Any = stepper.step_tensors(parameters, x_BC, state, threads)
            if stepped is not None:
                self._native = stepper
                return stepped  # type: ignore[no-any-return]
        x_BC = x_BC.contiguous()
        batch, parts = x_BC.shape[0], len(self._rule.spec.state)
        shape = (self._layers, batch, self._hidden)
        rows = native.StepRows(batch)
        try:
            weights = [self._addresses(parameters, named) for named in self._operands]
            rows.x = _address(x_BC, (batch, self._inputs))
            if state is not None:
                given = (state,) if isinstance(state, Tensor) else state
                for name, part in zip(("h0", "c0")[:parts], given, strict=True):
                    setattr(rows, name, _address(part, shape))
        except (RuntimeError, ValueError):
            return None
        output_BH, after = x_BC.new_empty(shape[1:]), [x_BC.new_empty(shape) for _ in range(parts)]
        rows.output = output_BH.data_ptr()
        for name, part in zip(("h_n", "c_n"), after, strict=False):
            setattr(rows, name, part.data_ptr())
        stepper.step(rows, weights, threads)
        self._native = stepper
        return output_BH, joined(after)

    def _new_native(self) -> Any:
        variant, sizes = VARIANTS[rule_words(self._rule)], (self._inputs, self._hidden)
        names = [
            tuple(named[kind][0] if kind in named else None for kind in PARAMETERS)
            for named in self._operands
        ]
        return native.Stepper(variant, self._rule.eps, *sizes, names, _PLAIN)

    @staticmethod
    def _addresses(
        parameters: Mapping[str, Tensor | None], named: dict[str, tuple[str, tuple[int, ...]]]
    ) -> Any:
        """Where the parameters of one layer lie. Raises RuntimeError for any that does not fit."""
        addresses = native.Parameters()
        for name, (own, shape) in named.items():
            setattr(addresses, name, _address(parameters.get(own), shape))
        return addresses


def _address(tensor: Any, shape: tuple[int, ...]) -> int:
    """Where a dense float32 tensor of this shape lies in memory.

    Raises RuntimeError for any other, as torch does for the wrappers of torch.func.
    """
    if (
        type(tensor) in _PLAIN
        and tensor.dtype == torch.float32
        and tensor.is_cpu
        and tensor.shape == shape
        and tensor.is_contiguous()
        and not tensor.is_neg()
    ):
        return address(tensor)
    raise RuntimeError(f"expected dense float32 numbers {shape} on the CPU")
