"""A regressor on screen: its errors beside the baselines, and the numbers that it says as CSV."""

import textwrap
from dataclasses import asdict

from rich.text import Text

from grucli.cli.kit.numbers import digits
from grucli.cli.kit.page import Screen
from grucli.cli.views.scores import forecasters, judged_words, metric_table, ridge_reads
from grucli.results import Metric, NumberMetrics, NumberScores, rows_of
from grucli.text import clean

METRICS = tuple(rows_of(NumberMetrics, Metric))


def number_numbers(scores: NumberScores) -> dict[str, float | None]:
    """Name every number: ``rmse`` of the model, ``ridge.rmse`` of a baseline."""
    groups = {"": scores.model} | {f"{name}.": row for name, row in scores.baselines.items()}
    return {
        prefix + metric: value
        for prefix, metrics in groups.items()
        for metric, value in asdict(metrics).items()
    }


def render_number_scores(scores: NumberScores, width: int = 80) -> Screen:
    """Lay scores out as lines of at most ``width`` characters."""
    return Screen(width, lambda page: _content(scores, page.width))


def _content(scores: NumberScores, width: int) -> list[Text]:
    caption = f"{scores.split}: {clean(scores.label)} of {judged_words(scores)}"
    note = "* best of its column; rmse and mae in units of the table"
    return [
        Text(caption, style="dim"),
        Text(),
        *metric_table(forecasters(scores), METRICS, width, stars=True),
        Text(),
        *(Text(line, style="dim") for line in textwrap.wrap(note, width)),
        *number_verdict(scores, width),
    ]


def render_number_summary(scores: NumberScores, width: int) -> list[Text]:
    """The same in short, for the end of a run."""
    title = f"On the {scores.split} part ({judged_words(scores)}; * best)"
    table = metric_table(forecasters(scores), METRICS, width, stars=True)
    return [Text(), Text(title, style="bold"), *table, Text(), *number_verdict(scores, width)]


def number_verdict(scores: NumberScores, width: int) -> list[Text]:
    """Say plainly whether the model beats the mean that is said of everything."""
    ours, theirs = scores.model.rmse, scores.baselines["mean"].rmse
    wins = ours < theirs
    sentence = (
        f"The model {'beats' if wins else 'does not beat'} the mean of the training part: rmse "
        f"{digits(ours)} against {digits(theirs)}."
    )
    ridge = scores.baselines.get("ridge")
    if ridge is not None and not ours <= ridge.rmse:
        sentence += (
            f" Ridge regression on {ridge_reads(scores)} is better than the model: rmse "
            f"{digits(ridge.rmse)}."
        )
    style = "bold green" if wins else "bold yellow"
    return [Text(line, style=style) for line in textwrap.wrap(sentence, width)]
