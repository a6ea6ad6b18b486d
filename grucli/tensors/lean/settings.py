"""How torch is told to compute, as far as there is something to tell here."""

import os
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from grucli.tensors.lean.gradients import grad
from grucli.tensors.lean.numbers import float32
from grucli.tensors.lean.steps import is_grad_enabled, no_grad, tracked_in
from grucli.tensors.lean.tensor import Tensor

inference_mode = no_grad


def is_autocast_enabled(_device: str) -> bool:
    """False: types are what they are."""
    return False


def get_autocast_dtype(_device: str) -> np.dtype[Any]:
    """What computation would be in, if types were not what they are."""
    return float32


def _no() -> bool:
    return False


compiler = SimpleNamespace(is_compiling=_no, is_exporting=_no)
onnx = SimpleNamespace(is_in_onnx_export=_no)
cuda = SimpleNamespace(is_available=_no)

_threads = 0


def set_num_threads(count: int) -> None:
    """Let the kernel use so many threads."""
    global _threads  # noqa: PLW0603 (a process has one number of threads)
    _threads = count


def get_num_threads() -> int:
    """Those that were set, or that OMP_NUM_THREADS says, or as many as there are cores."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return _threads or (int(asked) if asked.isdecimal() and int(asked) else _cores())


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Context:
    """What a function keeps for its backward pass, which never comes."""

    def save_for_backward(self, *_: Any) -> None:
        pass

    def set_materialize_grads(self, _: bool) -> None:
        pass


class Function:
    """A step with a backward pass of its own: the way forward."""

    @classmethod
    def apply(cls, *arguments: Any) -> Any:
        """Run it. Raises RuntimeError where gradients are asked for."""
        if is_grad_enabled() and any(map(tracked_in, arguments)):
            raise RuntimeError(f"{cls.__name__}: its gradients need torch")
        forward: Any = cls.__dict__["forward"].__func__
        return forward(_Context(), *arguments)


autograd = SimpleNamespace(Function=Function, grad=grad)


def _solve(matrix: Tensor, sides: Tensor) -> Tensor:
    return Tensor(np.linalg.solve(matrix.array, sides.array))


class _QR(NamedTuple):
    Q: Tensor
    R: Tensor


def _qr(matrix: Tensor) -> _QR:
    return _QR(*map(Tensor, np.linalg.qr(matrix.array)))


linalg = SimpleNamespace(solve=_solve, qr=_qr)
