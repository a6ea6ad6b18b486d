"""Scores of whatever task, each drawn by the view of its kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rich.text import Text

from grucli.cli.kit.page import Screen
from grucli.cli.views.classes import (
    class_numbers,
    render_class_scores,
    render_class_summary,
)
from grucli.cli.views.intervals import interval_table
from grucli.cli.views.numbers import (
    number_numbers,
    render_number_scores,
    render_number_summary,
)
from grucli.cli.views.scores import (
    brief,
    forecasters,
    left_out_lines,
    metric_table,
    render_scores,
    score_numbers,
)
from grucli.cli.views.verdict import verdict
from grucli.errors import UsageError
from grucli.results import AnyScores, ClassScores, NumberScores, Scores
from grucli.text import plural

By = Literal["step", "column"] | None


@dataclass(frozen=True)
class _View:
    """Of scores of one kind: as a screen, by name, in short; and what ``predict`` then writes."""

    render: Callable[[Any, By, int], Screen]
    numbers: Callable[[Any], Mapping[str, float | None]]
    summary: Callable[[Any, int], list[Text]]
    answers: str


def _whole(
    render: Callable[[Any, int], Screen], answers: str, instead: str
) -> Callable[[Any, By, int], Screen]:
    """The screen of scores that have neither steps nor columns."""

    def draw(scores: Any, by: By, width: int) -> Screen:
        if by is not None:
            raise UsageError(
                f"--by {by}: the model says {answers}, which have neither steps nor target "
                f"columns; leave it out{instead}"
            )
        return render(scores, width)

    return draw


def _forecast_summary(scores: Scores, width: int) -> list[Text]:
    title = (
        f"On the {scores.split} span ({plural(scores.windows, 'window')} of "
        f"{plural(scores.horizon_steps, 'step')}; * best)"
    )
    table = metric_table(forecasters(scores), brief(scores), width, stars=True)
    left_out = left_out_lines(scores.left_out, width)
    head = [Text(), Text(title, style="bold"), *table, *left_out, Text()]
    return [*head, *interval_table(scores.intervals), *verdict(scores, width)]


_VIEWS: dict[type, _View] = {
    Scores: _View(render_scores, score_numbers, _forecast_summary, "forecast"),
    ClassScores: _View(
        _whole(render_class_scores, "classes", " (the confusion matrix tells the classes apart)"),
        class_numbers,
        render_class_summary,
        "labels",
    ),
    NumberScores: _View(
        _whole(render_number_scores, "numbers", ""),
        number_numbers,
        render_number_summary,
        "numbers",
    ),
}


def render_judged(scores: AnyScores, by: By, width: int) -> Screen:
    """Scores as lines. Raises UsageError for errors by step or column where there are none."""
    return _VIEWS[type(scores)].render(scores, by, width)


def judged_numbers(scores: AnyScores) -> Mapping[str, float | None]:
    """Every number by name, for ``--fail-if``."""
    return _VIEWS[type(scores)].numbers(scores)


def render_judged_summary(scores: AnyScores, width: int) -> list[Text]:
    """Scores in short, for the end of a run."""
    return _VIEWS[type(scores)].summary(scores, width)


def answers_of(scores: AnyScores | None) -> str:
    """What a model with such scores gives, in a word: forecast, labels, numbers."""
    return "forecast" if scores is None else _VIEWS[type(scores)].answers
