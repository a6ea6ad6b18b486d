"""What would be trained, as seen without training."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SpanCheck:
    """One part of a table: its samples, and where time cuts it its first and last time.

    These are the times that are forecast; a context may reach back before them.
    """

    name: str
    samples: int
    first: str | None
    last: str | None


@dataclass(frozen=True)
class RecipeCheck:
    """A recipe that training would take: its table, its samples, its model and what it costs.

    ``batch_seconds`` is the time of one batch forward and backward, as measured; those of an epoch
    and of all epochs follow from it, without validation. ``memory_bytes`` is the most that the
    process (or the device) held with one batch, None where the system does not say.
    """

    recipe: str
    model: str
    parameters: int
    device: str
    threads: int
    kernel: str
    table: str
    rows: int
    series: int
    columns: tuple[str, ...]
    frequency: str
    samples_word: str
    spans: tuple[SpanCheck, ...]
    epochs: int
    steps_per_epoch: int
    batch_seconds: float
    epoch_seconds: float
    total_seconds: float
    memory_bytes: int | None
    notes: tuple[str, ...] = ()
