"""Who stands where in a row of numbers: the one place that knows the order of columns."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Columns:
    """The columns that a model reads, by what they are to it; a row holds them in this order.

    ``targets`` are to be learned, ``past`` is known up to the newest row, ``future`` beyond it,
    ``static`` is constant within a series. ``categories`` names those among them that hold the
    number of a class instead of an amount. With ``flags`` one more number follows for each of
    them: 1 where it was measured, 0 where it was filled.
    """

    targets: tuple[str, ...]
    past: tuple[str, ...] = ()
    future: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    flags: bool = False

    @property
    def values(self) -> tuple[str, ...]:
        """The columns as a table has them, without flags."""
        return (*self.targets, *self.past, *self.future, *self.static)

    @property
    def flag_names(self) -> tuple[str, ...]:
        """The flags in words, as many as there are values or none."""
        return tuple(f"{name} measured" for name in self.values) if self.flags else ()

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
    def flag_places(self) -> slice:
        """Where the flags stand in a row."""
        return slice(len(self.values), len(self.names))

    def place(self, name: str) -> int:
        """Where the value of a column stands in a row. Raises ValueError for an unknown name."""
        return self.values.index(name)
