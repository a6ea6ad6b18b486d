"""What happens during training, event by event, and how it ends."""

from dataclasses import dataclass

from grucli.results.classes import ClassScores
from grucli.results.numbers import NumberScores
from grucli.results.scores import Scores


@dataclass(frozen=True)
class GateUpdate:
    """How one matrix was moved by one optimiser step.

    ``gradient_norm`` is the Frobenius norm of its gradient before clipping, ``update_ratio`` the
    norm of the change that was applied over the norm of the matrix (about 1e-3 is usual).
    """

    matrix: str
    layer: int
    direction: str
    gate: str
    gradient_norm: float
    update_ratio: float


@dataclass(frozen=True)
class TrainingStarted:
    """What is about to be trained, on what, and where it will be written.

    ``samples_word`` is what one of the ``windows`` is called.
    """

    recipe: str
    run_dir: str
    model: str
    parameters: int
    device: str
    threads: int
    kernel: str
    seed: int
    rows: int
    columns: tuple[str, ...]
    frequency: str
    train_windows: int
    valid_windows: int
    test_windows: int
    epochs: int
    steps_per_epoch: int
    start_epoch: int
    notes: tuple[str, ...] = ()
    samples_word: str = "window"


@dataclass(frozen=True)
class Step:
    """One optimiser step; ``loss`` is that of its batch, before the step.

    ``seconds`` are those from before the batch was gathered to the weights moved.
    """

    epoch: int
    step: int
    step_in_epoch: int
    steps_per_epoch: int
    loss: float
    lr: float
    windows: int
    seconds: float = 0.0


@dataclass(frozen=True)
class Epoch:
    """One pass over the training windows. Losses are means over observed target values.

    ``skipped_steps`` of the run so far were left out, as their loss or gradient was not finite.
    """

    epoch: int
    step: int
    train_loss: float
    valid_loss: float
    lr: float
    gradient_norm: float
    clipped_share: float
    gates: tuple[GateUpdate, ...]
    is_best: bool
    best_epoch: int
    best_valid_loss: float
    patience_left: int | None
    elapsed_seconds: float
    windows_per_second: float
    skipped_steps: int = 0


@dataclass(frozen=True)
class SeedLoss:
    """How good one of several models was at its best, by the validation span."""

    seed: int
    best_epoch: int
    best_valid_loss: float


@dataclass(frozen=True)
class Ensemble:
    """Several models that answer as one, the first of ``seeds`` that of the run's own record.

    ``valid_loss`` is that of their mean; ``spread`` how far apart their answers are on the
    validation span: the root mean square of the standard deviation over the models, in the units
    that they say them in (scaled).
    """

    seeds: tuple[SeedLoss, ...]
    valid_loss: float
    spread: float


@dataclass(frozen=True)
class TrainingFinished:
    """How training ended, where things are and how good the best weights are on the test span.

    ``reason`` is one of ``epochs`` (all done), ``patience`` (stopped early). ``refit_path`` is the
    model that was trained once more on all rows, where the recipe asks for it. ``hints`` say what
    to try next, each with the options to type. ``ensemble`` is there with ``train.seeds``; epochs,
    steps and times are then those of the first model; ``skipped_steps`` of all were left out.
    """

    reason: str
    run_dir: str
    best_path: str
    best_epoch: int
    best_valid_loss: float
    epochs: int
    steps: int
    elapsed_seconds: float
    steps_per_second: float
    scores: Scores | ClassScores | NumberScores | None
    refit_path: str | None = None
    hints: tuple[str, ...] = ()
    ensemble: Ensemble | None = None
    skipped_steps: int = 0


TrainingEvent = TrainingStarted | Step | Epoch | TrainingFinished
"""What a run tells, in this order: once, after every step, after every epoch, once."""
