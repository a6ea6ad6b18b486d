"""Answer every row of a table as it arrives, with the state carried on from row to row."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch

from grucli import build
from grucli.data import Frequency, Scaler, Table, stream_rows
from grucli.errors import DataError, UsageError
from grucli.nn import Forecaster, State
from grucli.recipe import Recipe
from grucli.runs.reading import restore


@dataclass(frozen=True)
class Answer:
    """The forecast after one row: its time as written, and [K * C_out] values, step by step."""

    time: str
    values: tuple[float, ...]


class Stream:
    """A checkpoint that reads row after row. Memory stays what it is after the first."""

    def __init__(self, checkpoint: str | Path) -> None:
        """Load a checkpoint. Raises UsageError for a model that needs whole windows."""
        saved, recipe, model = restore(checkpoint)
        if recipe.task.normalise != "none" or recipe.model.bidirectional:
            raise UsageError(
                f"{checkpoint}: --stream carries the state on, but this model needs whole windows; "
                "train it with task.normalise: none and model.bidirectional: false"
            )
        self.recipe: Recipe = recipe
        self.model: Forecaster = model.eval()
        self.scaler = Scaler.from_plain(saved.scaler)
        self.frequency = Frequency.from_plain(saved.frequency)
        self.state: State | None = None
        self.row: Table | None = None
        self.filled: np.ndarray[tuple[int, ...], np.dtype[np.float64]] | None = None

    @property
    def header(self) -> tuple[str, ...]:
        """Names of the columns of an answer: the time, then each target at each step ahead."""
        steps = range(1, self.recipe.task.horizon + 1)
        return (
            self.recipe.data.time,
            *(f"{name}+{step}" for step in steps for name in self.recipe.data.target),
        )

    def answers(self, binary: BinaryIO, source: str) -> Iterator[Answer]:
        """One answer for every row, as soon as its line has come. Raises DataError."""
        data = self.recipe.data
        columns = build.input_columns(data)
        for row in stream_rows(binary, source, time=data.time, columns=columns):
            yield self.answer(row)

    @torch.inference_mode()
    def answer(self, row: Table) -> Answer:
        """Read one row (a table of one) and forecast from it."""
        values = self._checked(row)
        scaled = self.scaler.scale(values)
        if self.recipe.data.missing == "mask":
            scaled = np.concatenate([scaled, ~np.isnan(row.values)], axis=1)
        inputs = torch.from_numpy(scaled.astype(np.float32))
        forecast, self.state = self.model.step(inputs, self.state)
        original = self.scaler.unscale(forecast[0].double()).flatten()
        return Answer(row.time_at(0), tuple(original.tolist()))

    def _checked(self, row: Table) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        """The row's values [1, C] with missing ones carried on, after a check of its time."""
        if self.row is not None:
            expected = self.frequency.future(self.row.timestamps[-1], 1)[0]
            if row.style != self.row.style or row.timestamps[0] != expected:
                raise DataError(
                    f"{row.where(0)}: {row.time_at(0)} follows {self.row.time_at(0)}; expected "
                    f"{self.row.style.format(expected)}, as rows are {self.frequency.words}; send "
                    "every row, with empty cells for what is missing"
                )
        missing = np.isnan(row.values)
        if missing.any() and (self.filled is None or self.recipe.data.missing == "error"):
            column = row.columns[int(np.flatnonzero(missing[0])[0])]
            raise DataError(
                f"{row.where(0)}: column {column!r}: value missing; expected a number: there is "
                "none before it to carry on, or the model was trained with data.missing: error"
            )
        values = row.values if self.filled is None else np.where(missing, self.filled, row.values)
        self.row, self.filled = row, values
        return values
