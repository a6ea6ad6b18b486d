"""Write docs/ again: pages from docstrings, and the walk-through's output from its commands.

    python -m tools.make_docs pages   # from docstrings, commands and the schema, in a second
    python -m tools.make_docs walk    # WALKED: trains, runs every command, draws; two minutes

Prose of a walked page is written by hand: only what follows a ``$ `` line in a ``console`` block is
replaced (tools/docs_walk.py). A docstring of a statistic has a first line that says what it is, and
paragraphs that begin with the words of ``LABELS``; other paragraphs are for readers of the code
alone.
"""

import argparse
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from grucli import nn, results
from grucli.cells import CELLS, CellSpec, address
from grucli.nn import rules
from tools.docs_cli import cli_page
from tools.docs_init import init_page
from tools.docs_keys import old_keys_section
from tools.docs_notebook import notebook
from tools.docs_pictures import draw_pictures
from tools.docs_published import published_section
from tools.docs_recipe import recipe_page
from tools.docs_table import SECTIONS, Section, Source
from tools.docs_walk import REPOSITORY, output, walk, workplace

DOCS = REPOSITORY / "docs"
LABELS = ("Formula", "Tells", "Misleads", "At the start", "Source")


STATISTICS_HEAD = """\
# Every statistic

Written by `make docs` from the docstrings of the functions that compute them; what is wrong here
is put right there. W is one gate's matrix of `rows` x `columns`, w its entries, N their number,
k the smaller of rows and columns; s are the singular values, largest first, lambda the
eigenvalues (of square matrices alone); H the hidden units; s( ) the logistic function; sigma the
deviation of the draw. "At the start" is the value to expect before training. "torch's draw" is
uniform in +-1/sqrt(H), which is `model.init: uniform`. In tables `grucli` shows it in brackets,
where the recipe tells how a matrix was drawn; `--json` has it as `expected`.

Names in `code` are those of `--json`. `--fail-if "W_hz.spectral_radius>1.5"` knows the ones
marked so, also by address, `0.update.hh.spectral_radius`, and with wildcards,
`*.hh.spectral_radius`; `nan` counts entries that are not finite in all matrices, `findings` the
findings. Beside a second checkpoint it knows the numbers of the comparison, `differences`, which
counts entries of recipe, data, scaler and the rest that differ, `differences.recipe` and so on,
and `unmatched`, the matrices that only one of the two has in this shape.

Of forecasts f is the forecast, y the truth; means and sums are over the values that were measured,
in all windows, steps of the horizon and columns. `--fail-if "mase>1"` of `eval` also knows
`naive.mase` and so on, `step3.rmse`, `column.NAME.mae`, and `skill.NAME` of every baseline, by
which share the mean squared error is below its own, with `skill.NAME.low` and `.high`; of intervals
`coverage.80`, `width.80` and `step3.coverage.80`, where 80 is the level: see judging.md.
"""

EQUATIONS_HEAD = """\
# Equations and names of every cell

Written by `make docs` from the docstrings of `grucli/nn/cells/` and `grucli/cells/address.py`, and
from what `grucli/cells/` says of each cell; what is wrong here is put right there.

## Notation
"""


def paragraphs(function: Callable[..., Any]) -> dict[str, str]:
    """The first line of a docstring under "", and its labelled paragraphs, each on one line."""
    first, *rest = (inspect.getdoc(function) or "").split("\n\n")
    found = {"": " ".join(first.split())}
    for paragraph in rest:
        label, colon, words = paragraph.partition(":")
        if colon and label in LABELS:
            found[label] = " ".join(words.split())
    return found


def statistics_page() -> str:
    """docs/statistics.md."""
    parts = [STATISTICS_HEAD]
    for section in SECTIONS:
        parts.append(f"## {section.title}\n\nIn `{section.json}`\n")
        parts += [_statistic(section, source) for source in section.sources]
    return "\n".join([*parts, old_keys_section()])


def _statistic(section: Section, source: Source) -> str:
    found = paragraphs(source.function)
    head, text = f"### {', '.join(source.fields)}", [_wrapped(found[""])]
    text.append(_block(found["Formula"]))
    known = set(source.fields) <= set(results.quantities(section.report))
    names = [f"`{section.checked}{name}`" for name in source.fields]
    checked = [f"`--fail-if`: {', '.join(names)}."] * (known and section.checked is not None)
    shown = [f"On screen: {source.screen}."] * bool(source.screen)
    text += [_wrapped(f"{label}: {found[label]}") for label in LABELS[1:]]
    text += [_wrapped(" ".join([*shown, *checked]))] * bool(shown or checked)
    return "\n\n".join([head, *text]) + "\n"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)


def _block(text: str) -> str:
    lines = textwrap.wrap(text, 92, break_long_words=False, break_on_hyphens=False)
    return "\n".join(["```", *lines, "```"])


@dataclass(frozen=True)
class Variant:
    """A cell and the kinds of layer normalisation with these equations."""

    cell: str
    layer_norms: tuple[str, ...]
    title: str
    equations: tuple[str, ...]
    notes: tuple[str, ...]


