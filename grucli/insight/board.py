"""One step of one unit as a teacher writes it on a board: every equation with its numbers.

The numbers come from the functions of ``grucli.nn.cells``, in float64; the formulas here only say
how they hang together, and a test works each of them out again.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from grucli.cells.address import GATES, SYMBOLS, normalised_together
from grucli.insight.board_numbers import BoardNumbers
from grucli.nn.recording import LayerRecord
from grucli.results.tracing import BoardStep, Equation, Term

_NAME = re.compile(r"[A-Za-z]\w*'?")
_FUNCTIONS = ("s", "tanh", "mean", "sqrt", "var")


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
    for gate, symbol in zip(GATES[record.rule.cell], SYMBOLS[record.rule.cell], strict=True):
        steps.append(_gate_step(pen, gate, symbol))
    steps += _state_step(pen)
    return Board(tuple(steps), numbers.known["h'"], numbers.known["h"])


@dataclass(frozen=True)
class _Pen:
    """Writes equations with their numbers."""

    numbers: BoardNumbers
    inputs: list[str]

    def product(self, symbol: str, side: str) -> Equation:
        """A row of a matrix times what it reads, largest terms first."""
        numbers = self.numbers
        gate = SYMBOLS[numbers.rule.cell].index(symbol)
        row = gate * numbers.hidden + numbers.unit
        weight_G, reads = (
            (numbers.weights.weight_ih[row], numbers.reads)
            if side == "x"
            else (numbers.weights.weight_hh[row], numbers.state)
        )
        names = self.inputs if side == "x" else [f"h{unit}" for unit in range(len(reads))]
        terms = [
            Term(name, weight, value)
            for name, weight, value in zip(names, weight_G.tolist(), reads.tolist(), strict=True)
        ]
        terms.sort(key=lambda term: -abs(term.product))
        name = f"xW_{symbol}" if side == "x" else f"hU_{symbol}"
        formula = f"row {numbers.unit} of W_{side}{symbol} times {side}"
        return Equation(name, formula, numbers.known[name], {}, tuple(terms))

    def write(self, symbol: str, formula: str) -> Equation:
        """A formula whose names are all known."""
        known = self.numbers.known
        names = [name for name in _NAME.findall(formula) if name not in _FUNCTIONS]
        return Equation(symbol, formula, known[symbol], {name: known[name] for name in names})


def _averages(numbers: BoardNumbers) -> list[BoardStep]:
    """The means and deviations that normalise, before the gates use them."""
    equations = []
    for place, average in numbers.averages.items():
        for symbol, formula in ((f"mean_{place}", "mean"), (f"dev_{place}", "sqrt(var + eps)")):
            words = f"{formula} of {average.name}: {average.count} values"
            equations.append(Equation(symbol, words, numbers.known[symbol], {}))
    if not equations:
        return []
    note = " ".join([_shared(numbers), *_constants(numbers)])
    return [BoardStep("Mean and deviation", note, tuple(equations))]


def _shared(numbers: BoardNumbers) -> str:
    """Over which values of which gates the variant takes a mean and a deviation."""
    rule, hidden = numbers.rule, numbers.hidden
    blocks = [
        f"{' and '.join(filter(None, (', '.join(gates[:-1]), gates[-1])))} "
        + (f"together ({len(gates)} x {hidden}" if len(gates) > 1 else f"({hidden}")
        + " values)"
        for gates in normalised_together(rule.cell, rule.layer_norm)
    ]
    side = "the sum of both sides" if rule.layer_norm.startswith("sum") else "each side, x and h,"
    count = len(numbers.averages)
    return (
        f"Layer normalisation {rule.layer_norm}: {side} has one mean and one deviation over "
        f"{', one over '.join(blocks)}; {count} mean{'s' if count > 1 else ''} in all; "
        f"eps {rule.eps:g}."
    )


def _constants(numbers: BoardNumbers) -> Iterator[str]:
    """Where there is no spread to divide by."""
    for place, average in numbers.averages.items():
        if average.is_constant:
            mean = numbers.known[f"mean_{place}"]
            yield (
                f"All values of {average.name} are {'zero' if mean == 0 else 'equal'} here, so "
                f"eps alone is the divisor: dev_{place} = sqrt(eps)."
            )


def _gate_step(pen: _Pen, gate: str, symbol: str) -> BoardStep:
    rule = pen.numbers.rule
    is_candidate = rule.cell == "gru" and gate == "candidate"
    lines = [pen.product(symbol, "x"), pen.product(symbol, "h")]
    scale = "r * " if is_candidate else ""

    def normalised(of: str, side: str) -> str:
        place = pen.numbers.place(side, symbol)
        return f"({of} - mean_{place}) / dev_{place}"

    if rule.layer_norm == "none":
        if is_candidate:
            lines.append(pen.write("Q_n", "hU_n + b_hn"))
            lines.append(pen.write("a_n", "xW_n + b_xn + r * Q_n"))
        else:
            formula = f"xW_{symbol} + b_x{symbol} + hU_{symbol} + b_h{symbol}"
            lines.append(pen.write(f"a_{symbol}", formula))
    elif rule.layer_norm in ("split", "ba2016"):
        for name, of, side in (("X", "xW", "x"), ("Q", "hU", "h")):
            affine = f" * g_{side}{symbol} + b_{side}{symbol}"
            formula = normalised(f"{of}_{symbol}", side) + affine
            lines.append(pen.write(f"{name}_{symbol}", formula))
        lines.append(pen.write(f"a_{symbol}", f"X_{symbol} + {scale}Q_{symbol}"))
    else:
        is_joint = rule.cell == "gru" and rule.layer_norm == "sum_joint"
        inner = "" if is_joint else scale
        lines.append(pen.write(f"sum_{symbol}", f"xW_{symbol} + {inner}hU_{symbol}"))
        after = f"c_{symbol}" if is_joint else f"a_{symbol}"
        formula = f"{normalised(f'sum_{symbol}', '')} * g_{symbol} + b_{symbol}"
        lines.append(pen.write(after, formula))
        if is_joint and is_candidate:
            lines.append(pen.write("a_n", "r * c_n"))
    return _finish(pen, gate, symbol, lines)


def _finish(pen: _Pen, gate: str, symbol: str, lines: list[Equation]) -> BoardStep:
    """The activation of what the last line gave, and what the gate is for."""
    argument = lines[-1].symbol
    if pen.numbers.rule.cell == "rnn":
        lines.append(pen.write("h'", f"tanh({argument})"))
    else:
        bounded = gate in ("candidate", "cell")
        lines.append(pen.write(symbol, f"{'tanh' if bounded else 's'}({argument})"))
    return BoardStep(f"{gate} {symbol}", _NOTES[gate], tuple(lines), gate)


_NOTES = {
    "reset": "How much of the old state the candidate sees: 0 none, 1 all of it.",
    "update": "How much of the old state is kept: 0 nothing, 1 everything.",
    "candidate": "What the unit would become if it kept nothing.",
    "state": "The new state is all there is: no gate keeps anything.",
    "input": "How much of the cell's new content goes in.",
    "forget": "How much of the old cell state is kept: 0 nothing, 1 everything.",
    "cell": "What would go into the cell.",
    "output": "How much of the cell is shown outside.",
}


def _state_step(pen: _Pen) -> list[BoardStep]:
    cell = pen.numbers.rule.cell
    if cell == "gru":
        note = "The part z of the old state stays, the rest is the candidate."
        return [BoardStep("new state h'", note, (pen.write("h'", "z * h + (1 - z) * n"),))]
    if cell == "lstm":
        lines = (pen.write("c'", "f * c + i * g"), pen.write("h'", "o * tanh(c')"))
        return [
            BoardStep("new states c' and h'", "What is kept, what comes in, what shows.", lines)
        ]
    return []
