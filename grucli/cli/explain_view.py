"""One step of a cell on a blackboard: each formula, below it the same with its numbers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType
from rich.text import Text

from grucli.cli.inspect_page import MARGIN, Page, gate_style
from grucli.cli.wording import clean, plural, shorten
from grucli.reports.tracing import BoardStep, Equation, Explanation

SHOWN_TERMS = 3
AGREES = 1e-4
"""Largest difference between the board (float64) and the model's own float32 that is rounding."""
_NAME = re.compile(r"[A-Za-z]\w*'?")
_DOUBLE = re.compile(r"\((\(-[^()]*\))\)")
_SYMBOL = 9


def render_explanation(explanation: Explanation, width: int) -> RenderableType:
    """The board in ``width`` columns (80 are enough)."""
    return _Screen(explanation, width)


def number(value: float) -> str:
    """Four decimals, as all numbers on the board; very small ones with an exponent."""
    if value != 0 and abs(value) < 5e-5:
        return f"{value:.1e}"
    return f"{value:.4f}"


@dataclass(frozen=True)
class _Screen:
    explanation: Explanation
    width: int

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        page = Page(min(self.width, options.max_width), options.ascii_only)
        what = self.explanation
        yield page.line(_title(what), style="bold")
        yield from page.paragraphs([_place(what)], style="dim")
        yield Text("")
        yield page.line("What comes in", style="bold")
        yield from (page.line(f"  {line}") for line in _inputs(what))
        for at, step in enumerate(what.board, start=1):
            yield Text("")
            yield page.line(f"{at} {step.title[0].upper()}{step.title[1:]}", style=_style(step))
            yield from page.paragraphs([step.note], style="dim")
            for equation in step.equations:
                for text, style in _equation(equation, page.width - MARGIN, step):
                    yield page.line(" " * MARGIN + text, style=style)
        yield Text("")
        yield from page.paragraphs([_check(what)], style="bold" if _agrees(what) else "bold red")
        yield from page.paragraphs(_legend(what), style="dim")


def _style(step: BoardStep) -> str:
    return f"bold {gate_style(step.gate)}".strip() if step.gate else "bold"


def _title(what: Explanation) -> str:
    norm = f", layer_norm {what.layer_norm}" if what.layer_norm != "none" else ""
    direction = " · reverse" if what.direction == "reverse" else ""
    sample = f" · {clean(what.sample)}" if what.sample else ""
    return (
        f"{what.cell.upper()}{norm} · layer {what.layer}{direction} · unit {what.unit} of "
        f"{what.units}{sample} · {what.time}"
    )


def _place(what: Explanation) -> str:
    order = "" if what.direction == "forward" else " (computed from the last row backwards)"
    return (
        f"{clean(what.checkpoint)}: step {what.step} of the {what.steps} rows up to {what.last} "
        f"that the model reads{order}. Unit {what.unit} moves by {number(what.change)} here."
    )


def _inputs(what: Explanation) -> Iterator[str]:
    room = max(len(clean(value.column)) for value in what.inputs)
    for value in what.inputs:
        name = f"{shorten(clean(value.column), 24):<{min(room, 24)}}"
        if value.original == value.read:
            yield f"{name}  {value.original:g}"
            continue
        window = f" -> {number(value.read)} in this window" if what.normalise != "none" else ""
        yield f"{name}  {value.original:g} -> {number(value.scaled)} scaled{window}"
    if what.layer > 0:
        yield f"This layer reads the states of layer {what.layer - 1}; below3 is its unit 3."


def _equation(equation: Equation, width: int, step: BoardStep) -> Iterator[tuple[str, str]]:
    """The formula; the numbers in it; both on one line where they fit."""
    start = f"{equation.symbol:<{_SYMBOL}}= "
    value = number(equation.value)
    if equation.terms:
        yield shorten(f"{start}{equation.formula}", width), "dim"
        for line in _sum(equation, width - len(start)):
            yield " " * _SYMBOL + line, ""
        return
    if not equation.values:
        yield f"{start}{value:<9} {equation.formula}", ""
        return
    worked = _NAME.sub(lambda name: _inserted(name[0], equation), equation.formula)
    worked = _DOUBLE.sub(r"\1", worked)
    result = gate_style(step.gate or "") if equation is step.equations[-1] else ""
    whole = f"{start}{equation.formula} = {worked} = {value}"
    if len(whole) <= width:
        yield whole, result
        return
    yield f"{start}{equation.formula}", "dim"
    yield f"{'':{_SYMBOL}}= {worked} = {value}", result


def _inserted(name: str, equation: Equation) -> str:
    """The number of a name, in brackets where a sign would stand beside another one."""
    if name not in equation.values:
        return name
    value = number(equation.values[name])
    return f"({value})" if value.startswith("-") else value


def _sum(equation: Equation, width: int) -> Iterator[str]:
    """The largest terms, the sum of the others, and the whole: as many terms as fit a line."""
    shown = equation.terms[:SHOWN_TERMS]
    others = equation.terms[SHOWN_TERMS:]
    parts = [
        f"{_factor(term.weight)}*{_factor(term.reads)} [{shorten(clean(term.name), 12)}]"
        for term in shown
    ]
    if others:
        rest = sum(term.weight * term.reads for term in others)
        parts.append(f"{_factor(rest)} [{len(others)} more]")
    lines = ["= "]
    for at, part in enumerate(parts):
        joined = part if at == 0 else f" + {part}"
        if len(lines[-1]) + len(joined) > width:
            lines.append("  ")
        lines[-1] += joined
    end = f" = {number(equation.value)}"
    if len(lines[-1]) + len(end) > width:
        lines.append("  ")
    lines[-1] += end
    yield from lines


def _factor(value: float) -> str:
    text = number(value)
    return f"({text})" if text.startswith("-") else text


def _agrees(what: Explanation) -> bool:
    return abs(what.value - what.own_value) <= AGREES


def _check(what: Explanation) -> str:
    verdict = "agree" if _agrees(what) else "DIFFER"
    return (
        f"Check: h' = {what.value:.6f} on the board, {what.own_value:.6f} in the model's own "
        f"forward pass: they {verdict} (difference {abs(what.value - what.own_value):.0e})."
    )


def _legend(what: Explanation) -> Iterator[str]:
    read = "the input columns" if what.layer == 0 else f"the states of layer {what.layer - 1}"
    yield (
        f"x: {read}; h: the state before this step, h3 its unit 3; W: weights, b: bias"
        + (", g: gain" if what.layer_norm != "none" else "")
        + f"; s: the logistic function 1/(1+exp(-a)). {plural(len(what.board), 'block')}, computed "
        "in double precision; numbers are rounded for the screen."
    )
