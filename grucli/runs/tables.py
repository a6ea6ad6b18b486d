"""From what a recipe says of its table to a panel."""

from grucli.data import Frequency, Panel, build_panel, parse_table, read_table
from grucli.recipe import DataRecipe


def read_panel(
    data: DataRecipe, source: str | bytes | None = None, *, expected: Frequency | None = None
) -> Panel:
    """The table of a recipe as a panel, or another one of the same columns, written alike.

    ``source`` is its path, or the bytes of a CSV. Raises DataError.
    """
    names, dialect = data.columns.values, data.dialect
    if isinstance(source, bytes):
        table = parse_table(
            source, source="the table", time=data.time, columns=names, dialect=dialect
        )
    else:
        table = read_table(source or data.path, time=data.time, columns=names, dialect=dialect)
    return build_panel(table, data.columns, missing=data.missing, expected=expected)
