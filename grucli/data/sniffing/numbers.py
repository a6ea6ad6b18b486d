"""How the numbers of a table are written, what stands for a missing one, what each column holds."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import isnan

from grucli.data.readers.cells import MISSING_WORDS, NumberFormat
from grucli.data.sniffing.cells import Cells
from grucli.dialect import Dialect

_FORMS = (
    *((".", None), (",", None), (".", ","), (",", "."), (".", " "), (",", " ")),
    *((".", "'"), (",", "'"), (".", "_")),
)
"""Decimal point and separator of thousands; where several read as many cells, the first."""
_SAMPLE = 2000
_MOST_WORDS = 6
_WORD = re.compile(r"[^0-9]{1,8}")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+")


@dataclass(frozen=True)
class Column:
    """``kind`` is number, text, constant, empty or mixed; ``example`` is a cell that says why.

    ``missing`` counts cells without a value, ``distinct`` different cells that have one.
    ``is_whole`` says whether all numbers are written as whole ones.
    """

    name: str
    kind: str
    missing: int
    distinct: int
    is_whole: bool = False
    example: str = ""


def sniff_numbers(cells: Cells, *, apart_from: Sequence[str] = ()) -> Dialect:
    """The dialect with its decimal point, separator of thousands and words for missing values.

    ``apart_from`` are columns of times.
    """
    filled = {
        name: _filled(column)
        for name, column in zip(cells.names, cells.columns, strict=True)
        if name not in apart_from
    }
    dialect = _number_form(filled, cells.dialect)
    words = dict.fromkeys(
        word for counts in filled.values() for word in _missing_words(counts, dialect)
    )
    return replace(dialect, missing_values=tuple(words))


def _filled(column: Sequence[str]) -> Counter[str]:
    counts = Counter(column)
    for word in MISSING_WORDS:
        counts.pop(word, None)
    return counts


def _number_form(columns: Mapping[str, Counter[str]], dialect: Dialect) -> Dialect:
    """The form that reads most cells of the columns that it reads mostly."""
    samples = [list(islice(counts, _SAMPLE)) for counts in columns.values()]
    best, most = dialect, 0
    for decimal, thousands in _forms(samples, dialect):
        form = replace(dialect, decimal=decimal, thousands=thousands)
        numbers = NumberFormat(form)
        reads = [sum(numbers.parse(cell) is not None for cell in sample) for sample in samples]
        read = sum(n for n, sample in zip(reads, samples, strict=True) if n * 2 >= len(sample))
        if read > most:
            best, most = form, read
    return best


def _forms(samples: Sequence[Sequence[str]], dialect: Dialect) -> Sequence[tuple[str, str | None]]:
    """The forms to try; commas are thousands first where they only ever stand before three digits.

    Tables between semicolons have decimal commas.
    """
    with_comma = [cell for sample in samples for cell in sample if "," in cell]
    grouped = [cell for cell in with_comma if _GROUPED.fullmatch(cell)]
    if dialect.delimiter != ";" and with_comma and len(grouped) == len(with_comma):
        return ((".", ","), *_FORMS)
    return _FORMS


def _missing_words(counts: Counter[str], dialect: Dialect) -> Iterator[str]:
    """Short words among numbers, where these are most of a column."""
    numbers = NumberFormat(dialect)
    words = [cell for cell in counts if numbers.parse(cell) is None]
    rest = sum(counts[word] for word in words)
    if len(words) <= _MOST_WORDS and rest * 2 < counts.total():
        yield from (word for word in words if _WORD.fullmatch(word))


def sniff_columns(cells: Cells, dialect: Dialect) -> tuple[Column, ...]:
    """What every column holds, read in a dialect."""
    numbers = NumberFormat(dialect)
    return tuple(
        _column(name, _filled(column), len(column), numbers)
        for name, column in zip(cells.names, cells.columns, strict=True)
    )


def _column(name: str, counts: Counter[str], rows: int, numbers: NumberFormat) -> Column:
    values = {cell: numbers.parse(cell) for cell in counts}
    strange = [cell for cell, value in values.items() if value is None]
    gaps = [cell for cell, value in values.items() if value is not None and isnan(value)]
    missing = rows - counts.total() + sum(counts[cell] for cell in gaps)
    measured = {v for v in values.values() if v is not None and not isnan(v)}
    if strange and len(strange) * 2 < len(counts):
        return Column(name, "mixed", missing, len(counts), example=strange[0])
    if strange:
        kind = "text" if len(counts) > 1 else "constant"
        return Column(name, kind, rows - counts.total(), len(counts), example=strange[0])
    if len(measured) < 2:
        kind = "constant" if measured else "empty"
        return Column(name, kind, missing, len(measured), example=next(iter(counts), ""))
    is_whole = all(value.is_integer() for value in measured)
    return Column(name, "number", missing, len(measured), is_whole)
