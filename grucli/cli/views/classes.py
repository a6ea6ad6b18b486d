"""A classifier on screen: its metrics beside the baselines, and what it takes for what."""

import textwrap
from dataclasses import asdict

from rich.text import Text

from grucli.cli.kit.numbers import digits
from grucli.cli.kit.page import Screen
from grucli.cli.views.scores import forecasters, judged_words, metric_table, ridge_reads
from grucli.results import ClassMetrics, ClassScores, Metric, rows_of
from grucli.text import clean, plural, shorten

METRICS = tuple(rows_of(ClassMetrics, Metric))
BRIEF = ("accuracy", "balanced_accuracy", "log_loss")
NAME_WIDTH = 16
MOST_PAIRS = 10


def class_numbers(scores: ClassScores) -> dict[str, float | None]:
    """Name every number: ``accuracy`` of the model, ``ridge.accuracy``, ``recall.CLASS``.

    The recall of a class is the share of its sequences that were recognised, None without any.
    """
    groups = {"": scores.model} | {f"{name}.": row for name, row in scores.baselines.items()}
    recalls = {
        f"recall.{name}": row[place] / sum(row) if sum(row) else None
        for place, (name, row) in enumerate(zip(scores.classes, scores.confusion, strict=True))
    }
    return {
        prefix + metric: value
        for prefix, metrics in groups.items()
        for metric, value in asdict(metrics).items()
    } | recalls


def render_class_scores(scores: ClassScores, width: int = 80) -> Screen:
    """Lay scores out as lines of at most ``width`` characters."""
    return Screen(width, lambda page: _content(scores, page.width))


def _content(scores: ClassScores, width: int) -> list[Text]:
    caption = (
        f"{scores.split}: {judged_words(scores)} of "
        f"{plural(len(scores.classes), 'class', 'classes')}"
    )
    notes = (
        "* best of its column; log loss and calibration error: smaller is better",
        "rows are the true classes, columns what the model says",
    )
    return [
        Text(caption, style="dim"),
        Text(),
        *metric_table(forecasters(scores), METRICS, width, stars=True),
        Text(),
        *confusion_table(scores, width),
        Text(),
        *(Text(line, style="dim") for note in notes for line in textwrap.wrap(note, width)),
        *class_verdict(scores, width),
    ]


def render_class_summary(scores: ClassScores, width: int) -> list[Text]:
    """The same in short, for the end of a run."""
    title = f"On the {scores.split} part ({judged_words(scores)}; * best)"
    table = metric_table(forecasters(scores), BRIEF, width, stars=True)
    return [Text(), Text(title, style="bold"), *table, Text(), *class_verdict(scores, width)]


def confusion_table(scores: ClassScores, width: int) -> list[Text]:
    """How often each class was taken for each; the commonest mistakes where it is too wide."""
    names = [clean(name) for name in scores.classes]
    left = min(max(map(len, names)), NAME_WIDTH)
    room = max(len(str(count)) for row in scores.confusion for count in row)
    room = max(room, min(max(map(len, names)), 6)) + 1
    if left + room * len(names) > width:
        return _mistakes(scores)
    heads = "".join(f"{shorten(name, room - 1):>{room}}" for name in names)
    lines = [Text(" " * left + heads, style="dim")]
    for true, (name, row) in enumerate(zip(names, scores.confusion, strict=True)):
        line = Text(f"{shorten(name, left):<{left}}")
        for said, count in enumerate(row):
            style = "green" if true == said else "bold yellow" if count else "dim"
            line.append(f"{count or '·':>{room}}", style)
        lines.append(line)
    return lines


def _mistakes(scores: ClassScores) -> list[Text]:
    """The pairs of classes that are mixed up most."""
    pairs = [
        (count, clean(scores.classes[true]), clean(scores.classes[said]))
        for true, row in enumerate(scores.confusion)
        for said, count in enumerate(row)
        if true != said and count
    ]
    shown = sorted(pairs, key=lambda pair: -pair[0])[:MOST_PAIRS]
    lines = [
        Text(f"{count:>6}  {shorten(true, 24)} taken for {shorten(said, 24)}")
        for count, true, said in shown
    ]
    return [Text("Commonest mistakes (--json has all)", style="bold"), *lines]


def class_verdict(scores: ClassScores, width: int) -> list[Text]:
    """Say plainly whether the model beats the class that is said of everything."""
    ours, theirs = scores.model.accuracy, scores.baselines["majority"].accuracy
    wins = ours > theirs
    sentence = (
        f"The model {'beats' if wins else 'does not beat'} the majority class: accuracy "
        f"{digits(ours)} against {digits(theirs)}."
    )
    ridge = scores.baselines.get("ridge")
    if ridge is not None and not ours >= ridge.accuracy:
        sentence += (
            f" Ridge regression on {ridge_reads(scores)} is better than the model: accuracy "
            f"{digits(ridge.accuracy)}."
        )
    style = "bold green" if wins else "bold yellow"
    return [Text(line, style=style) for line in textwrap.wrap(sentence, width)]
