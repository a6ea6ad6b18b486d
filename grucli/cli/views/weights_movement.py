"""What happened to the weights of a file, in a sentence or two."""

import math
from collections.abc import Iterator, Sequence

from grucli.cells.naming import shown_name
from grucli.cli.kit.numbers import digits
from grucli.results import MatrixMovement, MatrixStatistics, Movement, WeightReport

ROUNDING = 1e-6
"""A cosine distance below it is that of a matrix that did not move, rounded."""
_PARTS = {"ih": "input-to-hidden", "hh": "hidden-to-hidden"}


def movement_words(report: WeightReport, naming: str) -> Iterator[str]:
    """From the record of the run where there is one, else beside the expected initialisation."""
    maps = [item for item in report.matrices if len(item.shape) == 2 and not item.not_finite]
    if report.movement is not None:
        yield _recorded(report.movement, maps, naming)
    elif any(_growth(item) is not None for item in maps):
        yield _beside_the_draw(maps, naming)
    else:
        yield "The file does not say how its weights began: how far they moved is not known."


def _recorded(movement: Movement, maps: Sequence[MatrixStatistics], naming: str) -> str:
    known = [m for m in movement.matrices if m.cosine_distance_from_initialisation is not None]
    if not known:
        return (
            f"Weights of step {movement.step:,} (epoch {movement.epoch}), which the record has "
            "only the steps beside of: see --history."
        )
    most = max(known, key=lambda item: item.cosine_distance_from_initialisation or 0.0)
    distance = most.cosine_distance_from_initialisation or 0.0
    if distance < ROUNDING:
        return "No matrix has moved from its initialisation."
    angle = math.degrees(math.acos(max(1 - distance, -1.0)))
    item = next((item for item in maps if item.name == most.name), None)
    return (
        f"{_named(most, item, naming, many=_are_many(maps))}, moved most: {angle:.0f} degrees "
        f"from its initialisation (cosine distance {digits(distance, 2)}), "
        f"{_settled(most, movement)}.{_directions(item)}"
    )


def _settled(item: MatrixMovement, movement: Movement) -> str:
    if item.settled_epoch is None:
        return f"and was still moving in epoch {movement.epoch}"
    if item.settled_epoch == movement.epoch:
        return f"90 % of it only in epoch {movement.epoch}, the last"
    return f"90 % of it by epoch {item.settled_epoch} of {movement.epoch}"


def _beside_the_draw(maps: Sequence[MatrixStatistics], naming: str) -> str:
    """Without a record only sizes can be set beside what the recipe's draw leads one to expect."""
    known = [item for item in maps if _growth(item) is not None]
    most = max(known, key=lambda item: abs(math.log(_growth(item) or 1.0)))
    name, kind = _measured(most)
    return (
        f"{_named(most, most, naming, many=_are_many(maps))}, differs most from the expected "
        f"initialisation: {kind} {digits(getattr(most, name), 3)}, expected "
        f"{digits(most.expected[name], 3)}.{_directions(most)}"
    )


def _measured(item: MatrixStatistics) -> tuple[str, str]:
    if item.effective_spectral_norm is not None:
        return "effective_spectral_norm", "effective spectral norm"
    return "spectral_norm", "spectral norm"


def _growth(item: MatrixStatistics) -> float | None:
    """The size now over the one expected before training."""
    name, _ = _measured(item)
    now, start = getattr(item, name), item.expected.get(name)
    return now / start if now and start else None


def _directions(item: MatrixStatistics | None) -> str:
    if item is None or not item.outliers or min(item.shape) == 1:
        return ""
    are = "is an outlier" if item.outliers == 1 else "are outliers"
    return f" {item.outliers} of its {min(item.shape)} singular values {are}."


def _named(
    found: MatrixMovement | MatrixStatistics,
    item: MatrixStatistics | None,
    naming: str,
    *,
    many: bool,
) -> str:
    """``W_hz, the update gate's hidden-to-hidden matrix``, with its layer among many."""
    name = shown_name(naming, found.address, item.shape[0] if item else 0)
    is_only_gate = len(found.address.spec.gates) == 1
    whose = "the" if is_only_gate else f"the {found.gate} gate's"
    words = f"{name}, {whose} {_PARTS[found.part]} matrix"
    if not many:
        return words
    return f"{words} in layer {found.layer}{' reverse' * (found.direction == 'reverse')}"


def _are_many(maps: Sequence[MatrixStatistics]) -> bool:
    return len({(item.module, item.layer, item.direction) for item in maps}) > 1
