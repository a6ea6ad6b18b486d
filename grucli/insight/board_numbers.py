"""The numbers of one step of one unit, by the names that formulas on the board use.

Names: xW_r and hU_r the products alone, xWd_r and hUd_r with their own biases d_xr and d_hr, X_r
and Q_r each side's share, sum_r what is normalised, c_r the same after, a_r the argument of the
activation, r z n the gates, b_xr g_xr bias and gain, mean_x std_x averages, h and h' the state
before and after. Of a normalised part c of the state sum_c is it before, a_c after, whichever of
the two is c'.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from grucli.cells.address import PARTS
from grucli.cells.side import INPUT, STATE
from grucli.cells.spec import STATE_VECTORS
from grucli.nn.norms import project_input, project_state, step_values
from grucli.nn.recording import LayerRecord
from grucli.nn.rules import CellRule, LayerWeights, StepValues, norm_blocks
from grucli.tensors import Tensor, torch

_NOTHING = 1e-6
"""Share of eps below which a variance changes no digit that anybody reads."""


@dataclass(frozen=True)
class Average:
    """What a mean and a standard deviation are of: ``count`` values of the gates ``symbols``."""

    name: str
    symbols: str
    count: int
    is_constant: bool


@dataclass(frozen=True, eq=False)
class BoardNumbers:
    """One step in float64: ``reads`` [C] goes in beside ``state`` [H], ``known`` has the numbers.

    ``averages`` maps the end of a name such as mean_x to what is averaged.
    """

    rule: CellRule
    unit: int
    weights: LayerWeights
    reads: Tensor
    state: Tensor
    known: Mapping[str, float]
    averages: Mapping[str, Average]

    @property
    def hidden(self) -> int:
        """Units of the layer."""
        return len(self.state)

    @classmethod
    def of(cls, record: LayerRecord, *, step: int, sample: int, unit: int) -> "BoardNumbers":
        """Compute a recorded step again from its input and the state before."""
        weights, rule = _doubled(record.weights), record.rule
        x_1C = record.inputs[step, sample].double().unsqueeze(0)
        parts = [record.parts_before(part) for part in range(len(record.states[0]))]
        state = tuple(part[step, sample].double().unsqueeze(0) for part in parts)
        rows = _rows(rule, weights, x_1C, state)
        values = step_values(rule, weights, rows[INPUT.share], state)
        rows |= {"a": torch.cat(values.arguments, -1), "": torch.cat(values.gates, -1)}
        if values.sums:
            rows |= {"sum": torch.cat(values.sums, -1), "c": torch.cat(values.normalised, -1)}
        hidden = state[0].shape[1]
        known = {
            name: float(rows_1G[0, at * hidden + unit])
            for start, rows_1G in (rows | _vectors(rule, weights)).items()
            for at, name in enumerate(_names(start, rule.spec.letters))
        }
        known |= dict(_of_state(rule, weights, values, unit))
        for letter, before, after in zip(rule.spec.state, state, values.state, strict=True):
            known |= {letter: float(before[0, unit]), f"{letter}'": float(after[0, unit])}
        averages = {}
        for place, average, mean, deviation in _averages(rule, rows, hidden):
            averages[place] = average
            known |= {f"mean_{place}": mean, f"std_{place}": deviation}
        return cls(rule, unit, weights, x_1C[0], state[0][0], known, averages)

    def place(self, side: str, symbol: str) -> str:
        """The end of the names of the averages that a gate is normalised with."""
        return next(
            place
            for place, average in self.averages.items()
            if place.startswith(side) and symbol in average.symbols
        )


def _rows(
    rule: CellRule, weights: LayerWeights, x_1C: Tensor, state: tuple[Tensor, ...]
) -> dict[str, Tensor]:
    """Each side's product, [1, G], also with its own bias, and its share of the gates."""
    shares = {
        INPUT: project_input(rule, weights, x_1C),
        STATE: project_state(rule, weights, state[0]),
    }
    rows: dict[str, Tensor] = {}
    for side in rule.spec.sides:
        read = x_1C if side == INPUT else state[0]
        rows |= {side.product: read @ getattr(weights, side.weight).mT, side.share: shares[side]}
        inner = getattr(weights, f"norm_bias_{side.name}")
        if inner is not None:
            rows[f"{side.product}d"] = rows[side.product] + inner
    return rows


def _of_state(
    rule: CellRule, weights: LayerWeights, values: StepValues, unit: int
) -> Iterator[tuple[str, float]]:
    """A normalised part of the state before and after, what it is divided by, gain and bias."""
    if values.inner is None or values.shown is None or weights.gain_state is None:
        return
    letter, shift = rule.norm.state, weights.bias_state
    yield f"sum_{letter}", float(values.inner[0, unit])
    yield f"a_{letter}", float(values.shown[0, unit])
    yield f"g_{letter}", float(weights.gain_state[unit])
    yield f"b_{letter}", 0.0 if shift is None else float(shift[unit])
    variance, mean = torch.var_mean(values.inner, correction=0)
    yield f"mean_{letter}", float(mean)
    yield f"std_{letter}", float((variance + rule.eps).sqrt())


def _names(start: str, symbols: tuple[str, ...]) -> list[str]:
    """``xW_r``; bias and gain as ``b_xr``; a gate itself as its letter."""
    link = "" if start[:2] in ("", "b_", "d_", "g_") else "_"
    return [f"{start}{link}{symbol}" for symbol in symbols]


def _averages(
    rule: CellRule, rows: Mapping[str, Tensor], hidden: int
) -> Iterator[tuple[str, Average, float, float]]:
    """Mean and standard deviation of every block of rows that is normalised together."""
    inner = "d" * rule.norm_bias
    sides = [(side.product + inner, side.letter) for side in rule.spec.sides]
    for name, side in [("sum", "")] if "sum" in rows else sides:
        sizes = norm_blocks(rule, rows[name].shape[-1])
        symbols = "".join(rule.spec.letters)
        for block in torch.split(rows[name][0], sizes) if sizes else ():
            gates = len(block) // hidden
            label, symbols = symbols[:gates], symbols[gates:]
            variance, mean = torch.var_mean(block, correction=0)
            place = side + label if len(sizes) > 1 else side or "s"
            is_constant = float(variance) <= _NOTHING * rule.eps
            average = Average(f"{name}_{label}", label, len(block), is_constant)
            yield place, average, float(mean), float((variance + rule.eps).sqrt())


def _doubled(weights: LayerWeights) -> LayerWeights:
    return LayerWeights._make(None if v is None else v.double() for v in weights)


def _vectors(rule: CellRule, weights: LayerWeights) -> dict[str, Tensor]:
    """Biases and gains [1, G] by the start of their names; absent biases count as 0."""
    zero = torch.zeros_like(weights.weight_ih[:, 0])
    kinds = rule.spec.parameters(rule.norm, bias=True, norm_bias=rule.norm_bias)
    stacked = [kind for kind in kinds if kind not in (*rule.spec.weights, *STATE_VECTORS)]
    rows = {PARTS[kind].prefix: getattr(weights, kind) for kind in stacked}
    return {name: (zero if row is None else row).unsqueeze(0) for name, row in rows.items()}