def variants() -> Iterator[Variant]:
    """The variants in the docstrings of the cells' equations, in their order."""
    for cell, module in nn.MODULES.items():
        for block in (inspect.getdoc(inspect.getmodule(module)) or "").split("\n\n"):
            head, *lines = block.splitlines()
            match = re.fullmatch(rf"{cell}, ([\w ]+): (.*)", head)
            if match:
                inside = [line.strip() for line in lines]
                cut = next((at for at, line in enumerate(inside) if _is_note(line)), len(inside))
                kinds = tuple(match[1].split(" and "))
                yield Variant(cell, kinds, match[2], tuple(inside[:cut]), tuple(inside[cut:]))


def _is_note(line: str) -> bool:
    return line.startswith(("Reset gate:", "For:", "Source:"))


def equations_page() -> str:
    """docs/equations.md."""
    notation = (inspect.getdoc(nn.cells) or "").split("\n\n")[1]
    names = (inspect.getdoc(address) or "").split("\n\n")[1:]
    parts = [EQUATIONS_HEAD, notation, "\n## Names and conventions\n", "\n\n".join(names)]
    for cell, spec in CELLS.items():
        parts += [f"\n## {cell}\n", _gate_table(spec), *_remarks(cell)]
        parts += [_variant(variant) for variant in variants() if variant.cell == cell]
    return "\n".join([*parts, published_section()])


def _remarks(cell: str) -> Iterator[str]:
    """What holds for all equations of a cell."""
    for block in (inspect.getdoc(inspect.getmodule(nn.MODULES[cell])) or "").split("\n\n"):
        if block.startswith("Activation: "):
            yield "\n" + block


def _gate_table(spec: CellSpec) -> str:
    rows = [
        "| gate | letter | rows in torch's stack | matrices | columns in Keras | rows in ONNX |",
        "|---|---|---|---|---|---|",
    ]
    stacks = spec.gate_names, tuple(spec.keras.letters), spec.onnx.order
    for gate, letter in zip(spec.gate_names, spec.letters, strict=True):
        torch, keras, onnx = (_span(stack.index(gate)) for stack in stacks)
        matrices = f"`W_x{letter}` `0.{gate}.ih`, `W_h{letter}` `0.{gate}.hh`"
        keras = f"{spec.keras.letters[gate]}: {keras}"
        rows.append(f"| {gate} | {letter} | {torch} | {matrices} | {keras} | {onnx} |")
    return "\n".join(rows)


def _span(at: int) -> str:
    """``H to 2H`` for the second block of H."""
    edges = ("0", "H", "2H", "3H", "4H")
    return f"{edges[at]} to {edges[at + 1]}"


def _variant(variant: Variant) -> str:
    name = " and ".join(variant.layer_norms)
    text = [f"\n### layer_norm: {name}\n", variant.title[:1].upper() + variant.title[1:], ""]
    text += ["```", *variant.equations, "```", ""]
    text += [f"- {note}" for note in variant.notes]
    for layer_norm in variant.layer_norms[:1]:
        text += [f"- {fact}" for fact in _facts(variant.cell, layer_norm)]
    return "\n".join(text)


def _facts(cell: str, layer_norm: str) -> Iterator[str]:
    """What is normalised together, and the parameters, as the code has them."""
    rule = rules.cell_rule(nn.MODULES[cell].equations, layer_norm)
    sizes = rules.norm_blocks(rule, len(rule.spec.gates) * 64)
    if sizes:
        side = "of the sum" if rule.norm.of_sum else "of each side"
        shown = " + ".join(f"{size // 64 if size > 64 else ''}H" for size in sizes)
        state = f"; H values of {rule.norm.state}'" if rule.norm.state else ""
        yield f"Normalised together: {shown} values {side}{state}; eps {rule.eps:g}"
    shapes = rules.parameter_shapes(rule, 7, 64, bias=True)
    named = ", ".join(f"`{kind}_l0` {_names(cell, kind)}" for kind in shapes)
    yield f"Parameters: {named}"
    count = sum(shape[0] * (shape[1] if len(shape) > 1 else 1) for shape in shapes.values())
    rows, vectors = len(rule.spec.gates), [shape for shape in shapes.values() if len(shape) == 1]
    each = "" if rows == 1 else f"{rows} "
    stacked = sum(shape == (rows * 64,) for shape in vectors)
    rest = f" + {len(vectors) - stacked} H" if len(vectors) > stacked else ""
    yield f"Count: {each}H (C + H + {stacked}){rest}; {count:,} for C = 7 inputs and H = 64 units"


def _names(cell: str, kind: str) -> str:
    prefix = address.PARTS[kind].prefix
    return f"({' '.join(f'`{prefix}{x}`' for x in CELLS[cell].blocks(kind).values())})"


PAGES = {
    "equations.md": equations_page,
    "statistics.md": statistics_page,
    "init.md": init_page,
    "cli.md": cli_page,
    "recipe.md": recipe_page,
    "howto/notebook.ipynb": notebook,
}
WALKED = tuple(REPOSITORY / name for name in ("README.md", "docs/learning.md", "docs/questions.md"))
"""Pages whose commands are run, in this order and in one folder: each uses the runs before it."""


def main() -> None:
    """Write the pages asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("pages", "walk", "all"))
    what = parser.parse_args().what
    if what != "walk":
        for name, page in PAGES.items():
            (DOCS / name).write_text(page())
    if what != "pages":
        with workplace() as folder:
            for path in WALKED:
                path.write_text(walk(path.read_text(), lambda command: output(command, folder)))
            draw_pictures(folder)


if __name__ == "__main__":
    main()
