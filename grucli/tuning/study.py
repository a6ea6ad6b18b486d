"""A study that any number of processes work on: whose turn it is, and no trial is lost."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from grucli.errors import UsageError
from grucli.recipe import Recipe, Space
from grucli.results import Trial
from grucli.tuning.samplers import build_pruner, build_sampler
from grucli.tuning.space import own_parameters, settings_of, words
from grucli.tuning.storage import (
    database_errors,
    journal_errors,
    load_optuna,
    open_database,
    open_journal,
)
from grucli.tuning.trials import AGAIN, OWN, WORKER, give_back, trial_of
from grucli.tuning.workers import Workers

JOURNAL, WORKERS, BASIS = "study.journal", "workers", "grucli"
FEW_TRIALS = 8
"""With fewer complete trials nothing is said of what mattered."""

Objective = Callable[[Any, Mapping[str, Any]], float]
"""Trains the settings of one of Optuna's trials, and answers the score."""


class Search:
    """One study, this process's part in it, and what it is about.

    A context manager: this process takes part within it. ``trials`` are those of the whole study.
    """

    def __init__(
        self,
        recipe: Recipe,
        space: Mapping[str, Space],
        folder: Path,
        *,
        trials: int,
        table: str,
        url: str | None = None,
    ) -> None:
        """Open or make the study of the recipe's name; ``table`` is a digest of its table.

        Raises UsageError where it holds trials of another recipe, space or table.
        """
        self.optuna = load_optuna()
        self.recipe, self.space, self.trials, self.url = recipe, space, trials, url
        self.workers = Workers(folder / WORKERS)
        self.journal = folder / JOURNAL
        self.storage = open_database(url, give_back) if url else open_journal(self.journal)
        try:
            with self.workers.claiming(), self.errors():
                self._open(_basis(recipe, space, table))
        except BaseException:
            self._close()
            raise

    def errors(self) -> AbstractContextManager[None]:
        """A block in which what goes wrong with the place of the study is said in one line."""
        return journal_errors(self.journal) if self.url is None else database_errors(self.url)

    def _open(self, basis: Mapping[str, str]) -> None:
        optuna, name, storage = self.optuna, self.recipe.name, self.storage
        try:
            self.study = optuna.create_study(storage=storage, study_name=name)
            self.study.set_user_attr(BASIS, basis)
            own = own_parameters(self.recipe, self.space)
            if own is not None:
                self.study.enqueue_trial(own, user_attrs={OWN: True})
        except optuna.exceptions.DuplicatedStudyError:
            self.study = optuna.load_study(storage=storage, study_name=name)
            _check_basis(self.study.user_attrs.get(BASIS, {}), basis, name)
        seed = None
        if self.url is None:
            seed = (self.recipe.train.seed, self.workers.place, len(self._all()))
        self.study.sampler = build_sampler(optuna, self.recipe, seed=seed)
        self.study.pruner = build_pruner(optuna, self.recipe, self.space)

    def __enter__(self) -> "Search":
        self.workers.__enter__()
        return self

    def __exit__(self, *reason: object) -> None:
        self.workers.__exit__(*reason)
        self._close()

    def _close(self) -> None:
        """Let the connections to a database go."""
        if self.url is not None:
            self.storage.remove_session()
            self.storage.engine.dispose()

    def run_next(self, objective: Objective) -> bool | None:
        """Run one trial, where one is left. False: all are done; None: others still run the last.

        What ``objective`` raises is passed on, with the trial given back: only
        ``optuna.TrialPruned`` ends it.
        """
        with self.errors(), self.workers.claiming() as claim, warnings.catch_warnings():
            warnings.simplefilter("ignore", self.optuna.exceptions.ExperimentalWarning)
            self._give_back_lost()
            done, running = self.progress()
            if done >= self.trials:
                return False
            if done + running >= self.trials:
                return None
            try:
                self.study.optimize(lambda trial: self._tried(trial, objective, claim), n_trials=1)
            except AssertionError as error:  # Optuna's, over why it could not write an end
                raise error.__context__ or error from None
        return True

    def _tried(self, trial: Any, objective: Objective, claim: Any) -> float:
        trial.set_user_attr(WORKER, self.workers.name)
        claim.release()
        try:
            return objective(trial, self.space)
        except self.optuna.TrialPruned:
            raise
        except BaseException:
            give_back(self.study, trial, has_died=False)
            raise

    def _give_back_lost(self) -> None:
        """Give the trials of processes that died to whoever comes next.

        Those in a database are known by their silence, which Optuna sees to.
        """
        if self.url is not None:
            self.optuna.storages.fail_stale_trials(self.study)
            return
        state = self.optuna.trial.TrialState
        for trial in self.study.get_trials(deepcopy=False, states=(state.RUNNING,)):
            if not self.workers.is_alive(trial.user_attrs.get(WORKER)):
                give_back(self.study, trial)
                self.study.tell(trial.number, state=state.FAIL)

    def progress(self) -> tuple[int, int]:
        """How many trials are done, and how many run; one that was given back is neither."""
        state, trials = self.optuna.trial.TrialState, self._all()
        again = {trial.user_attrs.get(AGAIN) for trial in trials}
        done = sum(t.state.is_finished() and t.number not in again for t in trials)
        return done, sum(trial.state == state.RUNNING for trial in trials)

    def _all(self) -> list[Any]:
        found: list[Any] = self.study.get_trials(deepcopy=False)
        return found

    def results(self) -> tuple[Trial, ...]:
        """All trials by number; of one that was given back only the later one."""
        trials = self._all()
        again = {trial.user_attrs.get(AGAIN) for trial in trials}
        return tuple(
            trial_of(trial, settings_of(trial.params, self.space))
            for trial in trials
            if trial.number not in again
        )

    def importances(self) -> Mapping[str, float]:
        """Shares of the settings in what makes a trial one of the best; {} with few trials."""
        state = self.optuna.trial.TrialState
        complete = self.study.get_trials(deepcopy=False, states=(state.COMPLETE,))
        if len(complete) < FEW_TRIALS:
            return {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = self.optuna.importance.get_param_importances(
                    self.study, evaluator=self.optuna.importance.PedAnovaImportanceEvaluator()
                )
            except (ValueError, RuntimeError):  # all scores are the same
                return {}
        return {key: float(share) for key, share in found.items()}


def _basis(recipe: Recipe, space: Mapping[str, Space], table: str) -> dict[str, Any]:
    """What all trials of a study have in common: scores of anything else are no comparison.

    Where the table lies is no part of it: other machines have it elsewhere.
    """
    settings = dict(_settings(recipe.untuned.model_dump(mode="json")))
    left_out = {"name", "data.path", *space}
    return {
        "table": table,
        "space": {key: words(values) for key, values in space.items()},
        "recipe": {key: value for key, value in settings.items() if key not in left_out},
    }


def _settings(section: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every key of a recipe by its dotted name."""
    for name, value in section.items():
        where = f"{path}.{name}" if path else name
        if isinstance(value, dict):
            yield from _settings(value, where)
        else:
            yield where, value


def _check_basis(kept: Mapping[str, Any], basis: Mapping[str, Any], name: str) -> None:
    """Raise UsageError where a study has trials of something else."""
    if not kept or kept == basis:
        return
    another = "go on with it as it was, or begin another study with --run-dir or another name"
    if kept["table"] != basis["table"]:
        raise UsageError(f"study {name}: has trials of another table; {another}")
    for part, before, now in (
        ("tune.", kept["space"], basis["space"]),
        ("", kept["recipe"], basis["recipe"]),
    ):
        for key in dict.fromkeys([*before, *now]):
            if before.get(key) != now.get(key):
                raise UsageError(
                    f"study {name}: {part}{key} was {before.get(key, 'not there')} and is now "
                    f"{now.get(key, 'not there')}; {another}"
                )
