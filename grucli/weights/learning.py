"""Where learning happened: what moved most and when, what got little gradient; thresholds."""

import math
from collections.abc import Iterator, Sequence

from grucli.results import Finding, MatrixLearning, MatrixRecord, WeightRecord
from grucli.text import percent

SETTLED = 0.9
"""Share of the cosine distance from initialisation at which a matrix counts as settled."""

SMALL = 0.01
"""A gradient below this share of the largest matrix's gradient in the same step is small."""

MOST = 0.5
FAST_UPDATE = 1e-2
"""Ten times the update over weight that is usual (1e-3, Stanford's cs231n notes)."""

_DISTANCE = "cosine_distance_from_initialisation"

MAPS = {"ih": "input-to-hidden", "hh": "hidden-to-hidden"}


def find_learning(records: Sequence[WeightRecord]) -> tuple[MatrixLearning, ...]:
    """What the records of a run say of each matrix, in their order; vectors are left out."""
    small = small_gradient_shares(records)
    found = []
    for last in records[-1].matrices:
        if last.part not in MAPS:
            continue
        settled = settled_record(last.name, records)
        found.append(
            MatrixLearning(
                **last.address.labels,
                cosine_distance_from_initialisation=last.cosine_distance_from_initialisation,
                settled_step=None if settled is None else settled.step,
                settled_epoch=None if settled is None else settled.epoch,
                small_gradient_share=small.get(last.name, 0.0),
            )
        )
    return tuple(found)


def matrix_of(record: WeightRecord, name: str) -> MatrixRecord:
    """One matrix of a record by its long name; raises KeyError where it has none."""
    for matrix in record.matrices:
        if matrix.name == name:
            return matrix
    raise KeyError(name)


def settled_record(name: str, records: Sequence[WeightRecord]) -> WeightRecord | None:
    """The record in which a matrix was done with learning: its step and epoch.

    Formula: first record from which on d >= 0.9 * d in the last record, d the cosine distance from
    initialisation

    Tells: which gates are learned early and which late.

    Misleads: while d still grows in the last record, the end is not known. Records lie at steps 1,
    2, 4, 8 and so on and at ends of epochs, so it is known to those only.

    At the start: no record.

    Source: ours.
    """
    matrices = [matrix_of(record, name) for record in records]
    distances = [matrix.cosine_distance_from_initialisation or 0.0 for matrix in matrices]
    if distances[-1] <= 0:
        return None
    settled = len(records) - 1
    while settled > 0 and distances[settled - 1] >= SETTLED * distances[-1]:
        settled -= 1
    return records[settled]


def small_gradient_shares(records: Sequence[WeightRecord]) -> dict[str, float]:
    """Share of the steps in which a matrix got almost no gradient.

    Formula: share of steps with |dL/dW|_F < 0.01 max over matrices of |dL/dW|_F; a record stands
    for the steps since the one before

    Tells: a gate that the loss does not reach.

    Misleads: with Adam, which divides by the size of the gradients, such a matrix still moves;
    see update over weight.

    At the start: any; the hidden-to-hidden matrices of the reset and update gates get little while
    the state is 0.

    Source: ours.
    """
    small: dict[str, int] = {}
    before = total = 0
    for record in records:
        norms = {
            matrix.name: matrix.gradient_norm
            for matrix in record.matrices
            if matrix.part in MAPS and matrix.gradient_norm is not None
        }
        if not norms:
            continue
        steps, before = record.step - before, record.step
        total += steps
        for name, norm in norms.items():
            if norm < SMALL * max(norms.values()):
                small[name] = small.get(name, 0) + steps
    return {name: steps / max(total, 1) for name, steps in small.items()}


def learning_findings(
    records: Sequence[WeightRecord], found: Sequence[MatrixLearning]
) -> tuple[Finding, ...]:
    """Sentences: what moved most and when it settled, small gradients, updates, clipping."""
    return (
        *_movement(records, found),
        *_small_gradients(found),
        *_updates(records),
        *_clipping(records),
    )


