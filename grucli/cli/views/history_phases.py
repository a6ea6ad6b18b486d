"""The five phases of learning in words, with one run's own numbers."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from grucli.cells.side import INPUT, STATE
from grucli.cli.kit.numbers import digits
from grucli.results import EpochLoss, MatrixRecord, WeightHistory, WeightRecord
from grucli.text import percent, plural

Phase = tuple[str, list[str]]


def phases(history: WeightHistory) -> Iterator[Phase]:
    """Heading and paragraphs of each phase; those that have not happened yet say so."""
    start, end = history.records[0], history.records[-1]
    trained = [record for record in history.records if record.loss is not None]
    yield "1 Initialise", list(_initialise(history, start))
    yield "2 Forward", list(_forward(start, end))
    if not trained:
        yield "3 Loss · 4 Backpropagate · 5 Update", ["No step has been made yet."]
        return
    yield "3 Loss", list(_loss(history, trained))
    yield "4 Backpropagate", list(_backpropagate(history, trained))
    yield "5 Update", list(_update(history, trained))


def _initialise(history: WeightHistory, start: WeightRecord) -> Iterator[str]:
    init = history.init
    own = [side for side in (INPUT, STATE) if any(m.part == side.name for m in start.matrices)]
    if init.get("checkpoint") is not None:
        chosen = ", ".join(init.get("matrices") or []) or "every matrix"
        yield f"{chosen} copied from {init['checkpoint']}, the rest drawn."
    if init:
        schemes = {INPUT: init["input_hidden"], STATE: init["hidden_hidden"]}
        scheme = ", ".join(
            f"W_{side.letter} {_drawn(schemes[side], history.hidden)}" for side in own
        )
        chrono = init.get("chrono_steps")
        if chrono is not None:
            scheme += f"; biases that remember up to {chrono} steps"
        yield f"{scheme}; seed {history.train.get('seed', '?')}."
    else:
        yield "The checkpoint does not say how the weights were drawn."
    for side in own:
        matrices = [matrix for matrix in start.matrices if matrix.part == side.name]
        words = f"W_{side.letter}: norm {_range([matrix.frobenius_norm for matrix in matrices])}"
        largest = [m.spectral_norm for m in matrices if m.spectral_norm is not None]
        radii = [m.spectral_radius for m in matrices if m.spectral_radius is not None]
        words += f", largest singular value {_range(largest)}" if largest else ""
        words += f", spectral radius {_range(radii)}" if radii else ""
        yield f"{words}."


def _drawn(scheme: str, hidden: int) -> str:
    if scheme != "uniform":
        return scheme
    return f"uniform within 1/sqrt({hidden}) = {digits(1 / math.sqrt(hidden), 3)}"


def _range(values: Sequence[float]) -> str:
    """One number, or the smallest and the largest."""
    low, high = (digits(value, 3) for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def _forward(start: WeightRecord, end: WeightRecord) -> Iterator[str]:
    """What a forward pass runs through: memories and gains, at the start and now."""
    for before, after in zip(start.time_constants, end.time_constants, strict=True):
        place = f"Layer {before.layer}{' reverse' if before.direction == 'reverse' else ''}"
        yield (
            f"{place}: time constant by the {before.gate} gate's bias alone, "
            f"{digits(before.quantiles[2], 3)} steps (median; longest "
            f"{digits(before.quantiles[4], 3)}) at step 0 and {digits(after.quantiles[2], 3)} "
            f"({digits(after.quantiles[4], 3)}) at step {end.step:,}."
        )
    old, new = ([m for m in r.matrices if m.part.startswith("gain")] for r in (start, end))
    if old and new:
        yield (
            f"Gains of the normalisation: medians {_medians(old)} at step 0, {_medians(new)} at "
            f"step {end.step:,}; now from {digits(min(m.quantiles[0] for m in new), 3)} to "
            f"{digits(max(m.quantiles[4] for m in new), 3)}."
        )
    if not start.time_constants and not old:
        yield "No gate of this cell keeps its state by a bias, and nothing is normalised."


def _medians(gains: Sequence[MatrixRecord]) -> str:
    return _range([gain.quantiles[2] for gain in gains])


def _loss(history: WeightHistory, trained: Sequence[WeightRecord]) -> Iterator[str]:
    first, last = trained[0], trained[-1]
    name = history.train.get("loss", "loss")
    words = f"{name} {digits(first.loss)} on the batch of step {first.step:,}"
    if last is not first:
        words += f", {digits(last.loss)} on that of step {last.step:,}"
    yield f"{words} (scaled units)."
    if history.epochs:
        best = min(history.epochs, key=lambda epoch: epoch.valid_loss)
        begin, end = history.epochs[0], history.epochs[-1]
        yield (
            f"Mean over an epoch: {digits(begin.train_loss)} in epoch {begin.epoch}, "
            f"{digits(end.train_loss)} in epoch {end.epoch}; validation "
            f"{digits(begin.valid_loss)}, best {digits(best.valid_loss)} in epoch {best.epoch}."
        )


def _backpropagate(history: WeightHistory, trained: Sequence[WeightRecord]) -> Iterator[str]:
    for found in _ends(trained):
        norms = _by_gate(found)
        shown = ", ".join(f"{gate} {digits(norm, 3)}" for gate, norm in norms.items())
        yield f"Gradient norm by gate in step {found.step:,}: {shown}."
    clip = history.train.get("clip")
    if clip is not None:
        yield f"Clipped to {clip:g}: {_clipped(history.epochs, trained[-1])}."


def _clipped(epochs: Sequence[EpochLoss], last: WeightRecord) -> str:
    """The share of all steps whose gradient was shortened, and when most of them were."""
    if not epochs:
        return f"{percent(last.clipped_share or 0.0)} of the steps so far"
    ends = [0, *(epoch.step for epoch in epochs)]
    total = ends[-1]
    clipped = sum(
        epoch.clipped_share * (end - start)
        for epoch, (start, end) in zip(epochs, pairwise(ends), strict=True)
    )
    if clipped == 0:
        return f"none of {plural(total, 'step')}"
    most = max(epochs, key=lambda epoch: epoch.clipped_share)
    return (
        f"{percent(clipped / total)} of {plural(total, 'step')}, most in epoch {most.epoch} "
        f"({percent(most.clipped_share)})"
    )


def _ends(trained: Sequence[WeightRecord]) -> list[WeightRecord]:
    """The first and the last, one where they are the same."""
    return [*trained[:1], *trained[1:][-1:]]


def _by_gate(record: WeightRecord) -> dict[str, float]:
    """Gradient norm of all matrices of a gate together."""
    squares: dict[str, float] = {}
    for matrix in record.matrices:
        if matrix.part in ("ih", "hh") and matrix.gradient_norm is not None:
            squares[matrix.gate] = squares.get(matrix.gate, 0.0) + matrix.gradient_norm**2
    return {gate: math.sqrt(square) for gate, square in squares.items()}


def _update(history: WeightHistory, trained: Sequence[WeightRecord]) -> Iterator[str]:
    ends = []
    for found in _ends(trained):
        ratios = [
            matrix.update_ratio
            for matrix in found.matrices
            if matrix.part in ("ih", "hh") and matrix.update_ratio is not None
        ]
        if ratios:
            ends.append(f"{_range(ratios)} in step {found.step:,} (lr {digits(found.lr, 2)})")
    name = history.train.get("optimizer", "the optimizer")
    yield f"{name} changed the matrices by this share of their norm: {', '.join(ends)}."
