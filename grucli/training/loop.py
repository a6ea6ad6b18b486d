"""The training loop: a generator of typed events; the caller prints and stops, observers watch.

Between two events the state in ``Training`` is whole: a caller that stops there and saves
``Training.state_dict`` can go on later with the same bytes as an uninterrupted run.
"""

import math
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from grucli.errors import DataError, TrainingError
from grucli.results import Epoch, Step
from grucli.training.objective import Objective
from grucli.training.observers import Observers
from grucli.training.progress import Training

STEP_SEED_STRIDE = 1_000_003
"""Prime distance between the seeds of a step of two recipes' seeds."""


@dataclass(frozen=True)
class Validating:
    """A moment between two batches of a validation, at which a caller may stop."""


Event = Step | Validating | Epoch


def fit(training: Training, objective: Objective, observers: Observers) -> Iterator[Event]:
    """Run the optimiser over the training samples until the epochs or the patience are used up.

    Yields a Step after every optimiser step, Validating between two batches of a validation and an
    Epoch after it, once every observer has seen it. Raises TrainingError before a step whose loss
    or gradient is not finite, the weights being as they were, where no more may be left out
    (``train.skip_not_finite``); of one that is left out nobody hears but by the count in Epoch.
    """
    observers.begin(training)
    while not training.finished:
        started = time.perf_counter()
        seen = 0
        for samples in training.remaining_batches():
            step = _step(training, objective, samples, observers)
            if step is not None:
                seen += step.windows
                yield step
        rate = seen / max(time.perf_counter() - started, 1e-9)
        valid_loss = yield from _validate(training, objective)
        epoch = _close_epoch(training, valid_loss, rate, started)
        yield observers.epoch(training, epoch)
    observers.end(training)


def _step(
    training: Training, objective: Objective, samples: Tensor, observers: Observers
) -> Step | None:
    """One forward pass, backpropagation through time and optimiser step; None where left out."""
    began = time.perf_counter()
    lr, limit = training.set_learning_rate(), training.clip_limit
    batch_loss, values = _whole_batch(training, objective, samples)
    norm, loss, count = _read(training.parameters.gradient_norm(), batch_loss, values)
    if not math.isfinite(norm + loss):
        if not training.may_skip:
            raise TrainingError(_not_finite(training, loss, lr, objective.words(samples)))
        training.skip()
        return None
    observers.before_step(training)
    training.parameters.clip(norm, limit)
    with training.parameters.frozen_kept():
        training.optimizer.step()
    training.totals.add(loss, count, norm, limit)
    training.advance()
    step = Step(
        epoch=training.epoch,
        step=training.step,
        step_in_epoch=training.step_in_epoch,
        steps_per_epoch=training.steps_per_epoch,
        loss=loss,
        lr=lr,
        windows=len(samples),
        seconds=time.perf_counter() - began,
    )
    observers.after_step(training, step)
    return step


def _whole_batch(
    training: Training, objective: Objective, samples: Tensor
) -> tuple[Tensor, Tensor | float]:
    """Loss of a batch and the number of its values, of which this process computes its part."""
    ranks, gradient = training.ranks, training.parameters.gradient
    ranks.seed(training.recipe.seed * STEP_SEED_STRIDE + training.step)
    part = ranks.part(samples)
    if len(part) == 0:
        return ranks.combine(gradient.zero_(), gradient.new_zeros(()), 0.0)
    return ranks.combine(gradient, *_backpropagate(training, objective, part))


def _backpropagate(
    training: Training, objective: Objective, samples: Tensor
) -> tuple[Tensor, Tensor | float]:
    """Loss of a batch and the number of its values; leaves a gradient at every parameter."""
    if not training.model.training:
        training.model.train()

    def compute(batch: Any) -> tuple[Tensor, Tensor | float]:
        loss, count = objective.loss(batch, epoch=training.epoch)
        training.parameters.backpropagate(loss)
        return loss.detach(), count

    batch = objective.gather(samples)
    if training.parameters.values.is_cuda and objective.is_replayable:
        return training.replay(compute, batch)
    return compute(batch)


def _read(*values: Tensor | float) -> list[float]:
    """Scalars as numbers, after waiting once for the device that they are computed on."""
    tensors = [value for value in values if isinstance(value, Tensor)]
    numbers = iter(torch.stack(tensors).tolist())
    return [next(numbers) if isinstance(value, Tensor) else value for value in values]


def trial_step(training: Training, objective: Objective) -> None:
    """A step's forward and backward pass on the first batch; nothing is learned of it."""
    with torch.random.fork_rng():
        samples = torch.arange(min(training.recipe.batch_size, training.samples))
        _backpropagate(training, objective, samples)


def _close_epoch(training: Training, valid_loss: float, rate: float, started: float) -> Epoch:
    """Keep the best weights, and say how the epoch went."""
    totals, epoch = training.totals, training.epoch
    is_best = training.observe_validation(valid_loss)
    training.elapsed_seconds += time.perf_counter() - started
    return Epoch(
        epoch=epoch,
        step=training.step,
        train_loss=totals.mean_loss,
        valid_loss=valid_loss,
        lr=training.current_lr,
        gradient_norm=totals.mean_gradient_norm,
        clipped_share=totals.clipped_share,
        gates=(),
        is_best=is_best,
        best_epoch=training.best.epoch,
        best_valid_loss=training.best.valid_loss,
        patience_left=training.best.patience_left,
        elapsed_seconds=training.elapsed_seconds,
        windows_per_second=rate,
        skipped_steps=training.skipped,
    )


def _validate(training: Training, objective: Objective) -> Generator[Validating, None, float]:
    """Mean loss over the values of all validation batches, of the weights that are judged.

    Raises TrainingError for a loss that is not finite, DataError where nothing was measured.
    """
    total, count = 0.0, 0.0
    ranks = training.ranks
    losses = iter(objective.validation(part=ranks.rank, parts=ranks.size))
    while True:
        with training.judged():
            batch = next(losses, None)
        if batch is None:
            break
        if count > 0:
            yield Validating()
        loss, values = batch
        total += loss * values
        count += values
        if not math.isfinite(loss):
            break  # all are to hear of it, and wait for this sum
    total, count = ranks.add(total, count)
    if not math.isfinite(total):
        with training.judged():
            where = objective.validation_words()
        raise TrainingError(
            f"epoch {training.epoch}: the validation loss is {total:g}; expected a number; "
            f"{where}; look for extreme values there, or try a smaller train.lr"
        )
    if count == 0:
        raise DataError(
            "the validation span holds no measured value of any target; expected some; "
            "change data.split"
        )
    return total / count


def _not_finite(training: Training, loss: float, lr: float, batch: str) -> str:
    """Say where training broke and what to try."""
    broken = [
        name
        for name, parameter in training.model.named_parameters()
        if parameter.grad is not None and not bool(torch.isfinite(parameter.grad).all())
    ]
    where = f"; gradient not finite in {', '.join(broken[:3])}" if broken else ""
    before = f"; steps left out before it: {training.skipped}" if training.skipped else ""
    return (
        f"epoch {training.epoch}, step {training.step + 1}: loss {loss:g}{where} at lr {lr:g}"
        f"{before}; {batch}; the weights were left as they were before this step; try a smaller "
        "train.lr, a train.clip of 1.0 or less, or data.scale: standard"
    )
