"""Which of the two computes in this process: torch, or numpy where a model is only read."""

import sys
from importlib.util import find_spec
from os import environ
from pathlib import Path
from typing import NoReturn

from grucli.errors import MissingPackageError

_reads_only = False


def read_only() -> None:
    """Say, before anything is loaded, that this process trains nothing: numpy will do.

    Loading torch takes longer than most forecasts.
    """
    global _reads_only  # noqa: PLW0603 (a process computes with one of the two)
    _reads_only = True


def one_thread() -> None:
    """Say, before numpy is loaded, that it is to compute in one thread, unless it was told how.

    A sequence is many small products one after the other: threads would wait for each other longer
    than they compute, and on a machine that is busy a hundred times as long.
    """
    if not {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"} & environ.keys():
        environ["OPENBLAS_NUM_THREADS"] = "1"


def takes_torch() -> bool:
    """Whether torch computes.

    It does where it is loaded or asked for (GRUCLI_KERNEL=torch), and wherever it is installed and
    either more than reading is to be done or there is no compiled kernel to read with.
    """
    if environ.get("GRUCLI_KERNEL") == "torch":
        need_torch()
        return True
    return bool(sys.modules.get("torch")) or (not (_reads_only and _has_kernel()) and _has_torch())


def need_torch() -> None:
    """Raise MissingPackageError where torch is not installed, before anything asks for it."""
    if not _has_torch():
        raise MissingPackageError("torch")


def without_torch(what: str) -> NoReturn:
    """Refuse what torch alone does, in a process that computes without it.

    Raises MissingPackageError, or RuntimeError where torch is installed.
    """
    need_torch()
    raise RuntimeError(
        f"{what} needs torch, which GRUCLI_KERNEL=torch takes; this process does not"
    )


def _has_torch() -> bool:
    return bool(sys.modules.get("torch")) or find_spec("torch") is not None


def _has_kernel() -> bool:
    """Whether the compiled module is installed; found without its package, which asks for this."""
    place = [str(Path(__file__).parent / "nn")]
    return any(finder.find_spec("grucli.nn._native", place) for finder in sys.meta_path)
