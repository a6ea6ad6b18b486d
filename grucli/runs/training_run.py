"""One run in training: its data, its state, what watches it and what it writes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from grucli.data import Panel
from grucli.errors import InterruptedRunError
from grucli.insight.normalisation import DeviationProbe
from grucli.insight.observers import weight_observers
from grucli.nn import RecurrentModel
from grucli.recipe import Recipe, dump_recipe
from grucli.results import (
    AnyScores,
    Ensemble,
    Epoch,
    Step,
    TrainingFinished,
)
from grucli.runs.device import Threads, set_threads
from grucli.runs.folder import RunFolder
from grucli.runs.hints import training_hints
from grucli.runs.memory import memory_watched
from grucli.runs.pace import Pace, pick_threads
from grucli.runs.resuming import GoesOn
from grucli.runs.saving import Refit, Saver
from grucli.runs.setting_up import SetUp
from grucli.tasks import Intervals
from grucli.training.loop import Validating, fit
from grucli.training.observers import Observer, Observers
from grucli.training.progress import Training
from grucli.training.ranks import Ranks

GO_ON = "go on with --resume"


@dataclass(frozen=True)
class Member:
    """One of several models of other seeds, which learn from one table."""

    number: int
    count: int
    panel: Panel


class TrainingRun:
    """The data, the training state and the folder it is written to."""

    def __init__(
        self,
        recipe: Recipe,
        folder: RunFolder,
        device: str,
        *,
        goes_on: GoesOn | None = None,
        observers: Sequence[Observer] = (),
        refit: Refit | None = None,
        member: Member | None = None,
        ranks: Ranks | None = None,
    ) -> None:
        recipe = goes_on.recipe if goes_on is not None else recipe
        self.member = member
        self.home, self.device = folder.home or folder, device
        self.refit, epochs = refit, None if refit is None else refit.epochs
        self.setup = setup = SetUp.of(
            recipe,
            device,
            is_resumed=goes_on is not None,
            refit_epochs=epochs,
            panel=None if member is None else member.panel,
        )
        self.recipe = recipe = setup.recipe
        self.data, self.task, self.samples = setup.data, setup.data.task, setup.samples
        self.model, self.training, self.objective = setup.model, setup.training, setup.objective
        self.training.ranks = ranks or Ranks()
        self.processes_before = self.training.ranks.size
        self._watch(folder, observers)
        self.threads_before: int | None = None
        self.kernel_before = self.kernel
        self.notes: tuple[str, ...] = ()
        self.calibration: Mapping[str, Any] | None = None
        if goes_on is not None:
            self._restore(goes_on)
        else:
            folder.begin(dump_recipe(recipe))

    def _watch(self, folder: RunFolder, observers: Sequence[Observer]) -> None:
        """What watches the loop: recorders of the weights, those of the caller, and the saver."""
        deviations = DeviationProbe(self.model, self.samples["train"])
        self.observers, self.pace = Observers(), Observers()
        self.saver = Saver(
            folder,
            self.data,
            self.training,
            observers=self.observers,
            deviations=deviations,
            kernel=self.kernel,
            refit=self.refit,
        )
        recorders = weight_observers(self.model, self.recipe.model.cell, write=self.saver.append)
        self.observers += [*recorders, deviations, *observers]

    @property
    def kernel(self) -> str:
        """What the recurrent layers are computed with."""
        return self.setup.kernel

    def use_threads(self, threads: Threads) -> None:
        """Set the number of threads; ``auto`` is that of the run resumed, or what is measured.

        Native layers then go on with fewer while the machine is busy.
        """
        if threads != "auto":
            set_threads(threads)
            return
        set_threads(self.threads_before)
        if self.device != "cpu":
            return
        with memory_watched(self.training):
            if self.threads_before is None:
                pick_threads(self.setup.try_step)
            if self.kernel != "torch":
                pace = Pace(self.setup.try_step)
                self.pace.append(pace)
                if self.threads_before is not None:
                    pace.measure()

    def _restore(self, goes_on: GoesOn) -> None:
        """Go on from a saved state, after a check that the data are what they were."""
        goes_on.check_table(self.data.summary)
        progress = goes_on.state.checkpoint.progress
        self.threads_before, self.kernel_before = progress["threads"], progress["kernel"]
        self.processes_before = progress.get("processes", 1)
        self.notes = goes_on.restore(self.training, self.saver)

    def loop(self) -> Iterator[Step | Validating | Epoch]:
        """The training loop with all that watches it and writes files."""
        return fit(
            self.training, self.objective, Observers([*self.observers, *self.pace, self.saver])
        )

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Keep the best weights however the block ends; say where memory ran out in it."""
        try:
            with memory_watched(self.training):
                yield
        finally:
            self.saver.save_best()

    def save_if_stopped(self, signal_number: int | None) -> None:
        """Save the whole state and raise InterruptedRunError where a signal asks for an end."""
        if signal_number is not None:
            self.saver.save_all()
            raise InterruptedRunError(
                f"stopped in epoch {self.training.epoch} after step {self.training.step}; "
                f"the state is in {self.saver.folder.last}; {GO_ON}",
                signal_number=signal_number,
            )

    def with_best_weights(self) -> RecurrentModel:
        """The model, which gets its best weights."""
        self.model.load_state_dict(self.training.best.weights)
        return self.model

    def scores(self, model: RecurrentModel) -> AnyScores | None:
        """Scores of the model with its best weights on the test span; None without one.

        Its errors on the validation span are kept for intervals.
        """
        self.calibration = self.task.calibrate(model, self.data.read)
        if "test" not in self.samples:
            return None
        intervals = Intervals(kept=self.calibration)
        return self.task.score(model, self.data.read, split="test", intervals=intervals)

    def finish_again(self) -> str:
        """Save the last weights beside the scores of the judged model; the path of the file."""
        self.model.load_state_dict(self.training.best.weights)
        assert self.refit is not None
        self.saver.save_scored(self.refit.scores, self.refit.calibration)
        return str(self.home.best)

    def finished(
        self,
        scores: AnyScores | None,
        *,
        others: Sequence[Training] = (),
        ensemble: Ensemble | None = None,
    ) -> TrainingFinished:
        """Save the best weights with their scores, those of ``others`` with them, and close the
        run's books.
        """
        judged = None if scores is None else asdict(scores.model)
        self.saver.save_scored(judged, self.calibration, others)
        training = self.training
        event = TrainingFinished(
            reason="patience" if training.best.is_final else "epochs",
            run_dir=str(self.home.path),
            best_path=str(self.home.best),
            best_epoch=training.best.epoch,
            best_valid_loss=training.best.valid_loss,
            epochs=training.epoch - 1,
            steps=training.step,
            elapsed_seconds=training.elapsed_seconds,
            steps_per_second=training.step / max(training.elapsed_seconds, 1e-9),
            scores=scores,
            hints=training_hints(self.recipe, self.home.path, scores),
            ensemble=ensemble,
            skipped_steps=sum(one.skipped for one in (training, *others)),
        )
        self.saver.append(event)
        return event
