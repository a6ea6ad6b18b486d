"""Rules on the section train."""

import math

from grucli.recipe.rule import Rule
from grucli.recipe.tasks import SPREADING
from grucli.recipe.train import AVERAGE_DECAY


def _momentum_of_adam(momentum: float, optimizer: str) -> str | None:
    if momentum > 0 and optimizer not in {"sgd", "rmsprop"}:
        return f"found {momentum} with optimizer {optimizer}; only sgd and rmsprop have momentum"
    return None


def _window_without_spread(loss_units: str, normalise: str) -> str | None:
    if loss_units == "window" and normalise not in SPREADING:
        return (
            f"found window with task.normalise {normalise}, which divides by nothing; expected "
            f"scaled, or task.normalise {' or '.join(SPREADING)}"
        )
    return None


def _decay_of_no_average(average_decay: float, average: str) -> str | None:
    if average == "none" and average_decay != AVERAGE_DECAY:
        return f"found {average_decay:g} with average none; expected train.average ema"
    return None


def _nesterov_alone(nesterov: bool, optimizer: str, momentum: float) -> str | None:
    if nesterov and optimizer != "sgd":
        return f"found true with optimizer {optimizer}; only sgd has Nesterov's momentum"
    if nesterov and momentum == 0:
        return "found true with momentum 0; expected train.momentum > 0, such as 0.9"
    return None


def _forcing_without_feedback(teacher_forcing: float, decoder: str) -> str | None:
    if teacher_forcing > 0 and decoder != "recursive":
        return (
            f"found {teacher_forcing} with decoder {decoder}; only model.decoder recursive feeds "
            "values back"
        )
    return None


def _sampling_without_forcing(scheduled_sampling: bool, teacher_forcing: float) -> str | None:
    if scheduled_sampling and teacher_forcing == 0:
        return "found true with teacher_forcing 0; expected train.teacher_forcing > 0, such as 1.0"
    return None


def _truncated_beyond_context(tbptt_steps: int | None, context: int) -> str | None:
    if tbptt_steps is not None and tbptt_steps > context:
        return (
            f"found {tbptt_steps}; expected at most task.context, {context}; null reaches the "
            "whole context"
        )
    return None


def _truncated_both_ways(tbptt_steps: int | None, bidirectional: bool) -> str | None:
    if tbptt_steps is not None and bidirectional:
        return (
            f"found {tbptt_steps} with model.bidirectional true; a reverse layer needs the whole "
            "context; choose null or bidirectional false"
        )
    return None


def _recomputed_at_once(
    recompute_steps: int | None, context: int, tbptt_steps: int | None, segment: int | None
) -> str | None:
    name, reach = "task.context", context
    if tbptt_steps is not None:
        name, reach = "train.tbptt_steps", tbptt_steps
    if segment is not None:
        name, reach = f"the segments of {name}", math.ceil(reach / segment)
    if recompute_steps is not None and recompute_steps >= reach:
        return (
            f"found {recompute_steps}; expected less than {name}, {reach}: one chunk of all steps "
            "saves no memory; the square root of it saves most, null is off"
        )
    return None


def _recomputed_both_ways(recompute_steps: int | None, bidirectional: bool) -> str | None:
    if recompute_steps is not None and bidirectional:
        return (
            f"found {recompute_steps} with model.bidirectional true; a reverse layer begins at the "
            "end and needs every step; choose null or bidirectional false"
        )
    return None


def _refit_of_many(refit: bool, seeds: int) -> str | None:
    if refit and seeds > 1:
        return f"found true with train.seeds {seeds}; one model alone is trained once more"
    return None


TRAIN_RULES = (
    Rule(("train.refit", "train.seeds"), _refit_of_many),
    Rule(("train.momentum", "train.optimizer"), _momentum_of_adam),
    Rule(("train.loss_units", "task.normalise"), _window_without_spread),
    Rule(("train.average_decay", "train.average"), _decay_of_no_average),
    Rule(("train.nesterov", "train.optimizer", "train.momentum"), _nesterov_alone),
    Rule(("train.teacher_forcing", "model.decoder"), _forcing_without_feedback),
    Rule(("train.scheduled_sampling", "train.teacher_forcing"), _sampling_without_forcing),
    Rule(("train.tbptt_steps", "task.context"), _truncated_beyond_context),
    Rule(("train.tbptt_steps", "model.bidirectional"), _truncated_both_ways),
    Rule(
        ("train.recompute_steps", "task.context", "train.tbptt_steps", "model.segment"),
        _recomputed_at_once,
    ),
    Rule(("train.recompute_steps", "model.bidirectional"), _recomputed_both_ways),
)
