"""From what a recipe says of its table to a panel."""

from typing import Any

from grucli.data import (
    Frequency,
    Panel,
    build_panel,
    frequency_of,
    parse_table,
    place_in_zone,
    read_frame,
    read_table,
    regularise,
)
from grucli.errors import DataError
from grucli.recipe import DataRecipe


def read_panel(data: DataRecipe, source: Any = None, *, expected: Frequency | None = None) -> Panel:
    """The table of a recipe as a panel, or another one of the same columns, written alike.

    ``source`` is its path, the bytes of a CSV, or a frame of pandas, polars or pyarrow. Raises
    DataError.
    """
    names, dialect = data.columns.values, data.dialect
    if source is None or isinstance(source, str):
        table = read_table(source or data.path, time=data.time, columns=names, dialect=dialect)
    else:
        read = parse_table if isinstance(source, bytes) else read_frame
        table = read(source, source="the table", time=data.time, columns=names, dialect=dialect)
    said = None if data.frequency is None else frequency_of(data.frequency)
    wanted = expected or said
    if data.regularise:
        table = regularise(place_in_zone(table), wanted)
    panel = build_panel(table, data.columns, missing=data.missing, expected=wanted)
    if said is not None and expected is None and panel.frequency != said:
        raise DataError(
            f"{panel.source}: rows are {panel.frequency.words}; expected {said.words}, as "
            "data.frequency says; correct the key, resample the table or set data.regularise: true"
        )
    return panel
