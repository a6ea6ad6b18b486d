"""What a cell cannot see: its output when weights or inputs are multiplied by a number."""

from dataclasses import dataclass

import torch

from grucli.nn import GRU

CELLS = (
    ("none", None),
    ("split", None),
    ("split", 1e-12),
    ("ba2016", None),
    ("ba2016", 1e-12),
    ("sum", None),
    ("sum", 1e-12),
    ("sum_joint", None),
    ("sum_joint", 1e-12),
)
"""Layer normalisation and its eps, None for the usual one."""
UNITS, STEPS, SERIES = 32, 500, 8


@dataclass(frozen=True)
class Trial:
    """By what the weights of the state and the input are multiplied."""

    label: str
    state: float = 1.0
    inputs: float = 1.0
    columns: int = 3


TRIALS = (
    Trial("10 W_h", state=10),
    Trial("100 x", inputs=100),
    Trial("0.01 x", inputs=0.01),
    Trial("10 W_h, 10 x", state=10, inputs=10),
    Trial("2 x, one column", inputs=2, columns=1),
)


@torch.no_grad()
def output_change(trial: Trial, kind: str, eps: float | None) -> float:
    """Root mean square of h' - h over that of h, for a random series of 500 steps, in float64.

    h' is the output of the same cell with its weights and inputs multiplied as ``trial`` says. To
    multiply the input is to multiply the input weights.
    """
    torch.manual_seed(0)
    gru = GRU(trial.columns, UNITS, layer_norm=kind, eps=eps, dtype=torch.float64)
    x = torch.randn(STEPS, SERIES, trial.columns, dtype=torch.float64)
    before, _ = gru(x)
    gru.weight_hh_l0.mul_(trial.state)
    after, _ = gru(x * trial.inputs)
    return float((after - before).norm() / before.norm())


def invariance_rows() -> tuple[list[str], list[list[str]]]:
    """Head and lines of the table: one line for each cell."""
    rows = []
    for kind, eps in CELLS:
        changes = [f"{output_change(trial, kind, eps):.1g}" for trial in TRIALS]
        rows.append([kind if eps is None else f"{kind}, eps {eps:g}", *changes])
    return ["", *(trial.label for trial in TRIALS)], rows
