"""What the rules for a first recipe go by: a table that was looked at, and then read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from grucli.data import Judged, Look, Panel, look_at
from grucli.data.readers.cells import NumberFormat
from grucli.data.readers.sources import Source
from grucli.data.sniffing.numbers import Column
from grucli.dialect import Dialect
from grucli.errors import DataError
from grucli.recipe import DataRecipe
from grucli.recipe.tasks import DEALT
from grucli.runs.aim import TARGET_NAMES, Aim, find_aim
from grucli.runs.tables import read_panel
from grucli.tasks.forecast.season import find_season

STDIN = "-"
LONGEST_SEASON = 168
"""A longer season is looked for only where there is no shorter one: a context should hold two."""
_LEAST_ROWS = 5
MOST_TEXTS, FEWEST_ROWS = 100, 10
"""A column of more texts, or of fewer rows for each, is not taken for a category."""
_SHORT, _MOST_SERIES = 20, 100


@dataclass(frozen=True, eq=False)
class FirstLook:
    """``look`` is what the table seems to be, ``aim`` what is to be learned; the rest is read of it
    when it is asked for.
    """

    path: str
    look: Look
    aim: Aim
    content: bytes | None = None

    @classmethod
    def of(cls, path: str, task: str | None = None, column: str | None = None) -> "FirstLook":
        """Look at a table; ``task`` and ``column`` are what is to be learned, where that is said.

        Raises DataError for a table that no recipe can be written for, UsageError for a task that
        it has nothing for. Standard input is read once, and kept.
        """
        content = Source.at(path).read() if path == STDIN else None
        look = look_at(path, content)
        return cls(path, look, find_aim(look, task, column), content)

    @property
    def kind(self) -> str:
        """The kind of the task."""
        return self.aim.kind

    @property
    def says_of_series(self) -> bool:
        """Whether there is one answer for each series."""
        return self.kind in DEALT

    @cached_property
    def left_out(self) -> Mapping[str, str]:
        """Columns that no recipe should read, and why."""
        reasons = {column.name: self._reason(column) for column in self.look.columns}
        return {name: reason for name, reason in reasons.items() if reason is not None}

    def _reason(self, column: Column) -> str | None:
        rows = self.look.cells.rows
        if column.name == self.aim.label:
            return "the label"
        if column.kind == "constant":
            return f"always {column.example[:20]}"
        if column.kind == "text":
            return self._not_a_category(column)
        if column.kind != "number":
            words = {"empty": "empty", "text": "texts", "mixed": f"{column.example[:20]!r} in it"}
            return words[column.kind]
        if column.name in self.look.fixed:
            return "one value for each series" if self.says_of_series else None
        if column.missing * 2 > rows:
            return "more than half missing"
        if column.is_whole and column.distinct == rows and self._counts_rows(column.name):
            return "counts the rows"
        return None

    def _not_a_category(self, column: Column) -> str | None:
        """Why a column of texts says nothing that can be learned, if so."""
        rows, cells = self.look.cells.rows, self.look.cells.of(column.name)
        numbers = NumberFormat(self.look.dialect)
        if not all(numbers.is_text(cell) or numbers.is_missing(cell) for cell in set(cells)):
            return "texts, and numbers among them"
        if column.missing * 2 > rows:
            return "more than half missing"
        if column.name in self.look.fixed:
            return "a name of each series" if self.says_of_series else None
        if column.distinct > MOST_TEXTS or column.distinct * FEWEST_ROWS > rows:
            return f"{column.distinct} texts"
        return None

    def _counts_rows(self, name: str) -> bool:
        numbers = [int(float(cell)) for cell in self.look.cells.of(name)]
        return numbers == list(range(numbers[0], numbers[0] + len(numbers)))

    @property
    def usable(self) -> list[str]:
        """The columns that may be read."""
        return [c.name for c in self.look.columns if c.name not in self.left_out]

    @property
    def texts(self) -> list[str]:
        """Those of them that are categories."""
        held = {column.name for column in self.look.named("text")}
        return [name for name in self.usable if name in held]

    @property
    def static(self) -> list[str]:
        """Those of them that say one thing of each series; none where the answer does too."""
        own = set() if self.says_of_series else {*self.look.fixed}
        return [name for name in self.usable if name in own and name != self.target]

    @property
    def numbers(self) -> list[str]:
        """The columns of numbers that may be read. Raises DataError without any."""
        usable = [name for name in self.usable if name not in self.texts]
        if not usable:
            said = ", ".join(f"{name}: {why}" for name, why in self.left_out.items())
            raise DataError(
                f"{self.path}: no column of numbers that change ({said or 'no other column'}); "
                "expected one to learn from beside the time"
            )
        return usable

    @property
    def target(self) -> str | None:
        """The column to forecast: one of a usual name, else the first; None of other tasks."""
        if self.kind != "forecast":
            return None
        if self.aim.column is not None:
            return self.aim.column
        moving = [name for name in self.numbers if name not in self.look.fixed] or self.numbers
        folded = {name.casefold(): name for name in reversed(moving)}
        usual = [folded[name] for name in TARGET_NAMES if name in folded]
        return usual[0] if usual else moving[0]

    @property
    def past(self) -> list[str]:
        """The other columns that change along a series."""
        taken = {self.target, *self.static}
        return [name for name in self.usable if name not in taken]

    @property
    def read(self) -> dict[str, Any]:
        """The keys of data.read that are not what they are by default."""
        plain, own = vars(Dialect()), vars(self.look.dialect)
        return {key: value for key, value in own.items() if value != plain[key]}

    @cached_property
    def panel(self) -> Panel:
        """The whole table, with its gaps filled. Raises DataError for what the readers refuse."""
        data = DataRecipe.model_validate(
            {
                "path": self.path,
                "read": self.read,
                "time": list(self.look.time),
                "series": list(self.look.series),
                "target": [] if self.target is None else [self.target],
                "past": self.past,
                "static": self.static,
                "missing": "linear",
                "regularise": self.is_uneven,
            }
        )
        return read_panel(data, self.content, judged=self._judged)

    @property
    def is_uneven(self) -> bool:
        """Whether rows are to be moved to evenly spaced times, which their labels could not be."""
        return not self.look.is_even and self.kind != "label"

    @property
    def _judged(self) -> Judged:
        label = () if self.aim.label is None else (self.aim.label,)
        if self.aim.answer == "number":
            return Judged(numbers=label)
        return Judged(texts=label) if self.says_of_series else Judged(words=label)

    @property
    def lengths(self) -> np.ndarray[Any, Any]:
        """The rows of every series."""
        return np.diff(self.panel.bounds)

    @property
    def rows(self) -> int:
        """The rows of a short series: four of five are as long. Raises DataError for too few."""
        rows = int(np.percentile(self.lengths, _SHORT, method="lower"))
        if rows < _LEAST_ROWS:
            raise DataError(
                f"{self.path}: {rows} rows in a series; expected at least {_LEAST_ROWS} to learn "
                "a forecast from; bring a longer table"
            )
        return rows

    @cached_property
    def season(self) -> int | None:
        """Steps after which the target repeats itself; None where it does not."""
        calendar = self.panel.frequency.calendar_seasons
        return find_season(self._targets(), calendar, context_steps=LONGEST_SEASON).steps

    def _targets(self) -> Iterator[np.ndarray[Any, Any]]:
        """The target of some series, the longest first."""
        for place in np.argsort(-self.lengths, kind="stable")[:_MOST_SERIES].tolist():
            yield self.panel.values[slice(*self.panel.bounds[place : place + 2].tolist()), 0]

    @property
    def moves(self) -> bool:
        """Whether the level of the longest series moves: means of eighths of it vary."""
        values = next(self._targets())
        means = [part.mean() for part in np.array_split(values, 8) if len(part)]
        return bool(np.var(means) > 0.1 * np.var(values))

    @property
    def scales_differ(self) -> bool:
        """Whether one series varies several times as much as another."""
        spreads = [values.std() for values in self._targets()]
        narrow, wide = np.percentile(spreads, [10, 90])
        return bool(wide > 3 * narrow)

    @property
    def missing_share(self) -> float:
        """The share of values that are missing, absent rows among them."""
        return float(1 - self.panel.observed.mean())
