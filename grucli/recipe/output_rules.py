"""Rules on what is said of each value that is forecast."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from grucli.calendars import WAVES
from grucli.recipe.rule import Rule
from grucli.recipe.tasks import LOSSES_OF_OUTPUTS, kind_of_output

_MEDIAN = 0.5
_COUNTS = "negative_binomial"


def _levels_in_disorder(output: str | Mapping[str, Sequence[float]]) -> str | None:
    if isinstance(output, str):
        return None
    levels = list(output["quantiles"])
    shown = f"found quantiles {', '.join(map(repr, levels))}; expected levels that rise"
    if any(low >= high for low, high in pairwise(levels)):
        return f"{shown}, each once"
    if _MEDIAN not in levels:
        return f"{shown}, 0.5 among them: the median is the forecast"
    return None


def _loss_of_distribution(loss: str, output: Any) -> str | None:
    kind = kind_of_output(output)
    if loss != "mse" and kind != "point":
        own = LOSSES_OF_OUTPUTS[kind]
        return f"found {loss} with task.output {kind}, whose loss is the {own}; leave it out"
    return None


def _units_of_likelihood(loss_units: str, output: Any) -> str | None:
    kind = kind_of_output(output)
    if loss_units == "window" and kind not in ("point", "quantiles"):
        return (
            f"found window with task.output {kind}, whose likelihood weighs every window by "
            "itself; expected scaled"
        )
    return None


def _of_counts(expected: str | int, why: str) -> Callable[[str | int, Any], str | None]:
    """A key that must have one value where counts are forecast."""

    def breaks(value: str | int, output: Any) -> str | None:
        if kind_of_output(output) != _COUNTS or value == expected:
            return None
        return f"found {value} with task.output {_COUNTS}, {why}; expected {expected}"

    return breaks


OUTPUT_RULES = (
    Rule(("task.output",), _levels_in_disorder),
    Rule(("train.loss", "task.output"), _loss_of_distribution),
    Rule(("train.loss_units", "task.output"), _units_of_likelihood),
    Rule(
        ("task.normalise", "task.output"),
        _of_counts("mean", "whose windows are divided by the mean of their counts"),
    ),
    *(
        Rule(
            (f"model.harmonics.{part}", "task.output"),
            _of_counts(0, "of which nothing is taken off"),
        )
        for part in WAVES
    ),
    Rule(("data.transform", "task.output"), _of_counts("none", "which forecasts the counts")),
    Rule(
        ("data.scale_by", "task.output"),
        _of_counts("table", "whose targets are scaled window by window"),
    ),
)
