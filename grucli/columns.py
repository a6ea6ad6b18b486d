"""Who stands where in a row of numbers: the one place that knows the order of columns."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

MOST_NUMBERS = 50
"""The longest vector of a category."""


def vector_size(texts: int) -> int:
    """How many numbers stand for a category of so many texts, beside the class of unknown ones.

    Half as many as there are classes, rounded up.
    """
    return min(MOST_NUMBERS, (texts + 2) // 2)


@dataclass(frozen=True)
class Columns:
    """The columns that a model reads, by what they are to it; a row holds them in this order.

    ``targets`` are to be learned, ``past`` is known up to the newest row, ``future`` beyond it,
    ``calendar`` too, as it is worked out from the times; ``static`` is constant within a series.
    One more number follows for each column of ``flagged``: 1 where it was measured, 0 where it was
    filled. ``categories`` are those of past, future and static whose values number texts.
    """

    targets: tuple[str, ...]
    past: tuple[str, ...] = ()
    future: tuple[str, ...] = ()
    calendar: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    flagged: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def read(self) -> tuple[str, ...]:
        """The columns that stand in a table."""
        return (*self.targets, *self.past, *self.future, *self.static)

    @property
    def values(self) -> tuple[str, ...]:
        """All columns without flags."""
        return (*self.targets, *self.past, *self.ahead, *self.static)

    @property
    def ahead(self) -> tuple[str, ...]:
        """The columns that are known of the steps ahead."""
        return (*self.future, *self.calendar)

    @property
    def common(self) -> tuple[str, ...]:
        """The columns whose values mean the same in all series, whatever these are scaled by."""
        return (*self.calendar, *self.static, *self.categories)

    @property
    def flag_names(self) -> tuple[str, ...]:
        """The flags in words."""
        return tuple(f"{name} measured" for name in self.flagged)

    @property
    def names(self) -> tuple[str, ...]:
        """Every number of a row by name: values, then flags."""
        return (*self.values, *self.flag_names)

    @property
    def target_places(self) -> slice:
        """Where the targets stand in a row."""
        return slice(0, len(self.targets))

    @property
    def other_places(self) -> slice:
        """Where everything else stands in a row, flags too."""
        return slice(len(self.targets), len(self.names))

    @property
    def ahead_places(self) -> slice:
        """Where the columns stand that are known of the steps ahead."""
        first = len(self.targets) + len(self.past)
        return slice(first, first + len(self.ahead))

    @property
    def calendar_places(self) -> slice:
        """Where the calendar stands in a row."""
        stop = self.ahead_places.stop
        return slice(stop - len(self.calendar), stop)

    @property
    def static_places(self) -> slice:
        """Where the static columns stand in a row."""
        return slice(self.ahead_places.stop, len(self.values))

    @property
    def flag_places(self) -> slice:
        """Where the flags stand in a row."""
        return slice(len(self.values), len(self.names))

    def without(self, names: Collection[str]) -> "Columns":
        """The same without some of the calendar."""
        return replace(self, calendar=tuple(name for name in self.calendar if name not in names))

    def inputs(self, texts: Mapping[str, int]) -> tuple[tuple[str, int | None], ...]:
        """Every number that a stack is given, by its column, and of a category its place there.

        In the order in which ``grucli.nn`` puts them: the numbers of a row with the vector of each
        category in its place, those of the past behind the static columns. ``texts`` says how many
        there are of each category.
        """
        behind = [name for name in self.past if name in self.categories]
        front = [name for name in self.values if name not in behind]
        return tuple(
            (name, part)
            for name in (*front, *behind, *self.flag_names)
            for part in (range(vector_size(texts[name])) if name in self.categories else (None,))
        )

    def input_names(self, texts: Mapping[str, int]) -> tuple[str, ...]:
        """The same in words, such as ``wind[0]``."""
        return tuple(
            name if part is None else f"{name}[{part}]" for name, part in self.inputs(texts)
        )

    def place(self, name: str) -> int:
        """Where the value of a column stands in a row. Raises ValueError for an unknown name."""
        return self.values.index(name)
