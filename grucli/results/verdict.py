"""Whether a model is worth having, in sentences: beside the strongest naive forecast and others."""

from collections.abc import Iterator

from grucli.results.scores import BASELINES, Comparison, Scores, Verdict
from grucli.text import percent

_WORDS = {"better": "Better than", "worse": "Worse than", "no difference": "No difference from"}
_CHANCE = 0.05
_MANY_TIMES = 10
"""From so many times on, errors are said as such."""


def verdict_sentences(scores: Scores, *, every: bool = False) -> Iterator[tuple[str, Verdict]]:
    """A sentence on the strongest forecast that learns nothing, and one on each that learns.

    With ``every`` one on each of the others too, in short; each with what it says of the model.
    """
    strongest = scores.best_naive[0] if scores.naive else None
    order = [strongest, *(item.name for item in BASELINES if item.learns)]
    others = [name for name in scores.baselines if name not in order] if every else []
    order += others
    words = {item.name: item.words for item in BASELINES}
    for name in order:
        comparison = scores.comparisons.get(name or "")
        if name is None or comparison is None:
            continue
        whose = words[name]
        if name == strongest and len(scores.naive) > 1:
            whose += ", the strongest naive forecast"
        numbers = _numbers(comparison, short=name in others)
        if name == strongest and _is_enough(comparison):
            numbers += f", so {words[name]} is enough"
        yield f"{_WORDS[comparison.verdict]} {whose}: {numbers}.", comparison.verdict


def _is_enough(comparison: Comparison) -> bool:
    """Whether the model is worse than a forecast, or may well be."""
    if comparison.verdict == "no difference":
        return comparison.p_value is not None and (comparison.skill or 0.0) <= 0
    return comparison.verdict == "worse"


def _numbers(comparison: Comparison, *, short: bool) -> str:
    """The size of the difference, with its interval; ``short`` where it was said of what."""
    error, within = ("", "") if short else ("mean squared error ", "95 % interval ")
    skill, low, high = comparison.skill, comparison.low, comparison.high
    if skill is None:
        return "it makes no error at all"
    size = f"{error}{_change(skill)}"
    is_small = comparison.verdict == "no difference" and (comparison.p_value or 1.0) < _CHANCE
    rest = ", less than 1 %, which is none" if is_small else ""
    if comparison.p_value is None:
        return f"{size}, of too few windows to tell"
    if low is None or high is None:
        return f"{size} ({within}without bounds)"
    if low * high > 0 and 1 - low < _MANY_TIMES:
        near, far = sorted((abs(low), abs(high)))
        interval = f"{percent(near).removesuffix(' %')} to {_change(far if low > 0 else -far)}"
    else:
        interval = f"{_change(high)} to {_change(low)}"
    return f"{size} ({within}{interval}){rest}"


def _change(skill: float) -> str:
    """A skill as what became of the error."""
    ratio = 1 - skill
    if ratio >= _MANY_TIMES:
        return f"{ratio:,.0f} times as high" if ratio < 1e6 else f"{ratio:.0e} times as high"
    return f"{percent(abs(skill))} {'higher' if skill < 0 else 'lower'}"
