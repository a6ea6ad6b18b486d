"""What is read of a table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from grucli.dialect import Dialect

PLAIN = Dialect()


@dataclass(frozen=True)
class Wanted:
    """The columns that are read, each by its name, and how the table is written.

    ``time`` is the name of the time column, or of several that a time is built from; ``columns``
    are those to read as numbers, None all but the time and ``texts``, which are read as texts, the
    ``sparse`` of them with empty cells too; others are not looked at. Those of ``columns`` that are
    ``undecided`` are read like the sparse where the first of the files has texts in them.
    """

    time: str | Sequence[str]
    columns: Sequence[str] | None = None
    texts: Sequence[str] = ()
    sparse: Sequence[str] = ()
    undecided: Sequence[str] = ()
    dialect: Dialect = PLAIN

    @property
    def times(self) -> tuple[str, ...]:
        """The columns that a time is built from."""
        return (self.time,) if isinstance(self.time, str) else tuple(self.time)

    def decided(self, texts: Sequence[str]) -> "Wanted":
        """The same where these of the undecided columns are texts, and the others numbers."""
        return replace(
            self,
            columns=self.columns and [name for name in self.columns if name not in texts],
            texts=(*self.texts, *texts),
            sparse=(*self.sparse, *texts),
            undecided=(),
        )
