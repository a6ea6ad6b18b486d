"""Search for good settings of a recipe: train one trial after another, judged by validation."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from grucli.data import Panel
from grucli.errors import GrucliError, InterruptedRunError, TrainingError
from grucli.files import write_atomically
from grucli.recipe import Recipe, Space, dump_recipe, with_settings
from grucli.results import (
    Epoch,
    Step,
    Trial,
    TrialFinished,
    TrialStarted,
    TuningEvent,
    TuningResult,
    TuningStarted,
)
from grucli.runs.device import Threads, flushed_denormals, set_threads
from grucli.runs.folder import RUNS
from grucli.runs.memory import memory_watched
from grucli.runs.pace import Pace, pick_threads, thread_limit_lifted
from grucli.runs.placing import placed
from grucli.runs.preparing import PreparedData
from grucli.runs.setting_up import SetUp
from grucli.runs.stopping import Stop
from grucli.runs.tables import read_judged
from grucli.training.loop import fit
from grucli.training.observers import Observers
from grucli.tuning.space import combinations, label, setting_of, space_of, suggested, words
from grucli.tuning.storage import load_optuna, shown
from grucli.tuning.study import JOURNAL, Search
from grucli.tuning.trials import WHY

BEST = "best.yaml"
_WAIT_SECONDS = 0.2
_LONGEST_NAME = 94
AGAIN = "the same command goes on with it"

Show = Callable[[TuningEvent], None]


def tune(
    recipe: Recipe,
    *,
    run_dir: str | Path | None = None,
    storage: str | None = None,
    trials: int | None = None,
    device: str = "auto",
    threads: Threads = "auto",
    stop: Callable[[], int | None] = lambda: None,
    show: Show = lambda _event: None,
) -> TuningResult:
    """Run trials of a recipe's study until it has as many as are wanted; other processes may help.

    The study is kept in a journal file in ``run_dir`` (default ``runs/NAME-tune``), or behind the
    URL ``storage``; what is there already counts. Trials are judged by their lowest validation
    loss; the test span is never looked at. Once stopped, the trial that was running is given back
    and InterruptedRunError raised. Raises TrainingError where no trial came to an end.
    """
    halt = stop if isinstance(stop, Stop) else Stop(stop)
    halt.words = "before the search began; nothing was changed"
    load_optuna()
    space = space_of(recipe)
    folder = Path(RUNS) / f"{recipe.name}-tune" if run_dir is None else Path(run_dir)
    panel = read_judged(recipe)
    place = placed(recipe, device, threads=threads, panel=panel)
    table = PreparedData.of(recipe, device=place, panel=panel).summary["sha256"]
    wanted = trials or recipe.tune.trials
    if recipe.tune.sampler == "grid":
        wanted = min(wanted, combinations(recipe, space))
    search = Search(recipe, space, folder, trials=wanted, table=table, url=storage)
    trier = _Trier(recipe, panel, place, threads, halt=halt, show=show)
    with halt.waiting(), flushed_denormals(), thread_limit_lifted(), search:
        show(_started(search, folder))
        while (ran := search.run_next(trier)) is not False:
            if ran is None:
                trier.stop_if_asked()
                time.sleep(_WAIT_SECONDS)
                continue
            found = search.results()
            best = best_of(found)
            ended = next(trial for trial in found if trial.number == trier.number)
            if best is ended:
                write_best(search, folder)
            show(TrialFinished(ended, best, search.progress()[0], wanted))
        return _result(search, folder)


class _Trier:
    """Trains the settings of one trial after another on a table that was read once."""

    def __init__(
        self, recipe: Recipe, panel: Panel, device: str, threads: Threads, *, halt: Stop, show: Show
    ) -> None:
        self.recipe, self.panel, self.device = recipe, panel, device
        self.threads, self.halt, self.show = threads, halt, show
        self.number, self._has_measured = -1, False

    def __call__(self, trial: Any, space: Mapping[str, Space]) -> float:
        """The lowest validation loss. Raises TrialPruned where the trial is no good."""
        from optuna import TrialPruned

        self.number = trial.number
        settings = suggested(trial, self.recipe, space)
        try:
            return self._trained(trial, settings)
        except InterruptedRunError:
            raise
        except GrucliError as error:
            trial.set_user_attr(WHY, error.problems[0])
            raise TrialPruned from error

    def _trained(self, trial: Any, settings: Mapping[str, Any]) -> float:
        from optuna import TrialPruned

        recipe = with_settings(self.recipe, settings)
        setup = SetUp.of(recipe, self.device, panel=self.panel)
        self.show(TrialStarted(trial.number, settings, recipe.train.epochs))
        with memory_watched(setup.training):
            for event in fit(setup.training, setup.objective, self._observers(setup)):
                self.stop_if_asked()
                if isinstance(event, Step | Epoch):
                    self.show(event)
                if isinstance(event, Epoch):
                    trial.report(event.valid_loss, event.epoch)
                    if trial.should_prune():
                        raise TrialPruned
        return setup.training.best.valid_loss

    def _observers(self, setup: SetUp) -> Observers:
        """Threads are measured at the first trial; later ones use fewer where others want them."""
        if self.threads != "auto" or self.device != "cpu":
            set_threads(None if self.threads == "auto" else self.threads)
            return Observers()
        if not self._has_measured:
            pick_threads(setup.try_step)
            self._has_measured = True
        return Observers([Pace(setup.try_step)] if setup.kernel != "torch" else [])

    def stop_if_asked(self) -> None:
        """Raise InterruptedRunError where a signal asks for an end."""
        number = self.halt()
        if number is not None:
            where = f"at trial {self.number}" if self.number >= 0 else "before a trial of its own"
            raise InterruptedRunError(
                f"stopped {where}; the study is kept, {AGAIN}", signal_number=number
            )


def best_of(trials: tuple[Trial, ...]) -> Trial | None:
    """The trial with the lowest validation loss of those that were not ended early."""
    complete = [trial for trial in trials if trial.state == "complete" and trial.score is not None]
    return min(complete, key=lambda trial: trial.score or 0.0, default=None)


def write_best(search: Search, folder: Path) -> Path:
    """Write the recipe of the best trial so far, with its score; one process at a time."""
    path = folder / BEST
    with search.workers.claiming():
        trials = search.results()
        best = best_of(trials)
        if best is not None:
            write_atomically(path, _best_recipe(search, best, len(trials), path).encode())
    return path


def _best_recipe(search: Search, best: Trial, count: int, path: Path) -> str:
    recipe = search.recipe
    name = f"{recipe.name[:_LONGEST_NAME]}-tuned"
    body = with_settings(recipe, best.settings).model_copy(update={"name": name})
    lines = [
        f"The best of {count} trials of grucli tune: trial {best.number}, validation loss "
        f"{best.score:.6g} in epoch {best.best_epoch}.",
        f"Train it: grucli train {path}",
    ]
    for key, value in best.settings.items():
        before, now = label(setting_of(recipe, key)), label(value)
        lines.append(f"{key}: {now}" + ("" if before == now else f" (the recipe has {before})"))
    return "".join(f"# {line}\n" for line in lines) + dump_recipe(body)


def _started(search: Search, folder: Path) -> TuningStarted:
    recipe, done = search.recipe, search.progress()[0]
    notes = []
    if done:
        notes.append(f"goes on with a study of {done} trials")
    return TuningStarted(
        study=recipe.name,
        storage=str(folder / JOURNAL) if search.url is None else shown(search.url),
        run_dir=str(folder),
        sampler=recipe.tune.sampler,
        pruner=recipe.tune.pruner,
        space={key: words(values) for key, values in search.space.items()},
        is_built_in=not recipe.tune.space,
        trials=search.trials,
        done=done,
        notes=tuple(notes),
    )


def _result(search: Search, folder: Path) -> TuningResult:
    trials = search.results()
    best = best_of(trials)
    if best is None:
        why = next((trial.reason for trial in trials if trial.reason), "all were ended early")
        raise TrainingError(
            f"study {search.recipe.name}: none of {len(trials)} trials came to an end: {why}"
        )
    return TuningResult(
        study=search.recipe.name,
        storage=str(folder / JOURNAL) if search.url is None else shown(search.url),
        trials=trials,
        best=best,
        importances=search.importances(),
        recipe_path=str(write_best(search, folder)),
    )
