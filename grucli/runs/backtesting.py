"""A rolling origin: models scored on windows of the newest rows, which they have not seen."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import sqrt
from pathlib import Path
from statistics import fmean

from grucli.errors import UsageError
from grucli.recipe import Recipe, load_recipe
from grucli.results import Backtest, BacktestWindow, IntervalScore, OverallErrors
from grucli.runs.checkpoints import checkpoint_in
from grucli.runs.device import Threads
from grucli.runs.opened import open_forecaster, with_table
from grucli.runs.training import train
from grucli.tasks import Intervals
from grucli.tasks.forecast.backtest import score_window
from grucli.temporary import working_folder

_RECIPES = (".yaml", ".yml")
Say = Callable[[str], None]


def backtest(
    source: str,
    overrides: Sequence[str] = (),
    *,
    windows: int = 5,
    step: int | None = None,
    refit: bool = False,
    levels: Sequence[float] = (),
    threads: Threads = None,
    say: Say = lambda _words: None,
) -> Backtest:
    """Score ``windows`` horizons, ``step`` rows apart (default: a horizon), to the table's end.

    ``source`` is a recipe, of which a model is trained on what comes before the first window, or a
    checkpoint or run, whose test span must hold all windows. With ``refit`` a model is trained
    before each window. ``levels`` in per cent are those of the intervals to judge, the usual ones
    without any. ``say`` is told what goes on. Raises UsageError for another task, or a level that
    there are no intervals of.
    """
    is_recipe = source.lower().endswith(_RECIPES)
    if overrides and not is_recipe:
        raise UsageError(f"{source}: a checkpoint has the recipe it has; --set is for recipes")
    path = None if is_recipe else Path(checkpoint_in(source))
    recipe = load_recipe(source, overrides) if path is None else _recipe_of(path)
    if recipe.task.kind != "forecast":
        raise UsageError(
            f"{source}: task.kind {recipe.task.kind}; backtest rolls a forecast forward in time"
        )
    horizon = recipe.forecast.horizon
    step = step or horizon
    backs = [step * place for place in reversed(range(windows))]
    if refit:
        scored = []
        for place, back in enumerate(backs, 1):
            say(f"window {place} of {windows}: training on what comes before it")
            scored += _trained_and_scored(recipe, [back], levels, threads)
    elif path is None:
        say(f"training on what comes before the first of {windows} windows")
        scored = _trained_and_scored(recipe, backs, levels, threads)
    else:
        scored = _scored(path, backs, levels)
    judged = Backtest(
        source, horizon, step, refit, tuple(scored), _overall(scored), _coverage(scored)
    )
    return replace(judged, notes=_notes(scored))


def _notes(windows: Sequence[BacktestWindow]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(note for window in windows for note in window.notes))


def _recipe_of(path: Path) -> Recipe:
    return open_forecaster(path, verb="backtest").recipe


def _trained_and_scored(
    recipe: Recipe, backs: Sequence[int], levels: Sequence[float], threads: Threads
) -> list[BacktestWindow]:
    """Windows of a model that is trained with a test span from the first of them on."""
    test = recipe.forecast.horizon + backs[0]
    split = recipe.data.split.model_copy(update={"train": None, "test": test})
    cut = recipe.model_copy(update={"data": recipe.data.model_copy(update={"split": split})})
    settings = cut.train.model_copy(update={"refit": False})
    cut = cut.model_copy(update={"train": settings})
    with working_folder("backtest") as folder:
        for _ in train(cut, run_dir=folder / "run", threads=threads):
            pass
        return _scored(folder / "run" / "best.pt", backs, levels)


def _scored(path: Path, backs: Sequence[int], levels: Sequence[float]) -> list[BacktestWindow]:
    opened = with_table(open_forecaster(path, verb="backtest"), judged="test")
    asked = Intervals(tuple(levels), opened.saved.calibration)
    return [score_window(opened.model, opened.data, back=back, intervals=asked) for back in backs]


def _overall(windows: Sequence[BacktestWindow]) -> dict[str, OverallErrors]:
    """Errors of each forecaster that every window has."""
    names = [name for name in windows[0].scores if all(name in w.scores for w in windows)]
    return {name: _mean([window.scores[name] for window in windows]) for name in names}


def _coverage(windows: Sequence[BacktestWindow]) -> tuple[IntervalScore, ...]:
    """Over all windows, of the levels that each of them has."""
    scores = [{each.level: each for each in window.intervals} for window in windows]
    return tuple(
        _mean_interval([each[level] for each in scores])
        for level in scores[0]
        if all(level in each for each in scores)
    )


def _mean_interval(scores: Sequence[IntervalScore]) -> IntervalScore:
    by_step = zip(*(each.coverage_by_step for each in scores), strict=True)
    return IntervalScore(
        scores[0].level,
        coverage=fmean(each.coverage for each in scores),
        width=fmean(each.width for each in scores),
        coverage_by_step=tuple(map(fmean, by_step)),
    )


def _mean(scores: Sequence[object]) -> OverallErrors:
    def mean(name: str) -> float | None:
        values = [getattr(each, name) for each in scores]
        return None if None in values else sum(values) / len(values)

    return OverallErrors(sqrt(mean("mse") or 0.0), mean("mae") or 0.0, mean("mase"))
