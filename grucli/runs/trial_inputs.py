"""Contexts in the table's units, and what predict says of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from grucli.data import Scaler, SeriesScaler, put_classes
from grucli.data.values import Floats
from grucli.errors import CheckpointError, DataError, UsageError
from grucli.results import Forecast
from grucli.runs.opened import Opened, OpenedTable, with_table
from grucli.tasks.forecast.newest import forecast_places
from grucli.tasks.forecast.predict import forecast_ahead, horizon_of
from grucli.tasks.precision import original
from grucli.text import plural

_DRAWN = 8
_MOST_SERIES = 64


@dataclass(frozen=True, eq=False)
class Trial:
    """``inputs`` by name: values [B, T, C] and, where the model reads them, future [B, K, F] and
    the number of each series [B]. ``expected`` [B, K, targets] is the forecast, ``words`` say what
    of.
    """

    inputs: Mapping[str, NDArray[Any]]
    expected: Floats
    words: str


def trial_of(opened: Opened) -> Trial:
    """The newest contexts of the checkpoint's own table, or drawn ones where that cannot be read
    or does not say what is known in advance.
    """
    if not opened.recipe.data.future:
        try:
            return _newest(with_table(opened))
        except (CheckpointError, DataError, UsageError):
            pass
    return _drawn(opened)


def _newest(table: OpenedTable) -> Trial:
    panel, task, fitted = table.panel, table.recipe.forecast, table.learned.scaler
    places = forecast_places(panel, task.context)
    prediction = table.task.predict(table.model, table.data)
    assert isinstance(prediction, Forecast)
    by_target = [np.asarray(prediction.values[name], float) for name in panel.columns.targets]
    expected = np.stack(by_target, axis=-1).reshape(len(places), task.horizon, -1)
    flagged = [panel.columns.place(name) for name in panel.columns.flagged]
    rows = np.concatenate([panel.values, panel.observed[:, flagged]], axis=1)
    words = {"words": panel.categories, "vocabularies": fitted.vocabularies}
    put_classes(rows, panel.values, panel.columns.values, **words)
    stops = panel.bounds[1:][places]
    inputs = {"values": np.stack([rows[stop - task.context : stop] for stop in stops])}
    if panel.columns.ahead:
        ahead = horizon_of(table.data)
        inputs["future"] = ahead.known(None, table.recipe.data.calendar)
    kept = np.arange(len(places))
    if isinstance(fitted, SeriesScaler):
        number_of = {name: number for number, name in enumerate(fitted.names)}
        ids = list(zip(*(panel.texts[name] for name in fitted.id_columns), strict=True))
        numbers = np.array([number_of.get(ids[place], -1) for place in places])
        inputs["series"], kept = numbers, np.flatnonzero(numbers >= 0)
    kept = kept[:_MOST_SERIES]
    if not len(kept):
        raise DataError(f"{panel.source}: none of its series was trained on")
    of = f"the newest context of {plural(len(kept), 'series', 'series')} of {panel.source}"
    return Trial({name: array[kept] for name, array in inputs.items()}, expected[kept], of)


def _drawn(opened: Opened) -> Trial:
    """Walks about the center of each column, as far as its spread."""
    task, columns = opened.recipe.forecast, opened.recipe.data.columns
    random, fitted = np.random.default_rng(0), opened.learned.scaler
    scaler, inputs = fitted, dict[str, NDArray[Any]]()
    if isinstance(fitted, SeriesScaler):
        numbers = random.integers(0, len(fitted.names), _DRAWN)
        inputs["series"] = numbers
        center, spread = fitted.center[numbers, None], fitted.spread[numbers, None]
        scaler = replace(fitted.whole, center=center, spread=spread)
    assert isinstance(scaler, Scaler)

    def draw(names: tuple[str, ...], steps: int) -> tuple[Floats, Floats]:
        """Scaled, and in the table's units."""
        own = scaler.only(names)
        steps_of = random.normal(size=(_DRAWN, steps, len(names))) / np.sqrt(steps)
        scaled = steps_of.cumsum(axis=1)
        for place, name in enumerate(names):
            if name in columns.static:
                scaled[..., place] = scaled[:, :1, place]
            if name in columns.categories:
                scaled[..., place] = random.integers(0, fitted.texts[name] + 1, (_DRAWN, 1))
        values = own.unscale(scaled)
        return own.scale(values), values

    scaled, values = draw(columns.values, task.context)
    flags = np.ones((_DRAWN, task.context, len(columns.flag_names)))
    context, known = np.concatenate([scaled, flags], axis=-1), None
    inputs = {"values": np.concatenate([values, flags], axis=-1)} | inputs
    if columns.ahead:
        known, inputs["future"] = draw(columns.ahead, task.horizon)
    point, _ = forecast_ahead(
        opened.model,
        _tensor(context),
        columns,
        steps=task.horizon,
        future=None if known is None else _tensor(known),
    )
    targets = replace(scaler, numbers=task.numbers).only(columns.targets)
    expected = original(targets, point).numpy()
    return Trial(inputs, expected, plural(_DRAWN, "drawn context"))


def _tensor(values: Floats) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.float32))
