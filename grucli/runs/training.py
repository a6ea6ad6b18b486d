"""Train a recipe into a run folder."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from grucli.nn import ensemble_of
from grucli.recipe import Recipe
from grucli.results import TrainingEvent, TrainingFinished
from grucli.runs.announcing import started
from grucli.runs.device import Threads, flushed_denormals, repeatable
from grucli.runs.folder import RunFolder
from grucli.runs.further import again, ensemble_summary, member_of
from grucli.runs.origin import Origin
from grucli.runs.pace import thread_limit_lifted
from grucli.runs.placing import placed
from grucli.runs.processes import lead
from grucli.runs.resuming import GoesOn
from grucli.runs.stopping import Stop
from grucli.runs.tables import table_files
from grucli.runs.training_run import GO_ON, TrainingRun
from grucli.training.loop import Validating
from grucli.training.observers import Observer
from grucli.training.ranks import Ranks


def train(
    recipe: Recipe,
    *,
    run_dir: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    device: str = "auto",
    threads: Threads = None,
    stop: Callable[[], int | None] = lambda: None,
    origin: Origin | None = None,
    observers: Sequence[Observer] = (),
    ranks: Ranks | None = None,
) -> Iterator[TrainingEvent]:
    """Train a recipe into a run folder (default ``runs/NAME``), yielding events on the way.

    ``stop`` is asked after every step; when it answers a signal's number the state is saved to
    last.pt and InterruptedRunError raised. Resuming continues bit for bit on the same device with
    the same number of threads, which is what ``threads`` auto takes then, and with the settings
    that the run had: ``origin`` says which of a recipe's keys were asked for, None all of them.
    ``overwrite`` leaves an earlier run as it is until this one has a best.pt. ``observers`` watch
    the loop beside our own; their state is saved with that of training. With ``train.refit`` the
    judged model is trained once more on all rows, into the folder refit, which is told as a second
    run between the first and the end; so are with ``train.seeds`` the models of the further seeds,
    in the folder seeds, which are scored together. ``ranks`` are the processes that train together,
    of which this is the first.
    """
    halt, recipe = stop if isinstance(stop, Stop) else Stop(stop), recipe.untuned
    ranks = ranks or Ranks()
    ranks.ask = halt
    halt.words = f"before training began; {GO_ON if resume else 'nothing was changed'}"
    folder = RunFolder.named(recipe.name, run_dir)
    if not resume:
        folder.refuse_inputs(_inputs(recipe, origin))
    held = folder.held(resume=resume, overwrite=overwrite)
    with held as writing, flushed_denormals(), thread_limit_lifted(), ExitStack() as settings:
        goes_on = GoesOn.of(writing, recipe, origin) if resume else None
        place = placed(recipe, device, threads=threads, ranks=ranks)
        settings.enter_context(repeatable(place))
        run = TrainingRun(recipe, writing, place, goes_on=goes_on, observers=observers, ranks=ranks)
        run.use_threads(threads)
        yield started(run)
        yield from _learned(run, halt)
        runs = [run, *(yield from _further(run, halt, threads, resume=resume))]
        yield (yield from _finished(runs, halt, resume=resume))


def _finished(
    runs: Sequence[TrainingRun], halt: Stop, *, resume: bool
) -> Generator[TrainingEvent, None, TrainingFinished]:
    """How it ended, after the events of the run on all rows, where the recipe asks for one."""
    run, is_refit = runs[0], runs[0].recipe.train.refit
    if not is_refit:
        run.training.ranks.tell(None)
    finished = _judged(runs, halt)
    if is_refit:
        once_more = again(run, finished.scores, resume=resume)
        finished = replace(finished, refit_path=(yield from _refitted(once_more, halt)))
        run.training.ranks.tell(None)
    return finished


def _further(
    run: TrainingRun, halt: Stop, threads: Threads, *, resume: bool
) -> Generator[TrainingEvent, None, list[TrainingRun]]:
    """The events of the models of further seeds, where the recipe asks for some; their runs."""
    runs = []
    for number in range(2, run.recipe.train.seeds + 1):
        halt.words = f"before model {number} was begun; {GO_ON}"
        member = member_of(run, number, resume=resume)
        member.use_threads(threads)
        yield started(member)
        yield from _learned(member, halt)
        runs.append(member)
    return runs


def _judged(runs: Sequence[TrainingRun], halt: Stop) -> TrainingFinished:
    """Score the best weights, of several models their mean, and close the books of the first."""
    run, *others = runs
    halt.words = f"before the best weights were scored; {run.home.best} has them; {GO_ON}"
    model = ensemble_of([each.with_best_weights() for each in runs])
    scores, ensemble = run.scores(model), ensemble_summary(runs, model)
    halt.words = "when the run was finished"
    with halt.waiting():
        trainings = [each.training for each in others]
        return run.finished(scores, others=trainings, ensemble=ensemble)


def _refitted(once_more: TrainingRun, halt: Stop) -> Generator[TrainingEvent, None, str]:
    """The events of the run on all rows; returns the path of its weights."""
    yield started(once_more)
    yield from _learned(once_more, halt)
    with halt.waiting():
        return once_more.finish_again()


def _inputs(recipe: Recipe, origin: Origin | None) -> Sequence[str | Path | None]:
    """Every file that a run reads before it writes its own."""
    inputs = [*table_files(recipe.data), recipe.model.init.checkpoint]
    return [*inputs, None if origin is None else origin.file]


def _learned(run: TrainingRun, halt: Stop) -> Iterator[TrainingEvent]:
    """The events of a run from where it stands to its last epoch."""
    lead(run)
    with halt.waiting(), run.guarded():
        for event in run.loop():
            if not isinstance(event, Validating):
                yield event
            run.save_if_stopped(run.training.ranks.stopped())
