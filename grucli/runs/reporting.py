"""Everything that the page about a run shows, gathered from its folder and its table."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from grucli.checkpoint import load_checkpoint
from grucli.errors import DataError, GrucliError, UsageError
from grucli.files import check_place
from grucli.recipe import dump_recipe
from grucli.results import (
    ForecastExample,
    MatrixFrames,
    MatrixSpectrum,
    RunReport,
    Scores,
    SnapshotMoment,
)
from grucli.runs import tracing
from grucli.runs.checkpoints import checkpoint_in
from grucli.runs.folder import RunFolder
from grucli.runs.opened import Opened, open_checkpoint, with_table
from grucli.runs.predicting import Predictor
from grucli.runs.setting_up import model_words
from grucli.tasks import Intervals
from grucli.tasks.forecast.examples import window_examples
from grucli.tasks.forecast.intervals import Bounds
from grucli.tasks.forecast.score import as_scores, model_sums
from grucli.weights import (
    film_frames,
    read_epochs,
    read_history,
    read_snapshots,
    read_weights,
    spectra_of_run,
)

EXAMPLES = 4
MOST_COLUMNS = 8

Found = TypeVar("Found")


def report_run(run: str | Path) -> RunReport:
    """Gather what is known of a run: ``run`` is its folder or a checkpoint in it.

    A part whose files or table are gone is left out, and ``missing`` says why. Raises
    CheckpointError where there is no checkpoint to begin with.
    """
    checkpoint = Path(checkpoint_in(run))
    opened = open_checkpoint(checkpoint)
    recipe = opened.recipe
    parts = _Parts(has_table=recipe.data.path != "-")
    shown = recipe.data.target[:MOST_COLUMNS]
    scored = parts.take(("scores", "forecasts"), lambda: _scored(opened), reads_table=True)
    scores, errors, examples = scored or (None, {}, ())
    ahead = None
    if opened.task.kind == "forecast":
        ahead = parts.take(("forecasts",), lambda: _newest(opened), reads_table=True)
    newest = ahead or ()
    if len(shown) < len(recipe.data.target):
        parts.missing.setdefault(
            "forecasts", f"the first {MOST_COLUMNS} of {len(recipe.data.target)} columns are drawn"
        )
    traced = parts.take(("gates",), lambda: tracing.trace(checkpoint), reads_table=True)
    film, matrices, spectra = _weights(checkpoint, parts)
    return RunReport(
        name=recipe.name,
        path=str(checkpoint),
        recipe=dump_recipe(recipe),
        model=model_words(recipe),
        columns=recipe.data.target or recipe.data.past,
        epochs=parts.take(("training",), lambda: read_epochs(checkpoint.parent)) or (),
        scores=scores,
        errors_by_step=errors,
        forecasts=tuple(e for e in (*newest, *examples) if e.column in shown),
        snapshots=film,
        matrices=matrices,
        spectra=spectra,
        history=parts.take(("history",), lambda: read_history(checkpoint)),
        trace=traced.report if traced is not None else None,
        trace_times=traced.times if traced is not None else (),
        missing=parts.missing,
    )


def default_page(checkpoint: str | Path) -> Path:
    """Where the page of a checkpoint's run is written when no other place is named.

    Raises CheckpointError where the checkpoint cannot be read, GrucliError where no page can be
    written beside it.
    """
    load_checkpoint(checkpoint)
    page = RunFolder(Path(checkpoint).parent).report
    check_place(page)
    return page


class _Parts:
    """Takes the parts that can be made, and remembers why the others cannot."""

    def __init__(self, *, has_table: bool) -> None:
        self.has_table = has_table
        self.missing: dict[str, str] = {}

    def take(
        self, names: tuple[str, ...], make: Callable[[], Found], *, reads_table: bool = False
    ) -> Found | None:
        try:
            if reads_table and not self.has_table:
                raise DataError("the table was read from standard input, which kept no copy of it")
            return make()
        except GrucliError as error:
            for name in names:
                self.missing.setdefault(name, error.problems[0])
            return None


def _scored(
    opened: Opened,
) -> tuple[Scores, dict[str, tuple[float, ...]], tuple[ForecastExample, ...]]:
    """Scores on the test span, the errors at each step, and some of the forecasts themselves."""
    if opened.task.kind != "forecast":
        raise UsageError(_judged_words(opened))
    model, data = opened.model, with_table(opened).data
    kept = Intervals(kept=opened.saved.calibration)
    sums = model_sums(model, data, split="test", kept=kept.kept)
    scores = as_scores(sums, data, split="test")
    by_step = {
        name: tuple(errors.read(step=step).rmse for step in range(errors.horizon))
        for name, errors in sums.items()
    }
    examples = window_examples(model, data, split="test", count=EXAMPLES, intervals=kept)
    return scores, by_step, examples


def _newest(opened: Opened) -> tuple[ForecastExample, ...]:
    """The forecast beyond the end of the table, with the usual intervals if there are any."""
    horizon = opened.recipe.forecast.horizon
    bounds = Bounds.of(Intervals(kept=opened.saved.calibration), steps=horizon, trained=horizon)
    return Predictor(opened.path).predict_with_context(levels=bounds.or_usual.levels)[1]


def _judged_words(opened: Opened) -> str:
    """How good a model of another task is, which the page has no picture of."""
    judged = opened.saved.progress["test_scores"] or {}
    known = [f"{name} {value:.4g}" for name, value in judged.items() if value is not None]
    said = ", ".join(known) or "not judged"
    return f"task.kind {opened.task.kind}, test part: {said}; grucli eval has the baselines too"


def _weights(
    checkpoint: Path, parts: _Parts
) -> tuple[tuple[SnapshotMoment, ...], tuple[MatrixFrames, ...], tuple[MatrixSpectrum, ...]]:
    """The film of the matrices, and their singular values."""
    file = read_weights(checkpoint)
    snapshots = parts.take(("weights",), lambda: read_snapshots(checkpoint.parent, file)) or ()
    if not snapshots:
        parts.missing.setdefault("weights", "snapshots.jsonl holds no snapshot yet")
        return (), (), spectra_of_run(file, None)
    if any(kept.grid != kept.shape for kept in snapshots[0].matrices):
        parts.missing["spectra"] = (
            "the record keeps large matrices at initialisation as means of blocks, so that their "
            "singular values at that time are not known"
        )
    film = tuple(SnapshotMoment(shot.step, shot.epoch, shot.is_best) for shot in snapshots)
    return film, film_frames(snapshots, file), spectra_of_run(file, snapshots[0])
