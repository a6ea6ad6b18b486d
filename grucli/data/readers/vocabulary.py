"""Texts of a column as numbers, counted in the order in which they first appear."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from grucli.data.readers.cells import BLANKS, NumberFormat
from grucli.data.readers.wanted import Wanted
from grucli.data.values import TextColumn
from grucli.dialect import Dialect

_WHOLE = re.compile(r"([+-]?[0-9]+)\.0*")
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


def vocabularies_of(wanted: Wanted) -> list[Vocabulary]:
    """A new one for each column of texts."""
    return [Vocabulary(name, sparse=name in wanted.sparse) for name in wanted.texts]


class Classes:
    """The class of each text of a category: its place in a vocabulary, whose first text is empty.

    ``unseen`` counts the cells with a text that is not there, which have class 0 as empty ones do.
    """

    def __init__(self, vocabulary: Sequence[str], dialect: Dialect) -> None:
        self._class_of = {word: float(place) for place, word in enumerate(vocabulary)}
        self._numbers = NumberFormat(dialect)
        self.unseen = 0

    def class_of(self, cell: str) -> float:
        """That of a cell."""
        if self._numbers.is_missing(cell):
            return 0.0
        found = self._class_of.get(name_in(cell))
        self.unseen += found is None
        return found or 0.0


def name_in(cell: str) -> str:
    """The text of a cell as a name.

    Of a whole number without its point: a frame with gaps has 3.0 where a file has 3.
    """
    text = cell.strip(BLANKS)
    whole = _WHOLE.fullmatch(text)
    return text if whole is None else whole[1]
