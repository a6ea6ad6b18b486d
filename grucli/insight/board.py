"""One step of one unit as a teacher writes it on a board: every equation with its numbers.

The numbers come from the functions of ``grucli.nn.cells``, in float64; the formulas, which follow
from what the cell says of its gates, tell how they hang together. A test works each out again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grucli.cells import ACTIVATIONS, Gate
from grucli.cells.side import INPUT, STATE, Side
from grucli.insight.board_numbers import BoardNumbers
from grucli.nn.recording import LayerRecord
from grucli.results.tracing import NAMES, BoardStep, Equation, Term
from grucli.tensors import torch

_FUNCTIONS = {activation.formula for activation in ACTIVATIONS.values()}


def most_changed_unit(record: LayerRecord, step: int, sample: int) -> int:
    """The unit whose state moved most at a step (an index into the record)."""
    moved_TBH = record.parts_after() - record.parts_before()
    return int(moved_TBH[step, sample].abs().argmax())


@dataclass(frozen=True)
class Board:
    """The finished board; ``value`` is the unit's next state, ``before`` the one it had."""

    steps: tuple[BoardStep, ...]
    value: float
    before: float


@torch.no_grad()
def write_board(
    record: LayerRecord, *, step: int, sample: int, unit: int, inputs: Sequence[str]
) -> Board:
    """Work one step out for one unit. ``inputs`` names the columns that the layer reads."""
    numbers = BoardNumbers.of(record, step=step, sample=sample, unit=unit)
    pen = _Pen(numbers, list(inputs))
    steps = list(_averages(numbers))
    steps += [_gate_step(pen, gate) for gate in record.rule.spec.gates]
    steps += _state_step(pen)
    return Board(tuple(steps), numbers.known["h'"], numbers.known["h"])


@dataclass(frozen=True)
class _Pen:
    """Writes equations with their numbers."""

    numbers: BoardNumbers
    inputs: list[str]

    @property
    def sides(self) -> tuple[Side, ...]:
        """What the gates read."""
        return self.numbers.rule.spec.sides

    def product(self, symbol: str, side: Side) -> Equation:
        """A row of a matrix times what it reads, largest terms first."""
        numbers = self.numbers
        gate = numbers.rule.spec.letters.index(symbol)
        row = gate * numbers.hidden + numbers.unit
        weight_C = getattr(numbers.weights, side.weight)[row]
        reads = numbers.reads if side == INPUT else numbers.state
        names = self.inputs if side == INPUT else [f"h{unit}" for unit in range(len(reads))]
        terms = [
            Term(name, weight, value)
            for name, weight, value in zip(names, weight_C.tolist(), reads.tolist(), strict=True)
        ]
        terms.sort(key=lambda term: -abs(term.product))
        name = f"{side.product}_{symbol}"
        formula = f"row {numbers.unit} of W_{side.letter}{symbol} times {side.letter}"
        return Equation(name, formula, numbers.known[name], {}, tuple(terms))

    def write(self, symbol: str, formula: str) -> Equation:
        """A formula whose names are all known."""
        known = self.numbers.known
        names = [name for name in NAMES.findall(formula) if name not in _FUNCTIONS]
        return Equation(symbol, formula, known[symbol], {name: known[name] for name in names})


def _averages(numbers: BoardNumbers) -> list[BoardStep]:
    """The means and standard deviations that normalise, before the gates use them."""
    equations = []
    for place, average in numbers.averages.items():
        for symbol, formula in ((f"mean_{place}", "mean"), (f"std_{place}", "sqrt(var + eps)")):
            words = f"{formula} of {average.name}: {average.count} values"
            equations.append(Equation(symbol, words, numbers.known[symbol], {}))
    if not equations:
        return []
    note = " ".join([_shared(numbers), *_constants(numbers)])
    return [BoardStep("Mean and standard deviation", note, tuple(equations))]


def _shared(numbers: BoardNumbers) -> str:
    """Over which values of which gates the variant takes a mean and a standard deviation."""
    rule, hidden = numbers.rule, numbers.hidden
    blocks = [
        f"{' and '.join(filter(None, (', '.join(gates[:-1]), gates[-1])))} "
        + (f"together ({len(gates)} x {hidden}" if len(gates) > 1 else f"({hidden}")
        + " values)"
        for gates in rule.norm.groups
    ]
    letters = " and ".join(side.letter for side in rule.spec.sides)
    side = "the sum of both sides" if rule.norm.of_sum else f"each side, {letters},"
    count = len(numbers.averages)
    state = f"; {rule.norm.state}' has its own, further down" if rule.norm.state else ""
    return (
        f"Layer normalisation {rule.norm.name}: {side} has one mean and one standard deviation "
        f"over {', one over '.join(blocks)}; {count} mean{'s' if count > 1 else ''} in all{state}; "
        f"eps {rule.eps:g}."
    )


