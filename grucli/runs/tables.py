"""From what a recipe says of its table to a panel."""

from typing import Any

from grucli.data import Frequency, Panel, build_panel, parse_table, read_table
from grucli.recipe import DataRecipe


def read_panel(
    data: DataRecipe, source: str | bytes | None = None, *, expected: Frequency | None = None
) -> Panel:
    """The table of a recipe as a panel, or another one of the same columns.

    ``source`` is its path, or the bytes of a CSV. Raises DataError.
    """
    wanted: dict[str, Any] = {
        "time": data.time,
        "columns": data.columns.values,
        "texts": data.series,
    }
    if isinstance(source, bytes):
        table = parse_table(source, source="the table", **wanted)
    else:
        table = read_table(source or data.path, **wanted)
    return build_panel(
        table, data.columns, series=data.series, missing=data.missing, expected=expected
    )
