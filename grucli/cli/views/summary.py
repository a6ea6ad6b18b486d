"""The end of a run in words: where things are; how good it is; what to type next."""

import shlex
import statistics
import textwrap
from pathlib import PurePath

from rich.text import Text

from grucli.cli.kit.numbers import clock, digits
from grucli.cli.kit.page import Screen
from grucli.cli.views.hints import hints
from grucli.cli.views.judged import answers_of, render_judged_summary
from grucli.results import Ensemble, Scores, TrainingFinished
from grucli.text import clean, plural

_REASONS = {
    "epochs": "all epochs done",
    "patience": "stopped early, the validation loss no longer fell",
}


def render_end(finished: TrainingFinished, width: int = 80) -> Screen:
    """What was done and where it is, in lines of at most ``width`` characters.

    Only paths may be longer: they are never broken, so that they can be copied.
    """
    return Screen(width, lambda page: _end(finished, page.width))


def render_result(finished: TrainingFinished, width: int = 80) -> Screen:
    """How good the best weights are on the test span."""
    return Screen(width, lambda page: _scores(finished, page.width))


def render_next(finished: TrainingFinished, width: int = 80) -> Screen:
    """Hints, and commands that run as they stand; only these may be longer than ``width``."""
    return Screen(width, lambda page: [*hints(finished.hints, page.width), *_next(finished)])


def _end(finished: TrainingFinished, width: int) -> list[Text]:
    rate = f"{digits(finished.steps_per_second, 3)} steps/s"
    how = (
        f"Trained {plural(finished.epochs, 'epoch')}, {plural(finished.steps, 'step')} in "
        f"{clock(finished.elapsed_seconds)} ({rate}): "
        f"{_REASONS.get(finished.reason, clean(finished.reason))}."
    )
    best = f"epoch {finished.best_epoch}, validation loss {digits(finished.best_valid_loss)}"
    if finished.ensemble is not None:
        best = f"all {len(finished.ensemble.seeds)}; of the first {best}"
    if finished.skipped_steps:
        how += (
            f" {plural(finished.skipped_steps, 'step')} left out, as the loss or gradient was not "
            "finite (train.skip_not_finite)."
        )
    lines = [Text(line) for line in textwrap.wrap(how, width)]
    lines += [Text(), _where("best weights", finished.best_path, best, width)]
    if finished.refit_path is not None:
        words = f"on all rows, {plural(finished.best_epoch, 'epoch')}"
        lines += [_where("model to use", finished.refit_path, words, width)]
    if finished.ensemble is not None:
        lines += [Text(line) for line in ensemble_lines(finished.ensemble)]
    metrics = str(PurePath(finished.run_dir) / "metrics.jsonl")
    return [*lines, _where("every epoch", metrics, "", width)]


def ensemble_lines(ensemble: Ensemble) -> list[str]:
    """How good the models of several seeds are, and their mean, and how far apart they are."""
    seeds = ensemble.seeds
    losses = [one.best_valid_loss for one in seeds]
    spread = statistics.stdev(losses)
    return [
        f"{len(seeds)} models, seeds {seeds[0].seed} to {seeds[-1].seed}: validation loss "
        f"{' '.join(map(digits, losses))}, spread {digits(spread, 2)}",
        f"their mean {digits(ensemble.valid_loss)}; what they say differs by "
        f"{digits(ensemble.spread, 2)} (standard deviation, scaled)",
    ]


def _where(name: str, path: str, more: str, width: int) -> Text:
    line = Text.assemble(f"{name:<14}", (clean(path), "bold"))
    fits = len(line.plain) + 3 + len(more) <= width
    return line.append(f"  ({more})", "dim") if more and fits else line


def _scores(finished: TrainingFinished, width: int) -> list[Text]:
    scores = finished.scores
    if scores is None:
        words = "Not judged: the recipe keeps no test span (data.split.test: 0)."
        return [Text(), *map(Text, textwrap.wrap(words, width))]
    return render_judged_summary(scores, width)


def _how_to_judge(finished: TrainingFinished) -> str:
    """Options of ``eval`` that show most."""
    if finished.scores is None:
        return " --split valid"
    return " --by step" if isinstance(finished.scores, Scores) else ""


def _next(finished: TrainingFinished) -> list[Text]:
    path = shlex.quote(finished.best_path)
    used = shlex.quote(finished.refit_path or finished.best_path)
    commands = (
        f"grucli eval {path}{_how_to_judge(finished)}",
        f"grucli predict {used} -o {answers_of(finished.scores)}.csv",
        f"grucli inspect-weights {path}",
    )
    lines = [Text(f"  {command}", style="cyan") for command in commands]
    return [Text(), Text("Next", style="bold"), *lines]
