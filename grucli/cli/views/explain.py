"""One step of a cell on a blackboard: each formula, below it the same with its numbers."""

import re
from collections.abc import Iterator, Sequence
from functools import partial

from rich.text import Text

from grucli.cli.kit.columns import Column
from grucli.cli.kit.gates import gate_style
from grucli.cli.kit.numbers import align_decimals
from grucli.cli.kit.page import MARGIN, Page, Screen
from grucli.cli.views.explain_numbers import digits_needed, number
from grucli.results.tracing import NAMES, BoardStep, Equation, Explanation
from grucli.text import clean, model_words, plural, shorten

SHOWN_TERMS = 3
AGREES = 1e-4
"""Largest difference between the board (float64) and the model's own float32 that is rounding."""
_DOUBLE = re.compile(r"\((\(-[^()]*\))\)")
_OPERATOR = re.compile(r" (?=[-+*/=] )")
_SYMBOL = 9


def render_explanation(explanation: Explanation, width: int) -> Screen:
    """The board in ``width`` columns (80 are enough)."""
    return Screen(width, lambda page: _content(page, explanation))


def _content(page: Page, what: Explanation) -> Iterator[Text]:
    yield page.line(_title(what), style="bold")
    yield from page.paragraphs([_place(what)], style="dim")
    yield Text("")
    yield page.line("What comes in", style="bold")
    yield from _inputs(page, what)
    for at, step in enumerate(what.board, start=1):
        yield Text("")
        heading = f"{at} {step.title[0].upper()}{step.title[1:]}"
        yield page.line(heading, style=f"bold {_colour(what, step)}".strip())
        yield from page.paragraphs([step.note], style="dim")
        for equation in step.equations:
            result = _colour(what, step) if equation is step.equations[-1] else ""
            for text, style in _equation(equation, page.width - MARGIN, result):
                yield page.line(" " * MARGIN + text, style=style)
    yield Text("")
    yield from page.paragraphs([_check(what)], style="bold" if _agrees(what) else "bold red")
    yield from page.paragraphs(_legend(what), style="dim")


def _colour(what: Explanation, step: BoardStep) -> str:
    return gate_style(what.cell, step.gate) if step.gate else ""


def _title(what: Explanation) -> str:
    norm = f", layer_norm {what.layer_norm}" if what.layer_norm != "none" else ""
    direction = " · reverse" if what.direction == "reverse" else ""
    sample = f" · {clean(what.sample)}" if what.sample else ""
    which = model_words(what.member, what.members)
    return (
        f"{which}{what.cell.upper()}{norm} · layer {what.layer}{direction} · unit {what.unit} of "
        f"{what.units}{sample} · {what.time}"
    )


def _place(what: Explanation) -> str:
    order = "" if what.direction == "forward" else " (computed from the last row backwards)"
    several = what.rows_per_step > 1
    rows = f"segments of {what.rows_per_step} rows" if several else "rows"
    series = f" of series {clean(what.series)}" if what.series else ""
    return (
        f"{clean(what.checkpoint)}: step {what.step} of the {what.steps} {rows}{series} up to "
        f"{what.last} that the model reads{order}. Unit {what.unit} moves by "
        f"{number(what.change)} here."
    )


def _inputs(page: Page, what: Explanation) -> Iterator[Text]:
    """What the table has, and what becomes of it until the first layer reads it."""
    values = what.inputs
    plain = [f"{value.original:g}" for value in values]
    places = max(len(text.partition(".")[2]) for text in plain)
    if not any("e" in text for text in plain):
        plain = [f"{value.original:.{places}f}" for value in values]
    ways = {"table": plain}
    if any(value.original != value.normalised for value in values):
        ways["scaled"] = [number(value.scaled) for value in values]
        if what.normalise != "none":
            ways["in this window"] = [number(value.normalised) for value in values]
    names = tuple(shorten(clean(value.column), 24) for value in values)
    columns = [Column("", names, numeric=False)]
    for heading, numbers in ways.items():
        columns.append(Column(heading, tuple(align_decimals(numbers))))
    _, *rows = page.table(columns, styles=[""] * len(values))
    yield from rows
    if what.layer > 0:
        yield page.line(
            f"  This layer reads the states of layer {what.layer - 1}; below3 is its unit 3."
        )


