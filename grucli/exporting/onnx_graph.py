"""ONNX: a graph for ONNX Runtime and whatever else reads it."""

import os
from collections.abc import Sequence
from typing import Any

import torch
from numpy.typing import NDArray

from grucli.exporting.graph import Arrays, Graph, GraphFormat, quiet

FACTS = "grucli"
"""The entry of a model's metadata that says what inputs and outputs are, as JSON."""
_ERRORS_ALONE = 3
_SILENCE = "ORT_DISABLE_TELEMETRY"
"""From 1.29 on ONNX Runtime sends names and digests of what it runs to its maker, and keeps an
identifier of the user on the disk, unless this stands in the environment when it is loaded."""


def _draw(graph: Graph) -> bytes:
    values, *others = graph.tensors.items()
    with quiet():
        drawn = torch.onnx.export(
            graph.program,
            (values[1],),
            kwargs=dict(others),
            input_names=list(graph.example),
            output_names=list(graph.outputs),
            dynamic_shapes=graph.free,
            dynamo=True,
            verbose=False,
        )
    assert drawn is not None
    model = drawn.model_proto
    entry = model.metadata_props.add()
    entry.key, entry.value = FACTS, graph.facts
    content: bytes = model.SerializeToString()
    return content


def _run(content: bytes, inputs: Arrays) -> Sequence[NDArray[Any]]:
    os.environ.setdefault(_SILENCE, "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ALONE
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    outputs: Sequence[NDArray[Any]] = session.run(None, dict(inputs))
    return outputs


FORMAT = GraphFormat("ONNX", _draw, _run, ("onnx", "onnxscript", "onnxruntime"))
