"""How Keras and ONNX stack the matrices of a cell that they have."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class KerasForm:
    """Keras's letters by gate, in the order in which it stacks their columns.

    With ``bias_rows`` its ``bias`` has a row for each side, which ``note`` explains; without, it is
    the sum of both.
    """

    letters: Mapping[str, str]
    bias_rows: bool = False
    note: str = ""


@dataclass(frozen=True)
class OnnxForm:
    """The operator, its gates in the order in which it stacks their rows, its usual activations.

    ``before_reset`` says what another cell it is with linear_before_reset = 0, where it has that.
    """

    operator: str
    order: tuple[str, ...]
    activations: tuple[str, ...]
    before_reset: str = ""