def _constants(numbers: BoardNumbers) -> Iterator[str]:
    """Where there is no spread to divide by."""
    for place, average in numbers.averages.items():
        if average.is_constant:
            mean = numbers.known[f"mean_{place}"]
            yield (
                f"All values of {average.name} are {'zero' if mean == 0 else 'equal'} here, so "
                f"eps alone is the divisor: std_{place} = sqrt(eps)."
            )


def _gate_step(pen: _Pen, gate: Gate) -> BoardStep:
    """The products of a gate, what is done with them, and its activation."""
    norm, symbol = pen.numbers.rule.norm, gate.letter
    lines = [pen.product(symbol, side) for side in pen.sides]
    if pen.numbers.rule.norm_bias:
        lines += [
            pen.write(f"{s.product}d_{symbol}", f"{s.product}_{symbol} + d_{s.letter}{symbol}")
            for s in pen.sides
        ]
    if norm.of_sum:
        lines += _of_sum(pen, gate)
    elif norm.groups:
        lines += _of_sides(pen, gate)
    elif gate.reset_by:
        lines.append(pen.write(f"Q_{symbol}", f"hU_{symbol} + b_h{symbol}"))
        formula = f"xW_{symbol} + b_x{symbol} + {_reset(gate)}Q_{symbol}"
        lines.append(pen.write(f"a_{symbol}", formula))
    else:
        parts = [f"{s.product}_{symbol} + b_{s.letter}{symbol}" for s in pen.sides]
        lines.append(pen.write(f"a_{symbol}", " + ".join(parts)))
    is_state = symbol in pen.numbers.rule.spec.state
    formula = f"{gate.activation.formula}({lines[-1].symbol})"
    lines.append(pen.write(f"{symbol}'" if is_state else symbol, formula))
    return BoardStep(f"{gate.name} {symbol}", gate.note, tuple(lines), gate.name)


def _of_sides(pen: _Pen, gate: Gate) -> Iterator[Equation]:
    """Each side normalised apart, and their sum."""
    symbol = gate.letter
    inner = "d" * pen.numbers.rule.norm_bias
    for side in pen.sides:
        normal = _normalised(pen, f"{side.product}{inner}_{symbol}", side.letter, symbol)
        gain, bias = f"g_{side.letter}{symbol}", f"b_{side.letter}{symbol}"
        yield pen.write(f"{side.share}_{symbol}", f"{normal} * {gain} + {bias}")
    yield pen.write(f"a_{symbol}", _summed(pen, gate, [f"{s.share}_{symbol}" for s in pen.sides]))


def _of_sum(pen: _Pen, gate: Gate) -> Iterator[Equation]:
    """The sum of both sides, and what normalisation makes of it."""
    norm, symbol = pen.numbers.rule.norm, gate.letter
    inner = "d" * pen.numbers.rule.norm_bias
    products = [f"{side.product}{inner}_{symbol}" for side in pen.sides]
    together = " + ".join(products) if norm.resets_sum else _summed(pen, gate, products)
    yield pen.write(f"sum_{symbol}", together)
    after = f"c_{symbol}" if norm.resets_sum else f"a_{symbol}"
    normal = _normalised(pen, f"sum_{symbol}", "", symbol)
    yield pen.write(after, f"{normal} * g_{symbol} + b_{symbol}")
    if norm.resets_sum and gate.reset_by:
        yield pen.write(f"a_{symbol}", f"{_reset(gate)}{after}")


def _summed(pen: _Pen, gate: Gate, parts: Sequence[str]) -> str:
    """The sum of what the sides give, the state's behind the reset gate."""
    resets = {STATE: _reset(gate)}
    return " + ".join(
        resets.get(side, "") + part for side, part in zip(pen.sides, parts, strict=True)
    )


def _reset(gate: Gate) -> str:
    return f"{gate.reset_by} * " if gate.reset_by else ""


def _normalised(pen: _Pen, of: str, side: str, symbol: str) -> str:
    place = pen.numbers.place(side, symbol)
    return f"({of} - mean_{place}) / std_{place}"


def _state_step(pen: _Pen) -> list[BoardStep]:
    """The next state from the gates, where no gate is itself that."""
    numbers = pen.numbers
    step = numbers.rule.norm.next_state or numbers.rule.spec.next_state
    if step is None:
        return []
    lines = [
        Equation(symbol, f"{formula}: {numbers.hidden} values", numbers.known[symbol], {})
        if symbol.startswith(("mean_", "std_"))
        else pen.write(symbol, formula)
        for symbol, formula in step.lines
    ]
    return [BoardStep(step.title, step.note, tuple(lines))]
