"""Scores and predictions of whatever task: each drawn and written by the view of its kind."""

from collections.abc import Mapping
from typing import Literal, TextIO

from rich.text import Text

from grucli.cli.kit.page import Screen
from grucli.cli.views.classes import (
    class_numbers,
    render_class_scores,
    render_class_summary,
    write_labels_csv,
)
from grucli.cli.views.forecast import write_forecast_csv
from grucli.cli.views.intervals import interval_table
from grucli.cli.views.scores import BRIEF, forecasters, metric_table, render_scores
from grucli.cli.views.scores import score_numbers as forecast_numbers
from grucli.cli.views.verdict import verdict
from grucli.errors import UsageError
from grucli.results import AnyScores, ClassScores, Labels, Prediction
from grucli.text import plural


def render_judged(scores: AnyScores, by: Literal["step", "column"] | None, width: int) -> Screen:
    """Scores as lines. Raises UsageError for errors by step or column of a classifier."""
    if not isinstance(scores, ClassScores):
        return render_scores(scores, by, width)
    if by is not None:
        raise UsageError(
            f"--by {by}: the model says classes, which have neither steps nor target columns; "
            "leave it out (the confusion matrix tells the classes apart)"
        )
    return render_class_scores(scores, width)


def judged_numbers(scores: AnyScores) -> Mapping[str, float | None]:
    """Every number by name, for ``--fail-if``."""
    return class_numbers(scores) if isinstance(scores, ClassScores) else forecast_numbers(scores)


def render_judged_summary(scores: AnyScores, width: int) -> list[Text]:
    """Scores in short, for the end of a run."""
    if isinstance(scores, ClassScores):
        return render_class_summary(scores, width)
    title = (
        f"On the {scores.split} span ({plural(scores.windows, 'window')} of "
        f"{plural(scores.horizon_steps, 'step')}; * best)"
    )
    table = metric_table(forecasters(scores), BRIEF, width, stars=True)
    head = [Text(), Text(title, style="bold"), *table, Text()]
    return [*head, *interval_table(scores), *verdict(scores, width)]


def write_prediction_csv(prediction: Prediction, stream: TextIO) -> None:
    """A forecast or labels as CSV."""
    if isinstance(prediction, Labels):
        write_labels_csv(prediction, stream)
    else:
        write_forecast_csv(prediction, stream)
