"""Columns of a table: what each shows, how early it gives way, and what matrices are called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from rich.cells import cell_len
from rich.text import Text

from grucli.cells import CELLS
from grucli.cells.address import MatrixAddress
from grucli.cells.naming import shown_name
from grucli.cli.kit.numbers import NONE
from grucli.results import Finding
from grucli.text import clean

NOT_AVAILABLE = "n/a"
NOTHING = ("", NONE, NOT_AVAILABLE)
"""Cells that have nothing to show."""


@dataclass(frozen=True)
class Column:
    """``cells`` are the texts of all rows; columns of low ``rank`` are kept first.

    Numbers stand on the right, texts on the left; ``styles`` has one for each row.
    """

    heading: str
    cells: tuple[str, ...]
    rank: int = 0
    numeric: bool = True
    styles: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Characters of the widest cell, heading included."""
        return max(cell_len(self.heading), *(cell_len(cell) for cell in self.cells))

    def styled(self, styles: Sequence[str]) -> "Column":
        """The column with other styles."""
        return replace(self, styles=tuple(styles))

    def taken(self, rows: Sequence[int]) -> "Column":
        """The column with these of its rows alone."""
        return replace(self, cells=tuple(self.cells[row] for row in rows))

    def drawn(self, text: str, style: str) -> Text:
        """A cell, or the heading, as wide as the column."""
        text = text.rstrip() if self.numeric else text
        blanks = " " * (self.width - cell_len(text))
        return Text(blanks + text if self.numeric else text + blanks, style)

    @property
    def is_empty(self) -> bool:
        """Whether no row has anything to show."""
        return all(cell.strip() in NOTHING for cell in self.cells)


def fitting(columns: Sequence[Column], width: int, *, gap: int) -> list[Column]:
    """The columns that fit side by side with ``gap`` blanks between them, in their own order."""
    kept: set[str] = set()
    room = width + gap
    for column in sorted(columns, key=lambda column: column.rank):
        if not column.is_empty and column.width + gap <= room:
            kept.add(column.heading)
            room -= column.width + gap
    return [column for column in columns if column.heading in kept]


class Named(Protocol):
    """One gate's matrix, bias or gain, in whatever report."""

    @property
    def address(self) -> MatrixAddress:
        """The matrix in its cell, without the stack."""


def name_of(item: Named, naming: str, hidden: int, *, many: bool = False) -> str:
    """What a matrix with ``hidden`` rows is called, with its place among ``many``."""
    stack = clean(getattr(item, "module", ""))
    if many and naming == "symbols":
        return stack + item.address.long
    name = shown_name(naming, item.address, hidden)
    if naming == "torch":
        return stack + name
    return f"{stack}{item.address.place.name} {name}" if many else name


def name_columns(
    items: Sequence[Named], naming: str, hidden: Sequence[int], *, many: bool = False
) -> list[Column]:
    """Names and, where these do not say it in words, gates."""
    pairs = zip(items, hidden, strict=True)
    names = tuple(name_of(item, naming, rows, many=many) for item, rows in pairs)
    columns = [Column("name", names, 0, numeric=False)]
    if naming != "words" and not (many and naming == "symbols"):
        columns.append(Column("gate", tuple(item.address.gate for item in items), 0, numeric=False))
    return columns


def renamed(finding: Finding, naming: str, hidden: int) -> str:
    """A finding that begins with a matrix's symbol, begun with its chosen name."""
    matrix = finding.address
    if matrix is None or not finding.text.startswith(f"{matrix.symbol} "):
        return finding.text
    return shown_name(naming, matrix, hidden) + finding.text.removeprefix(matrix.symbol)


def naming_words(naming: str, cells: Sequence[str]) -> list[str]:
    """What the names that were chosen mean, for a legend."""
    specs = [spec for name, spec in CELLS.items() if name in cells]
    sides = dict.fromkeys(side for spec in specs for side in spec.sides)
    if naming == "torch":
        orders = " and ".join(", ".join(spec.letters) for spec in specs)
        reads = _reads({side.weight: side.reads for side in sides})
        return [f"{reads}; a slice has the rows of one gate, in torch's order {orders}."]
    if naming == "keras":
        forms = [spec.keras for spec in specs if spec.keras]
        if not forms:
            return ["Keras has no such cell: its matrices keep their symbols."]
        orders = " and ".join(", ".join(form.letters.values()) for form in forms)
        words = (
            "kernel reads the input, recurrent_kernel the state before; a slice has the columns of "
            f"one gate, in Keras's order {orders}; .T turns them into the rows shown here."
        )
        return [" ".join([words, *(form.note for form in forms if form.note)])]
    if naming == "words":
        return []
    reads = _reads({f"W_{side.letter}": side.reads for side in sides})
    return [f"{reads}; b bias, g gain of the normalisation."]


def _reads(sources: Mapping[str, str]) -> str:
    """What each matrix reads: ``W_x reads the input, W_h the state before``."""
    return ", ".join(f"{name} {source}" for name, source in sources.items()).replace(
        " ", " reads ", 1
    )
