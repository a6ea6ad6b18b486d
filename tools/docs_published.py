"""The table of published cells: which of ours each is, and what differs in how it is written."""

import inspect
from collections.abc import Iterator

from grucli.cells import layouts
from grucli.cells.published import PUBLISHED, Published

HEAD = """\

## Published cells: who is whom

`inspect-weights --layout NAME` and `model.init.layout` read the weights of these cells from a state
dictionary or safetensors, by the names that the source gives them, and show them as ours. Each row
was held against a plain loop written from its source: outputs, states and gradients are the same to
rounding (`tests/test_layouts.py`). Gates stand in the order of theirs, by our letters.
"""

OTHERS = """\

Other cells than ours, which no layout reads: Keras' GRU with reset_after=False (r acts on the state
before the product); icefall's LayerNormLSTMCell (each gate's sum is normalised, and the cell state
is carried normalised); the block GRU of DreamerV3 since 2024 (its inputs are normalised, its gates
are not). Haste's zoneout mixes old and new state when a model is used, too, and the weights do not
say so. LayerNormLSTMCell of fastrnns with decompose_layernorm has no eps.
"""


def published_section() -> str:
    """Of docs/equations.md."""
    convention = (inspect.getdoc(layouts) or "").split("\n\n", 1)[1]
    table = [
        "| layout | cell | ours | eps | gates | what differs | source |",
        "|---|---|---|---|---|---|---|",
        *map(_line, PUBLISHED),
    ]
    return "\n".join([HEAD, *table, "", convention, OTHERS.rstrip("\n")])


def _line(row: Published) -> str:
    eps = "" if row.eps is None else f"{row.eps:g}"
    ours = row.cell if row.norm == "none" else f"{row.cell}, {row.norm}"
    differs = "; ".join(_differences(row)) or "names alone"
    gates = ", ".join(row.gates)
    return (
        f"| `{row.layout}` | {row.name} | {ours} | {eps} | {gates} | {differs} | `{row.source}` |"
    )


def _differences(row: Published) -> Iterator[str]:
    if row.transposed:
        yield "matrices transposed"
    if row.joined:
        yield f"one matrix over [{', '.join(row.joined)}]"
    if row.brings_new:
        shift = ", b_z = 1 - their bias" if row.offset else ""
        yield f"the update gate brings the new in{shift}"
    if row.has_inner_bias:
        yield "bias inside the normalisation, if any (`norm_bias: true`)"
    for kind, part in row.parts.items():
        if " + " in part:
            yield f"`{kind}` is `{part}`"
