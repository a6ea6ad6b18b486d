"""How good labels are, and labels themselves."""

from collections.abc import Mapping
from dataclasses import dataclass

from grucli.results.rows import Metric, row


@dataclass(frozen=True)
class ClassMetrics:
    """How often one classifier is right, and how far its probabilities can be trusted.

    ``None`` where a classifier gives no probabilities.
    """

    accuracy: float = row(Metric(better="higher"))
    balanced_accuracy: float = row(Metric("balanced acc.", better="higher"))
    macro_f1: float = row(Metric("macro F1", better="higher"))
    log_loss: float | None = row(Metric("log loss"))
    calibration_error: float | None = row(Metric("calib. error"))


@dataclass(frozen=True)
class ClassScores:
    """A classifier beside the baselines on the same sequences.

    ``confusion`` counts the model's labels: a row for each true class, a column for each class
    that was said, in the order of ``classes``. ``rows`` counts what was judged of a model that
    labels each row, None of one that labels sequences.
    """

    split: str
    sequences: int
    classes: tuple[str, ...]
    model: ClassMetrics
    baselines: Mapping[str, ClassMetrics]
    confusion: tuple[tuple[int, ...], ...]
    notes: tuple[str, ...] = ()
    rows: int | None = None


@dataclass(frozen=True)
class Labels:
    """The class that was said of each series, or of each row, and the probability of every class.

    ``ids[column]`` has a text for each of them, which names its series; ``label`` is the name of
    the column of classes. ``probabilities`` has a row for each, in the order of ``classes``.
    ``timestamps`` has a text for each row, in the column ``time``; of series both are empty.
    """

    ids: Mapping[str, tuple[str, ...]]
    label: str
    classes: tuple[str, ...]
    labels: tuple[str, ...]
    probabilities: tuple[tuple[float, ...], ...]
    notes: tuple[str, ...] = ()
    time: str = ""
    timestamps: tuple[str, ...] = ()

    @property
    def table(self) -> dict[str, tuple[str, ...] | tuple[float, ...]]:
        """All columns by name, as they stand in a CSV: those of pandas, polars or pyarrow."""
        chances = zip(*self.probabilities, strict=True)
        named = {f"p_{name}": values for name, values in zip(self.classes, chances, strict=True)}
        times = {self.time: self.timestamps} if self.timestamps else {}
        return {**self.ids, **times, self.label: self.labels, **named}