def _equation(equation: Equation, width: int, result: str) -> Iterator[tuple[str, str]]:
    """The formula; the numbers in it, in the style ``result``; both on one line where they fit."""
    start = f"{equation.symbol:<{_SYMBOL}}= "
    value = number(equation.value)
    if equation.terms:
        yield shorten(f"{start}{equation.formula}", width), "dim"
        for line in _sum(equation, width - len(start)):
            yield " " * _SYMBOL + line, ""
        return
    if not equation.values:
        yield f"{start}{value:<10} {equation.formula}", ""
        return
    count = digits_needed(partial(_worked, equation), equation.value)
    worked = _worked(equation, count)
    whole = f"{start}{equation.formula} = {worked} = {value}"
    if len(whole) <= width:
        yield whole, result
        return
    yield f"{start}{equation.formula}", "dim"
    words = _OPERATOR.split(f"= {worked} = {value}")
    for line in _fitted(words, width - len(start)):
        yield " " * _SYMBOL + line, result


def _worked(equation: Equation, count: int) -> str:
    """The formula with its numbers, ``count`` significant digits each, in place of its names."""
    values = equation.values
    worked = NAMES.sub(
        lambda name: _factor(values[name[0]], count) if name[0] in values else name[0],
        equation.formula,
    )
    return _DOUBLE.sub(r"\1", worked)


def _sum(equation: Equation, width: int) -> Iterator[str]:
    """The largest terms, the sum of the others, and the whole: as many terms as fit a line."""
    shown = equation.terms[:SHOWN_TERMS]
    others = equation.terms[SHOWN_TERMS:]
    names = [shorten(clean(term.name), 12) for term in shown]
    if others:
        names.append(f"{len(others)} more")

    def products(count: int) -> list[str]:
        texts = [f"{_factor(term.weight, count)}*{_factor(term.input, count)}" for term in shown]
        rest = sum(term.product for term in others)
        return [*texts, _factor(rest, count)] if others else texts

    count = digits_needed(lambda count: " + ".join(products(count)), equation.value)
    parts = [f"{text} [{name}]" for text, name in zip(products(count), names, strict=True)]
    words = [f"= {parts[0]}", *(f"+ {part}" for part in parts[1:]), f"= {number(equation.value)}"]
    yield from _fitted(words, width)


def _fitted(words: Sequence[str], width: int) -> list[str]:
    """Put words on lines of ``width``; the second and later ones are indented."""
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > width:
            lines.append(f"  {word}")
        else:
            lines[-1] += f" {word}"
    return lines


def _factor(value: float, count: int) -> str:
    """A number, in brackets where a sign would stand beside another one."""
    text = number(value, count)
    return f"({text})" if text.startswith("-") else text


def _agrees(what: Explanation) -> bool:
    return abs(what.value - what.own_value) <= AGREES


def _check(what: Explanation) -> str:
    verdict = "agree" if _agrees(what) else "DIFFER"
    return (
        f"Check: h' = {what.value:.6f} on the board, {what.own_value:.6f} in the model's own "
        f"forward pass: they {verdict} (difference {abs(what.value - what.own_value):.0e})."
    )


def _uses(what: Explanation, word: str) -> bool:
    return any(word in line.formula for step in what.board for line in step.equations)


def _legend(what: Explanation) -> Iterator[str]:
    read = "the input columns" if what.layer == 0 else f"the states of layer {what.layer - 1}"
    if what.layer == 0 and what.rows_per_step > 1:
        read = "what a layer makes of the segment, segment3 its value 3"
    yield (
        f"x: {read}; h: the state before this step, h3 its unit 3; W: weights, b: bias"
        + (", g: gain" if what.layer_norm != "none" else "")
        + (", d: bias inside the normalisation" if _uses(what, " + d_") else "")
        + ("; relu(a): the larger of a and 0" if _uses(what, "relu(") else "")
        + f"; s: the logistic function 1/(1+exp(-a)). {plural(len(what.board), 'block')}, computed "
        "in double precision; numbers are rounded to what gives each result to the digits shown."
    )
