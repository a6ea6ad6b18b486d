"""Figures of classifiers: what they take for what."""

from typing import Any

from grucli.figures.canvas import Drawing, plain
from grucli.results import ClassScores

MOST_NUMBERS = 30
"""Classes up to which every cell shows its count."""


def draw_confusion(scores: ClassScores) -> Drawing:
    """The confusion matrix: shares of each true class by colour, and counts."""

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        shares = [[count / max(sum(row), 1) for count in row] for row in scores.confusion]
        picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        names = [plain(name, 16) for name in scores.classes]
        axes.set_xticks(range(len(names)), names, rotation=90 if len(names) > 6 else 0)
        axes.set_yticks(range(len(names)), names)
        axes.set_xlabel("said by the model")
        axes.set_ylabel("true class")
        if len(names) <= MOST_NUMBERS:
            for true, row in enumerate(scores.confusion):
                for said, count in enumerate(row):
                    ink = "white" if shares[true][said] > 0.5 else "black"
                    axes.text(said, true, str(count), ha="center", va="center", color=ink)
        figure.colorbar(picture, ax=axes, label="share of the true class")

    return Drawing(
        title=f"What was taken for what, split {scores.split}",
        caption=f"Each row holds the sequences of one true class, {scores.sequences} in all; on "
        f"the diagonal are those that were recognised: accuracy {scores.model.accuracy:.3f}.",
        size=(6.4, 5.4),
        draw=draw,
    )
