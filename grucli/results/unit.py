"""What one unit of a recurrent layer learned."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Link:
    """One weight: of ``gate``, between the unit and ``name``, an input column or another unit."""

    gate: str
    name: str
    weight: float


@dataclass(frozen=True)
class UnitGate:
    """One gate of the unit, over the newest context where that was read.

    ``bias`` is the sum of its biases, ``values`` has one number a step. ``relative_changes`` is how
    far its row of weights was from its initialisation, over the norm of that, at each step of
    ``UnitReport``'s ``learned_steps``.
    """

    gate: str
    symbol: str
    bias: float | None
    values: tuple[float, ...] = ()
    relative_changes: tuple[float, ...] = ()


@dataclass(frozen=True)
class UnitReport:
    """One unit: what it reads, what reads it, what it does and how it came to that.

    ``incoming_weights`` has the largest weights of what comes in, then of the states,
    ``outgoing_weights`` those by which others read the unit: units of its own layer and, from
    ``above``, of the next one. ``time_constant_steps`` is the one that the bias of the gate that
    keeps the state sets. ``decoder_weights`` has the weight of its state in every number that the
    decoder makes of it, where that is a linear map: those of ``decoder_steps`` steps one behind the
    other, all of the horizon or those of one segment.
    ``inputs`` has each input column along the ``times`` of the newest context, scaled and
    normalised as the model reads it, ``states`` the state after each step; the values of states and
    gates are fewer than the times where a step reads a segment of rows. ``note`` says why there is
    none. ``member`` and ``members`` are as in ``TraceReport``.
    """

    path: str
    cell: str
    layer: int
    direction: str
    unit: int
    units: int
    incoming_weights: tuple[Link, ...]
    outgoing_weights: tuple[Link, ...]
    gates: tuple[UnitGate, ...]
    time_constant_steps: float | None
    decoder_weights: tuple[float, ...] = ()
    decoder_steps: int = 0
    learned_steps: tuple[int, ...] = ()
    times: tuple[str, ...] = ()
    inputs: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    states: tuple[float, ...] = ()
    note: str = ""
    member: int | None = None
    members: int = 1
