"""What an expert would point at: the threshold that was crossed, and what that does not mean.

Nothing is said where no theory stands behind it: the spectral radius of a gate's matrix, which goes
into a sigmoid or is scaled by one, decides nothing about stability; nor does the condition number
of a matrix that need not be inverted.
"""

import math
from collections.abc import Collection, Iterator, Sequence

from grucli.results import Finding, MatrixStatistics, TimeConstants
from grucli.text import percent
from grucli.weights.statistics.lines import NEAR_ZERO_ROW

RADIUS = 1.2
"""Of a plain recurrent network 1 is the edge of stability at the state 0, where an orthogonal draw
begins; a fifth beyond it is said."""

GROWTH = 10.0
UNREAD_INPUT = 0.01
LONG_MEMORY_STEPS = 1000.0
GAIN = 0.05
PRUNED = 0.05
FEWEST_ENTRIES = 100


def findings(
    matrices: Sequence[MatrixStatistics],
    memories: Sequence[TimeConstants],
    inputs: Sequence[str] = (),
    *,
    unjudged: Collection[str] = (),
) -> tuple[Finding, ...]:
    """All findings, those that make a model useless first.

    ``inputs`` names the columns of the first layer's input matrices, ``unjudged`` the modules of
    which it is not known what is normalised: the radius of a raw matrix says nothing there.
    """
    found = [finding for item in matrices for finding in _of_entries(item)]
    for item in matrices:
        found += () if item.module in unjudged else _of_radius(item)
        found += _of_rows(item)
    found += [finding for item in memories for finding in _of_memory(item)]
    found += list(_unread_inputs(matrices, inputs))
    found.sort(key=lambda finding: finding.quantity != "not_finite")
    return tuple(found)


def _say(
    item: MatrixStatistics, quantity: str, words: str, *, value: float, threshold: float
) -> Finding:
    text = f"{item.symbol} {_place(item)}: {words}"
    name = item.module + item.name
    return Finding(name, quantity, value, threshold, text, cell=item.cell)


def _place(item: MatrixStatistics | TimeConstants) -> str:
    """The layer in words, with the stack where it has a name, and the reverse direction."""
    stack = item.module.rstrip(".")
    direction = " reverse" if item.direction == "reverse" else ""
    return f"layer {item.layer}{direction}{f' of {stack}' if stack else ''}"


def _of_entries(item: MatrixStatistics) -> Iterator[Finding]:
    """What single entries and the norm show."""
    entries = math.prod(item.shape)
    if item.not_finite:
        words = (
            f"{item.not_finite} of {entries} entries are not finite (expected 0): the model gives "
            "no numbers"
        )
        yield _say(item, "not_finite", words, value=item.not_finite, threshold=0)
    start = item.expected.get("frobenius_norm")
    if start and item.frobenius_norm > GROWTH * start and item.effective_spectral_norm is None:
        ratio = item.frobenius_norm / start
        words = (
            f"Frobenius norm {item.frobenius_norm:.3g} is {ratio:.3g} > {GROWTH:g} times that "
            "expected at the start: gates may saturate; large weights need not be wrong"
        )
        yield _say(item, "frobenius_norm", words, value=ratio, threshold=GROWTH)
    if item.near_zero_share > PRUNED and item.frobenius_norm > 0 and entries >= FEWEST_ENTRIES:
        words = (
            f"{percent(item.near_zero_share)} > {percent(PRUNED)} of the entries are near zero: "
            "something pruned them; what is left need not be worse"
        )
        yield _say(item, "near_zero_share", words, value=item.near_zero_share, threshold=PRUNED)
    if item.part.startswith("gain") and item.rms < GAIN:
        words = f"gain {item.rms:.3g} < {GAIN}: this projection is as good as switched off"
        yield _say(item, "rms", words, value=item.rms, threshold=GAIN)


def _of_radius(item: MatrixStatistics) -> Iterator[Finding]:
    """Whether a matrix that is the whole step lets the state grow."""
    radius = item.spectral_radius
    is_whole_step = item.address.spec.next_state is None and item.effective_spectral_radius is None
    if radius is not None and radius > RADIUS and is_whole_step:
        words = (
            f"spectral radius {radius:.4g} > {RADIUS:g}: small states grow; tanh bounds them, so "
            "this does not say that large ones do (the Lyapunov exponent of trace does)"
        )
        yield _say(item, "spectral_radius", words, value=radius, threshold=RADIUS)


def _of_rows(item: MatrixStatistics) -> Iterator[Finding]:
    """Units that read nothing."""
    if item.near_zero_rows:
        words = (
            f"{item.near_zero_rows} of {item.shape[0]} rows (expected 0) are at most "
            f"{NEAR_ZERO_ROW:g} of the median row: nothing reaches these units this way; others may"
        )
        yield _say(item, "near_zero_rows", words, value=item.near_zero_rows, threshold=0)


def _of_memory(item: TimeConstants) -> Iterator[Finding]:
    if item.maximum > LONG_MEMORY_STEPS:
        text = (
            f"{item.gate} bias {_place(item)}: memory {item.maximum:.3g} > "
            f"{LONG_MEMORY_STEPS:g} steps in at least one unit, by its bias alone: inputs may "
            "still open the gate"
        )
        yield Finding(
            item.module + item.bias_name,
            "time_constant_steps",
            item.maximum,
            LONG_MEMORY_STEPS,
            text,
            cell=item.cell,
        )


def _unread_inputs(
    matrices: Sequence[MatrixStatistics], inputs: Sequence[str]
) -> Iterator[Finding]:
    """Inputs of a first layer that no gate reads, beside the one with the largest weights."""
    stacks: dict[tuple[str, str], list[MatrixStatistics]] = {}
    for item in matrices:
        if item.layer == 0 and item.part == "ih" and item.column_norms:
            stacks.setdefault((item.module, item.direction), []).append(item)
    for gates in stacks.values():
        columns = zip(*(item.column_norms for item in gates), strict=True)
        read = [math.hypot(*norms) for norms in columns]
        strongest = max(read)
        for column, norm in enumerate(read):
            share = norm / strongest if strongest > 0 else 0.0
            if share < UNREAD_INPUT:
                name = inputs[column] if len(inputs) == len(read) else f"input {column}"
                text = (
                    f"W_x {_place(gates[0])}: {name} is read with weights of {100 * share:.2g} % < "
                    f"{100 * UNREAD_INPUT:g} % of the strongest input's; beside inputs of equal "
                    "scale, as a recipe makes them, it is as good as unread"
                )
                full = f"{gates[0].module}0.ih"
                cell = gates[0].cell
                yield Finding(full, "column_norms", share, UNREAD_INPUT, text, cell=cell)
