"""Training followed from outside: what an epoch came to and the matrices, sent to a tracker.

Trackers are packages of their own and come with extras. They change nothing that is learned.
"""

import atexit
import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

from grucli.errors import GrucliError, UsageError, pip_install, remedy
from grucli.insight.gate_updates import gate_groups
from grucli.nn import RecurrentModel
from grucli.places import check_folder, make_folder
from grucli.results import Epoch
from grucli.runs.run_files import RunFiles
from grucli.training.observers import Observer
from grucli.training.progress import Training

_FOR_EVENTS = {
    "use": "a folder for --watch tensorboard",
    "then": "choose another place with --run-dir",
}


def watchers(names: Sequence[str], *, run: Path, cell: str) -> list[Observer]:
    """The trackers of these names for the run in a folder, whose model has layers of ``cell``.

    Raises UsageError for a name that there is none of, or whose package is not installed,
    GrucliError where it can have no folder.
    """
    for name in names:
        if name not in WATCHERS:
            raise UsageError(f"--watch {name}: unknown; expected {' or '.join(WATCHERS)}")
    return [WATCHERS[name](run, cell) for name in dict.fromkeys(names)]


class Watcher(Observer, ABC):
    """Sends numbers and matrices at the end of every epoch; made before training begins."""

    def __init__(self, run: Path, cell: str) -> None:
        self.run, self.cell = run, cell
        try:
            self._package = self.load()
        except ModuleNotFoundError as error:
            raise UsageError(
                f"--watch {self.name}: the package {error.name} is not installed; "
                f"{pip_install(self.name)}"
            ) from error

    def epoch(self, training: Training, epoch: Epoch) -> Epoch:
        """Send an epoch, which passes as it is."""
        self.send(dict(_numbers(epoch)), dict(_matrices(training, self.cell)), epoch.step)
        return epoch

    @abstractmethod
    def load(self) -> Any:
        """Import what the tracker needs."""

    @abstractmethod
    def send(
        self, numbers: Mapping[str, float], matrices: Mapping[str, np.ndarray[Any, Any]], step: int
    ) -> None:
        """Keep the state after so many optimiser steps; names have a group before a slash."""


class TensorBoard(Watcher):
    """Event files in ``RUN/../tensorboard/NAME``: ``tensorboard --logdir runs/tensorboard``."""

    name = "tensorboard"

    def load(self) -> Any:
        """Torch's writer of event files."""
        from torch.utils import tensorboard

        return tensorboard

    def __init__(self, run: Path, cell: str) -> None:
        super().__init__(run, cell)
        self._folder = run.parent / "tensorboard" / run.name
        check_folder(self._folder, **_FOR_EVENTS)

    def begin(self, training: Training) -> None:
        """Open the file; what a resumed run wrote after where it goes on from is purged."""
        make_folder(self._folder, **_FOR_EVENTS)
        purge = training.step + 1 if training.step else None
        with self._written():
            self._writer = self._package.SummaryWriter(str(self._folder), purge_step=purge)

    def send(
        self, numbers: Mapping[str, float], matrices: Mapping[str, np.ndarray[Any, Any]], step: int
    ) -> None:
        """Scalars, and a histogram of every matrix; on the disk when it returns."""
        with self._written():
            for name, number in numbers.items():
                self._writer.add_scalar(name, number, step)
            for name, matrix in matrices.items():
                self._writer.add_histogram(name, matrix, step)
            self._writer.flush()

    def end(self, training: Training) -> None:
        """Close the file."""
        with self._written():
            self._writer.close()

    @contextmanager
    def _written(self) -> Iterator[None]:
        """A block that writes events. Raises GrucliError naming their folder where it cannot."""
        try:
            yield
        except OSError as error:
            then = "go on with --resume" if RunFiles(self.run).has_state else "run it again"
            raise GrucliError(
                f"{self._folder}: --watch tensorboard could not write: {error.strerror or error}; "
                f"{remedy(error)} or leave --watch out, then {then}"
            ) from error


class Trackio(Watcher):
    """A run of the local project ``grucli``: ``trackio show --project grucli``."""

    name = "trackio"

    def load(self) -> Any:
        """The package, whose own words nobody asked for."""
        import trackio

        return trackio

    def begin(self, training: Training) -> None:
        """Open the run, or go on with one that is resumed."""
        config = training.recipe.model_dump(mode="json")
        resume = "allow" if training.step else "never"
        with _silence():
            self._opened = self._package.init(
                project="grucli", name=self.run.name, config=config, resume=resume
            )
        atexit.register(self._close)  # before the package does, which says so

    def send(
        self, numbers: Mapping[str, float], matrices: Mapping[str, np.ndarray[Any, Any]], step: int
    ) -> None:
        """Numbers alone; of each matrix its Frobenius norm."""
        norms = {f"{name} norm": float(np.linalg.norm(each)) for name, each in matrices.items()}
        with _silence():
            self._opened.log({**numbers, **norms}, step=step)

    def end(self, training: Training) -> None:
        """Wait until all is kept."""
        self._close()

    def _close(self) -> None:
        """End the run, also one that stopped before its end: then the next, or the program's end,
        does, and the package may know another run as the current one, or none.
        """
        atexit.unregister(self._close)
        is_current = self._package.context_vars.current_run.get() is self._opened
        with _silence():
            (self._package if is_current else self._opened).finish()


def _silence() -> redirect_stdout[io.StringIO]:
    """A block in which what is printed is for nobody: results go to standard output."""
    return redirect_stdout(io.StringIO())


WATCHERS: dict[str, Callable[[Path, str], Watcher]] = {
    watcher.name: watcher for watcher in (TensorBoard, Trackio)
}
"""What ``--watch`` may name."""


def _numbers(epoch: Epoch) -> Iterator[tuple[str, float]]:
    yield "loss/train", epoch.train_loss
    yield "loss/validation", epoch.valid_loss
    yield "training/lr", epoch.lr
    yield "training/gradient norm", epoch.gradient_norm
    for gate in epoch.gates:
        where = _where(gate.matrix, gate.layer, gate.direction)
        yield f"gradient norm/{where}", gate.gradient_norm
        yield f"update ratio/{where}", gate.update_ratio


def _matrices(training: Training, cell: str) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    assert isinstance(training.model, RecurrentModel)
    for group in gate_groups(training.model, cell):
        for matrix, weights in zip(group.matrices, group.weights(), strict=True):
            where = _where(matrix.symbol, matrix.place.layer, matrix.place.direction)
            yield f"weights/{where}", weights.cpu().numpy()


def _where(symbol: str, layer: int, direction: str) -> str:
    """A matrix as trackers list it."""
    return f"{symbol} layer {layer} {direction}"
