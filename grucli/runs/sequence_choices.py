"""What ``grucli init`` chooses where series, or their rows, get a class or a number."""

from collections import Counter
from typing import Any

import numpy as np

from grucli.cells import GRU
from grucli.runs.first_look import FirstLook
from grucli.runs.recipe_choices import MOST_STEPS, Choice
from grucli.text import plural

LONGEST_PIECE, OVERLAP = 256, 32
FEW_SERIES = 10
_MANY, _SMALL_BATCH, _BATCH = 100, 8, 16
_EPOCHS = 60


def split(seen: FirstLook) -> Choice:
    """Which series, or rows, validate and test."""
    shares: dict[str, Any] = {"valid": 0.15, "test": 0.2}
    if seen.says_of_series or seen.panel.series >= FEW_SERIES:
        return Choice(shares, "whole series are dealt out")
    by_time = {"by": "time"} if seen.look.series else {}
    return Choice(by_time | shares, "the newest rows judge")


def is_cut(seen: FirstLook) -> bool:
    """Whether rows are labelled in pieces."""
    return not seen.says_of_series and bool(seen.lengths.max() > 2 * LONGEST_PIECE)


def steps(seen: FirstLook) -> Choice | None:
    """The rows of a piece of a series that is too long to be read at once."""
    longest = int(seen.lengths.max())
    return Choice(LONGEST_PIECE, f"pieces of up to {longest:,} rows") if is_cut(seen) else None


def overlap(seen: FirstLook) -> Choice | None:
    """The rows that are read beside a piece."""
    return Choice(OVERLAP, "rows beside a piece, read with it") if is_cut(seen) else None


def _samples(seen: FirstLook) -> int:
    if not is_cut(seen):
        return seen.panel.series
    return int(np.ceil(seen.lengths / LONGEST_PIECE).sum())


def batch_size(seen: FirstLook) -> Choice:
    """Small, so that an epoch has some steps."""
    samples = _samples(seen)
    words = plural(samples, "piece") if is_cut(seen) else plural(samples, "series", "series")
    return Choice(_BATCH if samples > _MANY else _SMALL_BATCH, words)


def epochs(seen: FirstLook) -> Choice:
    """Fewer where one has many steps."""
    return Choice(max(min(_EPOCHS, MOST_STEPS * _BATCH // max(_samples(seen), 1)), 2))


def model_of(seen: FirstLook) -> dict[str, Choice]:
    """What is learned with: the one place where these are chosen."""
    is_class = seen.kind == "classify"
    chosen = {
        "cell": Choice(GRU.name),
        "layer_norm": Choice("split", "helps in classification" if is_class else ""),
        "hidden": Choice(64),
        "bidirectional": Choice(True),
    }
    if is_class:
        chosen["dropout"] = Choice(0.3)
    if seen.says_of_series:
        chosen["pooling"] = Choice(["mean", "max"])
    return chosen


def class_weights(seen: FirstLook) -> Choice | None:
    """Whether rare classes count more."""
    if seen.aim.answer != "class":
        return None
    label, panel = str(seen.aim.label), seen.panel
    if seen.says_of_series:
        counts, samples = Counter(panel.texts[label]), "series"
    else:
        marks = panel.marks[label]
        counts, samples = Counter(marks[~np.isnan(marks)].tolist()), "rows"
    fewest, most = min(counts.values()), max(counts.values())
    if most <= 1.5 * fewest:
        return None
    return Choice("balanced", f"{fewest:,} to {most:,} {samples} a class")
