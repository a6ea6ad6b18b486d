"""A checkpoint opened once, to predict from as many tables as there are."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from grucli.checkpoint import Checkpoint
from grucli.data import Table
from grucli.errors import UsageError
from grucli.results import Anomalies, ForecastExample, Prediction
from grucli.runs.opened import (
    Opened,
    OpenedTable,
    open_checkpoint,
    open_saved,
    refuse_other_tasks,
    with_table,
)
from grucli.runs.tables import read_future
from grucli.tasks import Intervals
from grucli.tasks.forecast.predict import horizon_of


class Predictor:
    """A trained model that is kept open: each call predicts from another table.

    One call takes a table of many series, which is much faster than a call for each. A predictor
    can be pickled: what is sent holds the model and needs no file where it arrives.
    """

    def __init__(self, checkpoint: str | Path) -> None:
        """Load a checkpoint, or that of a run folder. Raises CheckpointError."""
        self.opened = open_checkpoint(checkpoint)

    def __reduce__(self) -> tuple[Any, ...]:
        """What a pickle keeps: the content of the file, without the state of training."""
        saved = replace(self.opened.saved, training=None)
        return _reopened, (self.opened.path, saved)

    def predict(
        self,
        data: Any = None,
        *,
        horizon: int | None = None,
        future: Any = None,
        levels: Sequence[float] = (),
    ) -> Prediction:
        """What the model makes of a table (default: the recipe's own): of a forecast, the steps
        beyond its end in original units.

        ``data`` is a path, ``-``, the bytes of a CSV, or a frame of pandas, polars or pyarrow. One
        context of history is enough. ``horizon`` (default: the trained one) may be longer, which
        feeds forecasts back. ``future`` is a table of the columns that are known in advance, for a
        model that reads some, or what ``read_future`` made of it. ``levels`` in per cent are those
        of the intervals to give beside forecasts. ``table`` of what comes out has its columns, for
        a frame of your own. Raises DataError when the history is too short.
        """
        return self._predicted(data, horizon=horizon, future=future, levels=levels)[0]

    def predict_with_context(
        self, data: Any = None, **options: Any
    ) -> tuple[Prediction, tuple[ForecastExample, ...]]:
        """The same prediction, and each part of it beside the rows it was made from.

        ``options`` are those of ``predict``.
        """
        prediction, table = self._predicted(data, **options)
        return prediction, table.task.prediction_examples(prediction, table.data)

    def read_future(self, future: Any) -> Table | None:
        """The table of ``predict``'s ``future``, to be read once for many. Raises its errors."""
        return _known(self.opened, future)

    def _predicted(
        self,
        data: Any,
        *,
        horizon: int | None = None,
        future: Any = None,
        levels: Sequence[float] = (),
    ) -> tuple[Prediction, OpenedTable]:
        opened = self.opened
        known = _known(opened, future)
        table = with_table(opened, data)
        intervals = Intervals(tuple(levels), opened.saved.calibration)
        prediction = opened.task.predict(
            opened.model, table.data, horizon=horizon, future=known, intervals=intervals
        )
        return replace(
            prediction, notes=(*opened.notes, *table.panel.notes, *prediction.notes)
        ), table

    def anomalies(self, data: Any = None) -> Anomalies:
        """How far each row of a table (default: the recipe's own) is from its forecast one step
        ahead, as a multiple of the usual error on the validation span.

        ``data`` is as for ``predict``. Raises UsageError for a model that forecasts nothing.
        """
        opened = self.opened
        table = with_table(opened, data)
        found = opened.task.anomalies(opened.model, table.data, kept=opened.saved.calibration)
        return replace(found, notes=(*table.panel.notes, *found.notes))

    def future_template(self, data: Any = None, *, horizon: int | None = None, path: str) -> bytes:
        """The table that ``future`` takes, its values empty, as ``path`` is written."""
        opened = self.opened
        refuse_other_tasks(opened, verb="predict --future-template")
        recipe = opened.recipe.data
        if not recipe.future:
            raise UsageError(
                f"--future-template: {opened.path} reads no columns that are known in advance "
                "(data.future); there is nothing to fill in"
            )
        ahead = horizon_of(with_table(opened, data).data, horizon)
        return ahead.template(recipe.times, recipe.dialect, path=path)


def _known(opened: Opened, future: Any) -> Table | None:
    """The table of the future that a model asks for."""
    names, path = opened.recipe.data.future, opened.path
    if future is None and names:
        raise UsageError(
            f"{path}: the model reads columns of the steps that it forecasts (data.future: "
            f"{', '.join(names)}); expected --future FILE; --future-template FILE writes the table "
            "to fill in"
        )
    if future is not None and not names:
        raise UsageError(
            f"--future: {path} reads no columns that are known in advance (data.future); leave it "
            "out"
        )
    words = opened.learned.scaler.vocabularies
    if future is None or isinstance(future, Table):
        return future
    return read_future(opened.recipe.data, future, words)


def _reopened(path: str, saved: Checkpoint) -> Predictor:
    """A predictor from what a pickle of one kept."""
    predictor = Predictor.__new__(Predictor)
    predictor.opened = open_saved(saved, path)
    return predictor
