"""Answer every row of a table as it arrives, with the state carried on from row to row."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grucli.data import Classes, Row, RowBlock, Scaler, Wanted, stream_blocks
from grucli.errors import DataError, UsageError
from grucli.nn import Forecaster, State, forecast_each
from grucli.recipe import Recipe
from grucli.runs.opened import open_forecaster
from grucli.tasks.precision import original
from grucli.tensors import torch
from grucli.text import plural, quoted


class Answers(NamedTuple):
    """The forecasts after some rows: their times as written, and [N, K * C_out] values, step by
    step.
    """

    times: list[str]
    values: NDArray[np.float64]


class Stream:
    """A checkpoint that reads row after row. Memory stays what it is after the first."""

    def __init__(self, checkpoint: str | Path) -> None:
        """Load a checkpoint. Raises UsageError for a model that needs whole windows."""
        opened = open_forecaster(checkpoint, verb="predict --stream")
        recipe = opened.recipe
        ahead = recipe.data.columns.ahead
        if ahead:
            raise UsageError(
                f"{checkpoint}: --stream answers each row by itself, and this model reads columns "
                f"of the steps ahead ({', '.join(ahead)}); predict from whole tables"
            )
        scaler = opened.learned.scaler
        if not isinstance(scaler, Scaler) or recipe.data.series:
            raise UsageError(
                f"{checkpoint}: --stream carries the state of one series on, and this model reads "
                f"many (data.series: {', '.join(recipe.data.series)}); predict from whole tables"
            )
        if opened.model.needs_windows or recipe.model.bidirectional:
            raise UsageError(
                f"{checkpoint}: --stream carries the state on, but this model needs whole windows; "
                "train it with task.normalise: none, model.bidirectional: false, model.skip: none, "
                "decoder direct or recursive, and train.seeds: 1"
            )
        self.recipe: Recipe = recipe
        self.time = opened.saved.time
        self.model: Forecaster = opened.model.eval()
        self.scaler = scaler
        of_targets = self.scaler.only(recipe.data.columns.targets)
        self.of_targets = replace(of_targets, numbers=recipe.forecast.numbers)
        self.frequency = opened.frequency
        words = scaler.vocabularies
        self.classes = {name: Classes(texts, recipe.data.dialect) for name, texts in words.items()}
        self.state: State | None = None
        self.row: Row | None = None
        self.filled: list[float] | None = None

    @property
    def header(self) -> tuple[str, ...]:
        """Names of the columns of an answer: the time, then each target at each step ahead."""
        steps = range(1, self.recipe.forecast.horizon + 1)
        return (
            self.time,
            *(f"{name}+{step}" for step in steps for name in self.recipe.data.target),
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence on texts that were not seen in training, where there were any."""
        parts = [
            f"{plural(own.unseen, 'value')} of column {quoted(name)}"
            for name, own in self.classes.items()
            if own.unseen
        ]
        return (f"not seen in training, read as unknown: {'; '.join(parts)}",) if parts else ()

    def answers(self, binary: BinaryIO, source: str) -> Iterator[Answers]:
        """Answers to every row as soon as its line has come, together with those that came with it.

        The header is read at once, and every row before a wrong one is answered. Raises DataError.
        """
        data = self.recipe.data
        blocks = stream_blocks(
            binary,
            source,
            Wanted(data.times, data.columns.read, dialect=data.dialect),
            zone=self.frequency.style.zone,
            classes=self.classes,
        )
        return (answer for block in blocks for answer in self._answered(block))

    def _answered(self, block: RowBlock) -> Iterator[Answers]:
        """The same for rows that came together; those among which one is remarkable, in halves."""
        inputs = self._inputs(block)
        if inputs is not None:
            self.row, self.filled = block.last, block.values[-1].tolist()
            yield Answers(block.times, self._forecast(inputs))
        elif len(block.times) == 1:
            yield self._answer(block.last)
        else:
            for half in block.halves():
                yield from self._answered(half)

    def _answer(self, row: Row) -> Answers:
        """Read one row and forecast from it."""
        self._check_time(row)
        values = [
            self._carried(row, place) if math.isnan(value) else value
            for place, value in enumerate(row.values)
        ]
        inputs = self._scaled(row, values)
        self.row, self.filled = row, values
        return Answers([row.time], self._forecast(inputs))

    def _forecast(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """The values in original units [N, K * C_out] after each of some rows [N, C_in]."""
        rows_BTC = torch.from_numpy(inputs).unsqueeze(0)
        with torch.inference_mode():
            forecast, self.state = forecast_each(self.model, rows_BTC, self.state)
        return original(self.of_targets, forecast[0]).numpy().reshape(len(inputs), -1)

    def _inputs(self, block: RowBlock) -> NDArray[np.float32] | None:
        """What the model reads of rows together [N, C_in]; None where one is to be looked at."""
        if self.row is None or len(block.times) == 1 or np.isnan(block.values).any():
            return None
        moments = np.concatenate([[self.row.moment], block.moments])
        if (self.frequency.rows_between(block.as_times(moments)) != 1).any():
            return None
        with np.errstate(all="ignore"):
            scaled = self.scaler.scale(block.values).astype(np.float32)
        if not np.isfinite(scaled).all():
            return None
        flags = np.ones((len(scaled), len(self.recipe.data.columns.flagged)), np.float32)
        return np.concatenate([scaled, flags], axis=1)

    def _check_time(self, row: Row) -> None:
        """Every row comes one step after the one before it."""
        if self.row is None:
            if row.style.integer != (self.frequency.unit == "steps"):
                raise DataError(
                    f"{row.where}: the time {row.time} is {row.style.words}; the model was trained "
                    f"on rows that are {self.frequency.words}; write times as in its table"
                )
            return
        expected = self.frequency.after(self.row.moment)
        if row.moment != expected:
            raise DataError(
                f"{row.where}: {row.time} follows {self.row.time}; expected "
                f"{row.style.format(expected)}, as rows are {self.frequency.words}; send every "
                "row, with empty cells for what is missing"
            )

    def _carried(self, row: Row, place: int) -> float:
        """What stands for a missing value: the one before it."""
        policy = self.recipe.data.policies[place]
        if policy == "zero":
            return 0.0
        if self.filled is None or policy == "error":
            raise DataError(
                f"{row.where}: column {self._column(place)!r}: value missing; expected a number: "
                "there is none before it to carry on, or the model was trained with data.missing: "
                "error"
            )
        return self.filled[place]

    def _scaled(self, row: Row, values: list[float]) -> NDArray[np.float32]:
        """What the model reads of a row: scaled values, and flags where it is told of them."""
        for place, value in enumerate(values):
            if not self.scaler.can_scale(place, value):
                raise DataError(
                    f"{row.where}: column {self._column(place)!r}: {value:g} has no logarithm "
                    f"(data.transform: {self.scaler.transform}); correct it"
                )
        with np.errstate(over="ignore"):
            scaled = self.scaler.scale(np.array([values])).astype(np.float32)
        if not np.isfinite(scaled).all():
            place = int(np.flatnonzero(~np.isfinite(scaled[0]))[0])
            raise DataError(
                f"{row.where}: column {self._column(place)!r}: {values[place]:g} is too large for "
                "float32 after scaling; correct the value"
            )
        columns = self.recipe.data.columns
        flags = [not math.isnan(row.values[columns.place(name)]) for name in columns.flagged]
        return np.concatenate([scaled, [flags]], axis=1, dtype=np.float32) if flags else scaled

    def _column(self, place: int) -> str:
        return self.recipe.data.columns.values[place]
