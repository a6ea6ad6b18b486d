"""What the gates of a recorded stack did: values by time and unit, and their statistics.

Suffixes: T steps, B samples, H units, all as chosen by a ``Selection``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from grucli.cells import CELLS
from grucli.nn.recording import LayerRecord
from grucli.results.tracing import GateActivity
from grucli.tensors import Tensor, functional, torch


@dataclass(frozen=True)
class Selection:
    """Which units, gates (by word), and steps (from 0) to look at; None is all of them."""

    units: tuple[int, ...] | None = None
    gates: tuple[str, ...] | None = None
    steps: tuple[int, ...] | None = None

    def pick(self, values_TBH: Tensor) -> Tensor:
        """The chosen steps and units of [T, B, H]."""
        if self.steps is not None:
            values_TBH = values_TBH[list(self.steps)]
        return values_TBH if self.units is None else values_TBH[..., list(self.units)]

    def takes(self, gate: str) -> bool:
        """Whether this gate is among the chosen ones."""
        return self.gates is None or gate in self.gates


def value_names(cell: str, selection: Selection) -> tuple[str, ...]:
    """Names of the columns that ``values_of`` gives."""
    spec = CELLS[cell]
    symbols = [gate.letter for gate in spec.gates if selection.takes(gate.name)]
    states = [spec.state[part] for part in spec.shown_states]
    before = [f"{side.product}_{symbol}" for side in spec.sides for symbol in symbols]
    return (*symbols, *states, *before, *(f"a_{symbol}" for symbol in symbols))


@torch.no_grad()
def values_of(record: LayerRecord, selection: Selection) -> Tensor:
    """Everything to write about a layer, [T, B, H, columns], in the order of ``value_names``.

    Gates; the state after the step, where no gate is itself it; for each gate the products xW and
    hU before normalisation and biases; and a, which the gate's activation is taken of.
    """
    spec = record.rule.spec
    chosen = [at for at, gate in enumerate(spec.gates) if selection.takes(gate.name)]

    def by_gate(values_TBG: Tensor) -> list[Tensor]:
        blocks = values_TBG.chunk(len(spec.gates), dim=-1)
        return [blocks[at] for at in chosen]

    columns = [
        *by_gate(record.gates),
        *(record.parts_after(part) for part in spec.shown_states),
        *(block for product in record.products().values() for block in by_gate(product)),
        *by_gate(record.arguments),
    ]
    return torch.stack([selection.pick(column) for column in columns], dim=-1)


def gate_activities(record: LayerRecord, selection: Selection) -> tuple[GateActivity, ...]:
    """Saturation: what a gate was on the way, and how much of it stood at its ends.

    Formula: mean, standard deviation, and shares of values < 0.1 (left-saturated, shut) and > 0.9
    (right-saturated, open); of a tanh < -0.9 and > 0.9; always_... are the units that are there at
    every step

    Tells: left-saturated update gates forget at once, right-saturated ones carry; a unit that is
    always at one end is no gate any more.

    Misleads: a mean of 0.5 may be all gates half open or half of them open; see the shares. Ends at
    0.1 and 0.9 are a convention.

    At the start: of torch's draw, logistic gates near 0.5, tanh near 0, no saturation.

    Source: Karpathy, Johnson & Li 2015, arXiv 1506.02078.
    """
    gates = record.rule.spec.gates
    units = selection.units or tuple(range(record.own.shape[-1]))
    found = []
    for gate, values in zip(gates, record.gates.chunk(len(gates), -1), strict=True):
        if not selection.takes(gate.name):
            continue
        values_TBH = selection.pick(values).double()
        variance, mean = torch.var_mean(values_TBH, correction=0)
        left_TBH = values_TBH < gate.activation.left
        right_TBH = values_TBH > gate.activation.right
        found.append(
            GateActivity(
                gate=gate.name,
                symbol=gate.letter,
                activation=gate.activation.name,
                mean=float(mean),
                standard_deviation=float(variance.sqrt()),
                left_saturated_share=float(left_TBH.double().mean()),
                right_saturated_share=float(right_TBH.double().mean()),
                always_left_saturated=_always(left_TBH, units),
                always_right_saturated=_always(right_TBH, units),
                by_step=tuple(values_TBH.mean((1, 2)).tolist()),
            )
        )
    return tuple(found)


def _always(at_end_TBH: Tensor, units: Sequence[int]) -> tuple[int, ...]:
    always = at_end_TBH.all(0).all(0).tolist()
    return tuple(unit for unit, stays in zip(units, always, strict=True) if stays)


def time_constant_steps(record: LayerRecord, selection: Selection) -> tuple[float, ...]:
    """Measured memory of a unit: steps after which 1/e of its state is left by its gate.

    Formula: tau = -1 / mean over t of ln z (of an lstm: f)

    Tells: how long the keeping gate let units remember along this data.

    Misleads: a candidate that holds the old state is memory too, and is not seen here. Holds where
    gradients fall exponentially; the gradient by lag is the test.

    At the start: about 1.4 steps.

    Source: ours, from Tallec & Ollivier 2018; its limit, arXiv 2111.03282.

    Infinite for a gate that is 1 to the last digit; empty for a cell without such a gate.
    """
    spec = record.rule.spec
    if not spec.keeps or not selection.takes(spec.keeps):
        return ()
    blocks = record.arguments.double().chunk(len(spec.gates), dim=-1)
    a_TBH = selection.pick(blocks[spec.gate_names.index(spec.keeps)])
    decay = functional.softplus(-a_TBH).mean((0, 1))
    return tuple(1 / rate if rate > 0 else math.inf for rate in decay.tolist())
