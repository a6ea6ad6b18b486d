"""Texts of a column as numbers, counted in the order in which they first appear."""

import numpy as np
from numpy.typing import NDArray

from grucli.data.values import TextColumn

NO_TEXT = "no text; expected one in every row; fill it in or remove the row"


class Vocabulary:
    """Every text of one column so far; of a ``sparse`` one cells may be empty."""

    def __init__(self, name: str, *, sparse: bool = False) -> None:
        self.name, self.sparse = name, sparse
        self._codes: dict[str, int] = {}

    def code(self, word: str) -> int:
        """The number of a text, a new one where it was not seen before."""
        return self._codes.setdefault(word, len(self._codes))

    def column(self, codes: NDArray[np.int32]) -> TextColumn:
        """A column of what was read."""
        return TextColumn(self.name, codes, tuple(self._codes))
