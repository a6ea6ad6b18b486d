"""What a recurrent network did along a series, and one of its steps on the board."""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class GateActivity:
    """One gate over the steps and units that were looked at.

    ``left_saturated_share`` counts values below 0.1 (shut), ``right_saturated_share`` above 0.9
    (open); of a tanh, whose ends are -1 and 1, below -0.9 and above 0.9. ``always_left_saturated``
    and ``always_right_saturated`` list the units that were there at every step. ``by_step`` is the
    mean of the units at each step.
    """

    gate: str
    symbol: str
    activation: str
    mean: float
    standard_deviation: float
    left_saturated_share: float
    right_saturated_share: float
    always_left_saturated: tuple[int, ...]
    always_right_saturated: tuple[int, ...]
    by_step: tuple[float, ...]


@dataclass(frozen=True)
class LayerActivity:
    """One layer in one direction.

    ``time_constant_steps`` has tau = -1 / mean over t of ln z for each unit (f of an lstm): the
    steps after which 1/e of a state is left. ``gradient_by_lag`` is E|dL/dh| of the loss L at the
    end of the context by the number of steps back, from 0 on; None where no window has its truth.
    ``gradient_half_lag``, ``gradient_tenth_lag`` and ``gradient_hundredth_lag`` are the furthest
    lags at which a half, a tenth and a hundredth of the largest gradient are left, as measured;
    ``fitted_half_life_steps`` is that of a fitted exponential, None where the gradient does not
    fade. ``largest_lyapunov_exponent`` is that of the Jacobian, in 1/steps, measured over
    ``lyapunov_steps``, ``lyapunov_halves`` the same over the first and the second half of them,
    where there are two.
    """

    layer: int
    direction: str
    units: int
    gates: tuple[GateActivity, ...]
    time_constant_steps: tuple[float, ...]
    gradient_by_lag: tuple[float, ...] | None
    gradient_half_lag: int | None
    gradient_tenth_lag: int | None
    gradient_hundredth_lag: int | None
    fitted_half_life_steps: float | None
    largest_lyapunov_exponent: float | None
    lyapunov_steps: int
    lyapunov_halves: tuple[float, ...] = ()


@dataclass(frozen=True)
class TraceReport:
    """How a network's gates moved along the newest rows of a table.

    ``rows`` from ``first`` to ``last`` were read as one sequence of ``samples`` (columns, where
    channels are independent), ``rows_per_step`` of them at each step of the network. ``windows``
    gave the gradients of ``loss``. ``difference`` is the largest between the traced states and
    those of the module itself. ``member`` says which of the ``members`` of ``train.seeds`` it is,
    from 1; None where there is one model.
    """

    checkpoint: str
    table: str
    cell: str
    layer_norm: str
    normalise: str
    rows: int
    first: str
    last: str
    samples: tuple[str, ...]
    layers: tuple[LayerActivity, ...]
    loss: str
    windows: int
    difference: float
    rows_per_step: int = 1
    member: int | None = None
    members: int = 1


@dataclass(frozen=True)
class Term:
    """One product of a weight with what it reads; ``name`` is an input column or a unit."""

    name: str
    weight: float
    input: float

    @property
    def product(self) -> float:
        """Weight times value."""
        return self.weight * self.input


NAMES = re.compile(r"[A-Za-z]\w*'?")
"""The names in a formula, those of functions among them."""


@dataclass(frozen=True)
class Equation:
    """One line of the board: ``symbol`` = ``formula`` = ``value``.

    ``values`` gives a number for every name in the formula, in which s is the logistic function.
    A product of a row of a matrix with a vector has its ``terms`` instead, largest first.
    """

    symbol: str
    formula: str
    value: float
    values: Mapping[str, float]
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True)
class BoardStep:
    """A heading and its equations; ``note`` says what they mean."""

    title: str
    note: str
    equations: tuple[Equation, ...]
    gate: str | None = None


@dataclass(frozen=True)
class InputValue:
    """An input column at this step: as in the table, scaled, and normalised in its window."""

    column: str
    original: float
    scaled: float
    normalised: float


@dataclass(frozen=True)
class Explanation:
    """One step of one unit of a cell, equation by equation, in the model's own numbers.

    ``own_value`` is the unit's next state as the model itself computed it; ``change`` how far the
    unit moved. ``step`` counts from 1 within the ``steps`` of a window that ends at ``last``, each
    of ``rows_per_step`` rows.
    ``series`` names the one of many that they are rows of. ``member`` and ``members`` are as in
    ``TraceReport``.
    """

    checkpoint: str
    cell: str
    layer_norm: str
    time: str
    last: str
    step: int
    steps: int
    sample: str
    layer: int
    direction: str
    unit: int
    units: int
    change: float
    normalise: str
    inputs: tuple[InputValue, ...]
    board: tuple[BoardStep, ...]
    value: float
    own_value: float
    series: str = ""
    rows_per_step: int = 1
    member: int | None = None
    members: int = 1
