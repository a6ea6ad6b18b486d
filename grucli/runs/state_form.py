"""What a saved state of training has to be so that a run can go on from it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from grucli.errors import CheckpointError
from grucli.forms import Array, Fields, Form, Listed, Number, Whatever, faults_of, form_of
from grucli.training.observers import Observers
from grucli.training.progress import Training


def check_state(
    saved: Mapping[str, Any] | None, training: Training, observers: Observers, path: Path
) -> None:
    """Compare a saved state with that of the training that is to have it.

    Raises CheckpointError naming what is of another type, shape or range.
    """
    assert saved is not None
    faults = faults_of(_state_form(training, observers, saved), saved, "training")
    faults = faults or list(_disagreements(training, saved["progress"]))
    if faults:
        raise CheckpointError(*(f"{path}: {fault}; the file was changed" for fault in faults))


def _state_form(training: Training, observers: Observers, saved: Mapping[str, Any]) -> Form:
    """The form of a training's state: that of one that begins, with best weights from epoch 1 on.

    Observers that are not there now left what nobody reads.
    """
    fresh = training.state_dict()
    weights = form_of(training.model.state_dict()) if _epochs_done(saved) else Fields({})
    best = {name: form_of(value) for name, value in fresh["best"].items()} | {"weights": weights}
    known = {observer.name: observer.state_form() for observer in observers}
    return Fields(
        {name: form_of(value) for name, value in fresh.items()}
        | {
            "best": Fields(best),
            "cuda_rng": Listed(Array(("uint8",)), most=64),
            "observers": Fields({}, known, others=Whatever()),
        },
        {"skipped": Number(0, 2**53, whole=True)},
    )


def _epochs_done(saved: Mapping[str, Any]) -> bool:
    progress = saved.get("progress")
    epoch = progress.get("epoch") if isinstance(progress, dict) else None
    return isinstance(epoch, int) and epoch > 1


def _disagreements(training: Training, progress: Mapping[str, int]) -> Iterator[str]:
    """Where epoch and steps are not those of one moment."""
    epoch, step, done = progress["epoch"], progress["step"], progress["step_in_epoch"]
    steps = training.steps_per_epoch
    if done > steps or step != (epoch - 1) * steps + done:
        yield (
            f"training.progress: epoch {epoch}, step {step}, {done} steps into it; expected "
            f"{steps} steps in every epoch"
        )
