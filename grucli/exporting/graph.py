"""What every format of a graph is given, and has to do."""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grucli.exporting.program import Program

Arrays = Mapping[str, NDArray[Any]]
"""Inputs of a graph by name."""
_LEAST_STEPS = 3
"""An open length begins here: torch draws another graph of sequences of one or two steps."""


@dataclass(frozen=True, eq=False)
class Graph:
    """A program with an example of its inputs, and ``facts`` that say what they are, as JSON."""

    program: Program
    example: Arrays
    facts: str

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The example, its first row twice: torch takes one row for a size that stays."""
        return {
            name: torch.from_numpy(np.repeat(array[:1], 2, axis=0))
            for name, array in self.example.items()
        }

    @property
    def free(self) -> dict[str, dict[int, str]]:
        """The axes of each input that stay open: of series, and of time where the model allows."""
        axes = {name: {0: "batch"} for name in self.example}
        if self.program.is_free and self.example["values"].shape[1] >= _LEAST_STEPS:
            axes["values"][1] = "time"
        return axes

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of what comes out."""
        return ("forecast", "quantiles") if self.program.levels else ("forecast",)


@dataclass(frozen=True)
class GraphFormat:
    """A kind of file: ``draw`` makes its bytes, ``run`` computes what they say of some inputs.

    ``packages`` are those of the extra ``export`` that it takes.
    """

    name: str
    draw: Callable[[Graph], bytes]
    run: Callable[[bytes, Arrays], Sequence[NDArray[Any]]]
    packages: tuple[str, ...] = ()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what torch tells developers of its exporters from the terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
