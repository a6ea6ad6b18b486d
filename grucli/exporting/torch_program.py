"""torch.export: a program that torch loads without grucli."""

import io
from collections.abc import Sequence
from typing import Any

import torch
from numpy.typing import NDArray

from grucli.exporting.graph import Arrays, Graph, GraphFormat, quiet

FACTS = "grucli.json"
"""The extra file in a program that says what inputs and outputs are."""


def _draw(graph: Graph) -> bytes:
    values, *others = graph.tensors.items()
    buffer, open_size = io.BytesIO(), torch.export.Dim.DYNAMIC
    sizes = {name: dict.fromkeys(axes, open_size) for name, axes in graph.free.items()}
    with quiet():
        program = torch.export.export(
            graph.program, (values[1],), dict(others), dynamic_shapes=sizes
        )
        torch.export.save(program, buffer, extra_files={FACTS: graph.facts})
    return buffer.getvalue()


def _run(content: bytes, inputs: Arrays) -> Sequence[NDArray[Any]]:
    values, *others = ((name, torch.from_numpy(array)) for name, array in inputs.items())
    with quiet():
        program = torch.export.load(io.BytesIO(content)).module()
        outputs = program(values[1], **dict(others))
    return [output.numpy() for output in outputs]


FORMAT = GraphFormat("torch.export", _draw, _run)
