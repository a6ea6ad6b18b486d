"""Train a recipe into a run folder."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from grucli.recipe import Recipe
from grucli.results import TrainingEvent
from grucli.runs.device import Threads, choose_device, flushed_denormals, thread_limit_lifted
from grucli.runs.folder import RunFolder
from grucli.runs.origin import Origin
from grucli.runs.resuming import GoesOn
from grucli.runs.stopping import Stop
from grucli.runs.tables import table_files
from grucli.runs.training_run import GO_ON, TrainingRun
from grucli.training.loop import Validating
from grucli.training.observers import Observer


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
) -> Iterator[TrainingEvent]:
    """Train a recipe into a run folder (default ``runs/NAME``), yielding events on the way.

    ``stop`` is asked after every step; when it answers a signal's number the state is saved to
    last.pt and InterruptedRunError raised. Resuming continues bit for bit on the same device with
    the same number of threads, which is what ``threads`` auto takes then, and with the settings
    that the run had: ``origin`` says which of a recipe's keys were asked for, None all of them.
    ``overwrite`` leaves an earlier run as it is until this one has a best.pt. ``observers`` watch
    the loop beside our own; their state is saved with that of training.
    """
    halt = stop if isinstance(stop, Stop) else Stop(stop)
    halt.words = f"before training began; {GO_ON if resume else 'nothing was changed'}"
    place = choose_device(device)
    folder = RunFolder.named(recipe.name) if run_dir is None else RunFolder(Path(run_dir))
    if not resume:
        inputs = [*table_files(recipe.data), recipe.model.init.checkpoint]
        folder.refuse_inputs([*inputs, None if origin is None else origin.file])
    held = folder.held(resume=resume, overwrite=overwrite)
    with held as writing, flushed_denormals(), thread_limit_lifted():
        goes_on = GoesOn.of(writing, recipe, origin) if resume else None
        run = TrainingRun(recipe, writing, place, goes_on=goes_on, observers=observers)
        run.use_threads(threads)
        yield run.started()
        with halt.waiting(), run.guarded():
            for event in run.loop():
                if not isinstance(event, Validating):
                    yield event
                run.save_if_stopped(halt())
        halt.words = f"before the best weights were scored; {run.home.best} has them; {GO_ON}"
        scores = run.scores()
        halt.words = "when the run was finished"
        with halt.waiting():
            finished = run.finished(scores)
        yield finished
