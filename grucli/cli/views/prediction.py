"""What was predicted as a CSV that reads back to the same numbers."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TextIO

from grucli.cli.kit.console import tell_notes, write_output
from grucli.results import Prediction
from grucli.text import neutral

Column = Sequence[str] | Sequence[float] | Sequence[float | None]


def write_prediction(prediction: Prediction, output: str, *, json: bool, where: str = "") -> None:
    """Tell what was left out, and ``where`` if there are many, then write rows or one document.

    Raises GrucliError where ``output``, a file or ``-``, cannot be written.
    """

    def rows() -> bytes:
        buffer = io.StringIO()
        write_prediction_csv(prediction, buffer)
        return buffer.getvalue().encode()

    tell_notes(where + note for note in prediction.notes)
    write_output(prediction, rows, output, json=json)


def write_prediction_csv(prediction: Prediction, stream: TextIO) -> None:
    """Write the columns of a prediction in their order, a row for each step or series.

    Quoted as RFC 4180 asks, lines end with a line feed, numbers have the digits that they
    have in the forecast. Texts that a spreadsheet would run as a formula get a leading quote;
    numbers are left as they are.
    """
    table = prediction.table
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(map(neutral, table))
    writer.writerows(zip(*map(_cells, table.values()), strict=True))


def _cells(column: Column) -> Iterable[str] | Iterable[float | None]:
    """A column as it is written; its texts are looked at once each."""
    if not (column and isinstance(column[0], str)):
        return column
    words = {text: neutral(text) for text in map(str, set(column))}
    return map(words.__getitem__, map(str, column))
