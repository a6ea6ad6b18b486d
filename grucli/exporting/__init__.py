"""Models as files of other programs: one file for each format, a whole forecast as a graph."""

from grucli.exporting import onnx_graph, torch_program
from grucli.exporting.graph import Graph, GraphFormat
from grucli.exporting.program import Program
from grucli.exporting.weights import safetensors_bytes

GRAPHS: dict[str, GraphFormat] = {
    ".onnx": onnx_graph.FORMAT,
    ".pt2": torch_program.FORMAT,
}
"""Ending of a file -> format of a graph."""
WEIGHTS = {".safetensors": safetensors_bytes}
"""Ending of a file -> what writes weights alone."""
ENDINGS = (*GRAPHS, *WEIGHTS)

__all__ = ["ENDINGS", "GRAPHS", "WEIGHTS", "Graph", "GraphFormat", "Program"]