def _movement(
    records: Sequence[WeightRecord], found: Sequence[MatrixLearning]
) -> Iterator[Finding]:
    moved = [item for item in found if item.cosine_distance_from_initialisation]
    if not moved:
        yield Finding("", _DISTANCE, 0.0, 0.0, "No matrix has moved since initialisation.")
        return
    most = max(moved, key=lambda item: item.cosine_distance_from_initialisation or 0.0)
    distance = most.cosine_distance_from_initialisation or 0.0
    text = (
        f"{most.symbol} {_place(most)}, the {most.gate} gate's {MAPS[most.part]} matrix, moved "
        f"most: {_degrees(distance):.3g} degrees from its initialisation (cosine distance "
        f"{distance:.3g})."
    )
    yield Finding(most.name, _DISTANCE, distance, 0.0, text, cell=most.cell)
    yield _settling(most, records[-1].step)
    latest = max(moved, key=lambda item: item.settled_step or 0)
    if (latest.settled_step or 0) > (most.settled_step or 0):
        yield _settling(latest, records[-1].step)


def _settling(item: MatrixLearning, steps: int) -> Finding:
    step, epoch = item.settled_step or 0, item.settled_epoch
    where = f"by step {step:,} of {steps:,} (epoch {epoch})"
    text = f"{item.symbol} {_place(item)} settled {where}, at {percent(SETTLED)} of its distance."
    if step == steps:
        text = (
            f"{item.symbol} {_place(item)} was still moving when the record ends, in epoch "
            f"{epoch}: {percent(SETTLED)} of its distance was reached only there."
        )
    return Finding(item.name, "settled_step", step, SETTLED, text, cell=item.cell)


def _small_gradients(found: Sequence[MatrixLearning]) -> Iterator[Finding]:
    small = [item for item in found if item.small_gradient_share > MOST]
    for item in small:
        text = (
            f"{item.symbol} {_place(item)} got little gradient: below {100 * SMALL:g} % of the "
            f"largest in {percent(item.small_gradient_share)} > {percent(MOST)} of the steps."
        )
        share = item.small_gradient_share
        yield Finding(item.name, "small_gradient_share", share, MOST, text, cell=item.cell)
    if not small:
        worst = max((item.small_gradient_share for item in found), default=0.0)
        text = (
            f"No gate got little gradient: below {100 * SMALL:g} % of the largest in more than "
            f"{percent(MOST)} of the steps."
        )
        yield Finding("", "small_gradient_share", worst, MOST, text)


def _updates(records: Sequence[WeightRecord]) -> Iterator[Finding]:
    """The matrix whose last recorded update is largest, where that is very large."""
    trained = [record for record in records if record.loss is not None]
    if not trained:
        return
    ratios = [
        (matrix.update_ratio, matrix)
        for matrix in trained[-1].matrices
        if matrix.part in MAPS and matrix.update_ratio is not None
    ]
    ratio, matrix = max(ratios, key=lambda pair: pair[0], default=(0.0, None))
    if matrix is not None and ratio > FAST_UPDATE:
        text = (
            f"{matrix.symbol} {_place(matrix)} still changed by {ratio:.2g} > {FAST_UPDATE:g} of "
            "its norm in the last recorded step: a lower train.lr, or one that falls, may help."
        )
        name, cell = matrix.name, matrix.cell
        yield Finding(name, "update_ratio", ratio, FAST_UPDATE, text, cell=cell)


def _clipping(records: Sequence[WeightRecord]) -> Iterator[Finding]:
    shares = [record.clipped_share for record in records if record.clipped_share is not None]
    if shares and shares[-1] > MOST:
        text = (
            f"{percent(shares[-1])} > {percent(MOST)} of the last epoch's steps were clipped: the "
            "length of a step is set by train.clip, not by the gradient."
        )
        yield Finding("", "clipped_share", shares[-1], MOST, text)


def _degrees(distance: float) -> float:
    return math.degrees(math.acos(max(-1.0, min(1.0, 1 - distance))))


def _place(item: MatrixLearning | MatrixRecord) -> str:
    return f"layer {item.layer}{' reverse' if item.direction == 'reverse' else ''}"
