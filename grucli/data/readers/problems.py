"""What is wrong with the rows of one table, gathered so that all of it is said at once."""

from grucli.errors import DataError

PROBLEM_LIMIT = 10_000
"""Faults after which reading stops."""


class Problems:
    """Faults found so far in one table; ``unit`` is what its rows are counted by.

    ``skipped`` lines came before those that are counted here.
    """

    def __init__(self, name: str, unit: str = "line") -> None:
        self.name = name
        self.skipped = 0
        self._lead = f"{name}:" if unit == "line" else f"{name}, {unit} "
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, what: str) -> None:
        """Note a fault. Raises DataError with all of them at ``PROBLEM_LIMIT``."""
        self._found.append((line + self.skipped, what))
        if len(self._found) >= PROBLEM_LIMIT:
            self.check()

    def check(self) -> None:
        """Raise DataError with all faults, in the order of lines, if there are any."""
        if self._found:
            ordered = sorted(self._found, key=lambda found: found[0])
            raise DataError(*(f"{self._lead}{line}: {what}" for line, what in ordered))
