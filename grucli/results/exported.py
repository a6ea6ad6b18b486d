"""What ``grucli export`` wrote."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Port:
    """An input or output of a graph: its type, its axes (a size, or the name of an open one), and
    the columns along its last axis.
    """

    name: str
    dtype: str
    axes: tuple[int | str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Parity:
    """The largest difference from what predict says, in the table's units, and what it was
    compared on.
    """

    largest_difference: float
    contexts: int
    compared_on: str


@dataclass(frozen=True)
class Exported:
    """A file of another format. Of weights alone there are no inputs, outputs and parity."""

    checkpoint: str
    path: str
    format: str
    bytes: int
    tensors: int
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    levels: tuple[float, ...] = ()
    parity: Parity | None = None
