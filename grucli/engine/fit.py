"""The training loop: a generator of typed events; the caller prints, saves and stops.

Between two events the state in ``Training`` is whole: a caller that stops there and saves
``Training.state_dict`` can go on later with the same bytes as an uninterrupted run.
"""

import math
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from grucli.data import Windows
from grucli.engine.gate_updates import gate_updates
from grucli.engine.losses import masked_mean_loss
from grucli.engine.training import Training
from grucli.errors import DataError, TrainingError
from grucli.reports import Epoch, Snapshot, Step, WeightRecord

EVALUATION_CELLS = 1 << 22
"""Windows are evaluated in batches of about this many values of a layer (B * T * width)."""


@dataclass(frozen=True)
class Validating:
    """A moment between two batches of a validation: so many windows are done."""

    windows: int


Event = WeightRecord | Snapshot | Step | Validating | Epoch


def fit(training: Training, train: Windows, valid: Windows) -> Iterator[Event]:
    """Run the optimiser over the training windows until the epochs or the patience are used up.

    Yields a Step after every optimiser step, Validating between two batches of a validation and an
    Epoch after it; what is recorded
    of the weights comes at the start, before the Step that it belongs to, and at the end. Raises
    TrainingError before a step whose loss or gradient is not finite: the weights stay as they
    were.
    """
    yield from training.begin_record()
    while not training.finished:
        started = time.perf_counter()
        windows = 0
        for rows in training.remaining_batches(len(train)):
            loss, lr, records = _step(training, train, rows)
            windows += len(rows)
            yield from records
            yield Step(
                epoch=training.epoch,
                step=training.step,
                step_in_epoch=training.step_in_epoch,
                steps_per_epoch=training.steps_per_epoch(len(train)),
                loss=loss,
                lr=lr,
                windows=len(rows),
            )
        elapsed = time.perf_counter() - started
        valid_loss = yield from _validate(training, valid)
        yield _close_epoch(training, valid_loss, windows / max(elapsed, 1e-9), started)
    yield from training.end_record(len(train))


def _step(
    training: Training, train: Windows, rows: Tensor
) -> tuple[float, float, Sequence[WeightRecord | Snapshot]]:
    """One forward pass, backpropagation through time and optimiser step."""
    totals = training.totals
    lr = training.set_learning_rate()
    batch_loss, values = _backpropagate(training, train, rows)
    norm, loss, count = _read(training.parameters.gradient_norm(), batch_loss, values)
    if not math.isfinite(norm + loss):
        raise TrainingError(_not_finite(training, loss, lr))
    ends_epoch = training.step_in_epoch + 1 == training.steps_per_epoch(len(train))
    is_recorded = training.is_recorded(ends_epoch, len(train))
    probes = training.probes() if ends_epoch or is_recorded else []
    clip = training.recipe.clip
    limit = math.inf if clip is None else clip
    training.parameters.clip(norm, limit)
    training.optimizer.step()
    totals.add(loss, count, norm, limit)
    training.advance()
    updates = [probe.updates() for probe in probes]
    if ends_epoch:
        totals.gates = gate_updates(training.groups, updates)
    return loss, lr, training.record(updates, loss) if is_recorded else ()


def _read(*values: Tensor | float) -> list[float]:
    """Scalars as numbers, after waiting once for the device that they are computed on."""
    tensors = [value for value in values if isinstance(value, Tensor)]
    found = iter(torch.stack(tensors).tolist())
    return [next(found) if isinstance(value, Tensor) else value for value in values]


def _backpropagate(
    training: Training, train: Windows, rows: Tensor
) -> tuple[Tensor, Tensor | float]:
    """Loss of a batch and the number of its values; leaves a gradient at every parameter."""
    if not training.model.training:
        training.model.train()
    batch = train.gather(rows)
    forecast = training.model(batch.context, batch.target, training.teacher_forcing())
    loss, count = masked_mean_loss(
        training.recipe.loss, forecast, batch.target, weight=batch.weight
    )
    training.parameters.backpropagate(loss)
    return loss.detach(), count


def trial_step(training: Training, train: Windows) -> None:
    """A step's forward and backward pass on the first batch; nothing is learned of it."""
    with torch.random.fork_rng():
        rows = torch.arange(min(training.recipe.batch_size, len(train)))
        _backpropagate(training, train, rows)


def _close_epoch(training: Training, valid_loss: float, rate: float, started: float) -> Epoch:
    """Keep the best weights, and say how the epoch went."""
    if not math.isfinite(valid_loss):
        raise TrainingError(
            f"epoch {training.epoch}: the validation loss is {valid_loss:g}; expected a number; "
            "look for extreme values in the validation span, or try a smaller train.lr"
        )
    lr = training.current_lr
    totals, epoch = training.totals, training.epoch
    is_best = training.observe_validation(valid_loss)
    elapsed = time.perf_counter() - started
    training.elapsed_seconds += elapsed
    return Epoch(
        epoch=epoch,
        step=training.step,
        train_loss=totals.mean_loss,
        valid_loss=valid_loss,
        lr=lr,
        gradient_norm=totals.mean_gradient_norm,
        clipped_share=totals.clipped_share,
        gates=totals.gates,
        is_best=is_best,
        best_epoch=training.best_epoch,
        best_valid_loss=training.best_valid_loss,
        patience_left=training.patience_left,
        elapsed_seconds=training.elapsed_seconds,
        windows_per_second=rate,
    )


def evaluation_batches(windows: Windows, width: int) -> Iterator[Tensor]:
    """Window positions in order, in batches as large as ``EVALUATION_CELLS`` allows.

    ``width`` is that of the model (``Forecaster.width``).
    """
    size = max(1, EVALUATION_CELLS // (windows.context_steps * width))
    yield from torch.split(torch.arange(len(windows)), size)


def _validate(training: Training, windows: Windows) -> Generator[Validating, None, float]:
    """Mean loss of the present weights over all windows, in scaled units."""
    total, count, done = 0.0, 0.0, 0
    for rows in evaluation_batches(windows, training.model.width):
        if done > 0:
            yield Validating(done)
        loss, observed = _batch_loss(training, windows, rows)
        total += loss * observed
        count += observed
        done += len(rows)
    if count == 0:
        raise DataError(
            "the validation span holds no measured value of any target; expected some; "
            "change data.split"
        )
    return total / count


@torch.inference_mode()
def _batch_loss(training: Training, windows: Windows, rows: Tensor) -> tuple[float, float]:
    """Mean loss of a batch of windows and the number of its values."""
    training.model.eval()
    batch = windows.gather(rows)
    loss, observed = masked_mean_loss(
        training.recipe.loss, training.model(batch.context), batch.target, weight=batch.weight
    )
    return float(loss), float(observed)


def _not_finite(training: Training, loss: float, lr: float) -> str:
    """Say where training broke and what to try."""
    broken = [
        name
        for name, parameter in training.model.named_parameters()
        if parameter.grad is not None and not bool(torch.isfinite(parameter.grad).all())
    ]
    where = f"; gradient not finite in {', '.join(broken[:3])}" if broken else ""
    return (
        f"epoch {training.epoch}, step {training.step + 1}: loss {loss:g}{where} at lr {lr:g}; "
        "the weights were left as they were before this step; try a smaller train.lr, "
        "a train.clip of 1.0 or less, or data.scale: standard"
    )
