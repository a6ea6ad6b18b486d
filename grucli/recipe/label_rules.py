"""Rules on a recipe that labels rows: what its answers and its pieces exclude."""

from collections.abc import Callable
from typing import Any

from grucli.recipe.rule import Rule


def _only_with(answer: str, usual: Any, why: str) -> Callable[[Any, str], str | None]:
    """A key that has its default with the other answer."""

    def breaks(value: Any, own: str) -> str | None:
        if own == answer or value == usual:
            return None
        return f"found {value} with task.answer {own}; {why}; expected {usual}"

    return breaks


def _overlap_of_whole(overlap: int, steps: int | None) -> str | None:
    if overlap > 0 and steps is None:
        return f"found {overlap} with task.steps null; whole series have no neighbours; expected 0"
    return None


def _truncated_beyond_piece(tbptt_steps: int | None, steps: int | None, overlap: int) -> str | None:
    if tbptt_steps is not None and steps is not None and tbptt_steps >= steps + overlap:
        return (
            f"found {tbptt_steps}; expected less than task.steps and task.overlap, "
            f"{steps + overlap}; null reaches the whole piece"
        )
    return None


def _recomputed_at_once(
    recompute_steps: int | None, tbptt_steps: int | None, steps: int | None, overlap: int
) -> str | None:
    name, reach = "train.tbptt_steps", tbptt_steps
    if reach is None and steps is not None:
        name, reach = "task.steps and task.overlap", steps + overlap
    if recompute_steps is not None and reach is not None and recompute_steps >= reach:
        return (
            f"found {recompute_steps}; expected less than {name}, {reach}: one chunk of all steps "
            "saves no memory; the square root of it saves most, null is off"
        )
    return None


def _regularised(regularise: bool, _answer: str) -> str | None:
    if regularise:
        return (
            "found true with task.kind label; rows that are moved together have no one label; "
            "expected false, resample the table before"
        )
    return None


LABEL_RULES = (
    Rule(("data.regularise", "task.answer"), _regularised),
    Rule(("data.transform", "task.answer"), _only_with("number", "none", "a class has no size")),
    Rule(
        ("train.loss", "task.answer"),
        _only_with("number", "mse", "its loss is the cross-entropy"),
    ),
    Rule(("task.class_weights", "task.answer"), _only_with("class", "none", "it has no classes")),
    Rule(("task.label_smoothing", "task.answer"), _only_with("class", 0.0, "it has no classes")),
    Rule(("task.overlap", "task.steps"), _overlap_of_whole),
    Rule(("train.tbptt_steps", "task.steps", "task.overlap"), _truncated_beyond_piece),
    Rule(
        ("train.recompute_steps", "train.tbptt_steps", "task.steps", "task.overlap"),
        _recomputed_at_once,
    ),
)
