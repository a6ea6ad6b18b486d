"""What an expert would point at, each with the threshold it crossed."""

from collections.abc import Iterator, Sequence

import numpy as np

from grucli.reports import Finding, MatrixStatistics, TimeConstants

RADIUS = 1.2
GROWTH = 10.0
SINGULAR = 1e6
UNREAD_INPUT = 0.01
DEAD_ROWS = 0
LONG_MEMORY_STEPS = 1000.0
GAIN = 0.05
PRUNED = 0.05


def findings(
    matrices: Sequence[MatrixStatistics],
    memories: Sequence[TimeConstants],
    inputs: Sequence[str] = (),
) -> tuple[Finding, ...]:
    """All findings, those that make a model useless first.

    ``inputs`` names the columns of the first layer's input matrices.
    """
    found = [finding for matrix in matrices for finding in _of_matrix(matrix)]
    found += [finding for memory in memories for finding in _of_memory(memory)]
    found += list(_unread_inputs(matrices, inputs))
    return tuple(sorted(found, key=lambda finding: finding.quantity != "not_finite"))


def place(item: MatrixStatistics | TimeConstants) -> str:
    """The layer in words, with direction and module where there is more than one."""
    words = f"{item.module.rstrip('.')} " if item.module.count(".") > 1 else ""
    return f"{words}layer {item.layer}{' reverse' if item.direction == 'reverse' else ''}"


def _of_matrix(item: MatrixStatistics) -> Iterator[Finding]:
    def say(quantity: str, value: float, threshold: float, words: str) -> Finding:
        text = f"{item.symbol} {place(item)}: {words}"
        return Finding(item.name, quantity, value, threshold, text)

    entries = int(np.prod(item.shape))
    if item.not_finite:
        words = f"{item.not_finite} of {entries} entries are not finite: the model gives no numbers"
        yield say("not_finite", item.not_finite, 0, words)
    yield from _of_radius(item, say_place=place(item))
    start = item.expected.get("norm")
    if start and item.norm > GROWTH * start and item.effective_norm is None:
        ratio = item.norm / start
        words = f"norm {item.norm:.3g} is {ratio:.3g} > {GROWTH:g} times its start"
        yield say("norm", ratio, GROWTH, words)
    if item.condition is not None and item.condition > SINGULAR and item.shape[1] > 1:
        words = f"condition {item.condition:.1e} > {SINGULAR:.0e}: close to singular"
        yield say("condition", item.condition, SINGULAR, words)
    if item.dead_rows:
        words = f"{item.dead_rows} of {item.shape[0]} units have rows near zero: they hear nothing"
        yield say("dead_rows", item.dead_rows, DEAD_ROWS, words)
    if item.near_zero_share > PRUNED and item.norm > 0 and entries >= 100:
        words = f"{item.near_zero_share:.0%} > {PRUNED:.0%} of the entries are near zero"
        yield say("near_zero_share", item.near_zero_share, PRUNED, words)
    if item.part.startswith("gain") and item.rms < GAIN:
        words = f"gain {item.rms:.3g} < {GAIN}: this projection is switched off"
        yield say("rms", item.rms, GAIN, words)


def _of_radius(item: MatrixStatistics, *, say_place: str) -> Iterator[Finding]:
    """The radius that acts: the effective one where a layer normalisation hides the raw one."""
    effective = item.effective_radius is not None
    radius = item.effective_radius if effective else item.spectral_radius
    if radius is not None and radius > RADIUS and item.part == "hh":
        kind = "effective spectral radius" if effective else "spectral radius"
        yield Finding(
            item.name,
            "effective_radius" if effective else "spectral_radius",
            radius,
            RADIUS,
            f"{item.symbol} {say_place}: {kind} {radius:.2f} > {RADIUS}: amplifies the state",
        )


def _of_memory(item: TimeConstants) -> Iterator[Finding]:
    if item.maximum > LONG_MEMORY_STEPS:
        text = (
            f"{item.gate} bias {place(item)}: memory {item.maximum:.3g} > "
            f"{LONG_MEMORY_STEPS:g} steps: at least one unit never lets go"
        )
        name = f"{item.layer}{'r' if item.direction == 'reverse' else ''}.{item.gate}.bias"
        yield Finding(name, "memory_steps", item.maximum, LONG_MEMORY_STEPS, text)


def _unread_inputs(
    matrices: Sequence[MatrixStatistics], inputs: Sequence[str]
) -> Iterator[Finding]:
    """Inputs of a first layer that no gate listens to, beside the one that is heard most."""
    stacks: dict[tuple[str, str], list[tuple[float, ...]]] = {}
    for item in matrices:
        if item.layer == 0 and item.part == "ih" and item.column_norms:
            stacks.setdefault((item.module, item.direction), []).append(item.column_norms)
    for (_, direction), gates in stacks.items():
        total = np.linalg.norm(np.array(gates), axis=0)
        for column, norm in enumerate(total):
            share = float(norm / total.max())
            if share < UNREAD_INPUT:
                name = inputs[column] if len(inputs) == len(total) else f"input {column}"
                text = (
                    f"W_x layer 0{' reverse' if direction == 'reverse' else ''}: {name} is heard "
                    f"with {share:.2%} < {UNREAD_INPUT:.0%} of the strongest input"
                )
                yield Finding("0.ih", "column_norms", share, UNREAD_INPUT, text)
