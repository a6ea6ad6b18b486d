"""What a state has to be that a run goes on from: types, shapes, and numbers of one moment."""

import pytest
import torch

from grucli.errors import CheckpointError, UsageError
from tests.test_runs_states import resumed, stopped

__all__ = ["stopped"]


def put(where, value):
    """A change of a saved state: the value at a path of keys, or one made of what is there."""

    def change(state):
        *path, last = where.split(".")
        for key in path:
            state = state[key]
        state[last] = value(state[last]) if callable(value) else value

    return change


@pytest.mark.parametrize(
    ("where", "value", "named"),
    [
        ("progress.step", "7", "training.progress.step: "),
        ("progress.epoch", 2.5, "training.progress.epoch: "),
        ("progress.epoch", torch.zeros(3), "training.progress.epoch: "),
        ("progress.step", lambda step: step + 1, "training.progress: epoch 3, step 12, 1 steps "),
        ("progress.step_in_epoch", 9, "training.progress: epoch 3, step 11, 9 steps into it"),
        ("totals", [], "training.totals: "),
        ("rng", lambda values: values[:-1], "training.rng: "),
        ("rng", lambda values: values.float(), "training.rng: "),
        ("cuda_rng", [1], "training.cuda_rng[0]: "),
        ("best.weights", {}, "training.best.weights.decoder.bias: "),
        ("best.epoch", -1, "training.best.epoch: "),
        ("schedule", None, "training.schedule: "),
        ("observers", lambda held: dict.fromkeys(held, 3), "training.observers."),
        ("version", lambda version: version + 1, "cannot go on with"),
    ],
)
def test_a_state_that_was_changed_is_refused_by_its_entry(stopped, where, value, named):
    last = stopped / "last.pt"
    body = torch.load(last, weights_only=True)
    put(where, value)(body["training"])
    torch.save(body, last)
    (stopped / "last.previous.pt").unlink()
    with pytest.raises((CheckpointError, UsageError)) as refused:
        resumed(stopped)
    assert f"{last}: " in str(refused.value)
    assert named in str(refused.value)


def test_moments_of_the_optimiser_have_the_shape_of_the_weights(stopped):
    last = stopped / "last.pt"
    body = torch.load(last, weights_only=True)
    moments = [key for key, held in body["training"]["optimizer"].items() if hasattr(held, "ndim")]
    for name in moments:
        changed = body["training"]["optimizer"] | {name: torch.zeros(2)}
        torch.save(body | {"training": body["training"] | {"optimizer": changed}}, last)
        with pytest.raises(CheckpointError, match=rf"training\.optimizer\.{name}: "):
            resumed(stopped)
    assert moments
