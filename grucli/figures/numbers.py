"""Figures of regressors: what they say against the truth."""

from typing import Any

from grucli.figures.canvas import Drawing, plain
from grucli.results import NumberScores


def draw_numbers(scores: NumberScores) -> Drawing:
    """What was said beside the truth; right answers lie on the diagonal."""

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        truth, said = zip(*scores.pairs, strict=True)
        ends = (min(*truth, *said), max(*truth, *said))
        axes.plot(ends, ends, color="0.6", linewidth=1, label="as it was")
        axes.plot(truth, said, ".", markersize=4, label="said by the model")
        axes.set_xlabel(f"{plain(scores.label)}, truth")
        axes.set_ylabel(f"{plain(scores.label)}, said by the model")
        axes.legend()

    return Drawing(
        title=f"{plain(scores.label)}: said against the truth, split {scores.split}",
        caption=f"{len(scores.pairs)} of {scores.sequences} sequences; root mean squared error "
        f"{scores.model.rmse:.4g}.",
        size=(6.0, 5.4),
        draw=draw,
    )
