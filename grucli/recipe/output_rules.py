"""Rules on what is said of each value that is forecast."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from grucli.recipe.rule import Rule
from grucli.recipe.tasks import LOSSES_OF_OUTPUTS, kind_of_output

_MEDIAN = 0.5


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


OUTPUT_RULES = (
    Rule(("task.output",), _levels_in_disorder),
    Rule(("train.loss", "task.output"), _loss_of_distribution),
)
