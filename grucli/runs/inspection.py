"""Look into a checkpoint; imports no torch, so that it starts at once."""

from pathlib import Path

from grucli.reports import WeightReport
from grucli.weights import build_weight_report, read_weights


def inspect_weights(path: str | Path) -> WeightReport:
    """What every matrix of a checkpoint looks like, our own or a foreign one."""
    return build_weight_report(read_weights(path))
