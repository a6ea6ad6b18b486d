"""From what a recipe says of its table to a panel."""

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike, fspath
from typing import Any

from grucli.data import (
    Frequency,
    Judged,
    Panel,
    Table,
    add_calendar,
    build_panel,
    check_logarithms,
    check_static,
    expand,
    frequency_of,
    join_panels,
    number_words,
    parse_table,
    place_in_zone,
    read_frame,
    read_table,
    regularise,
    with_words,
)
from grucli.errors import DataError
from grucli.recipe import DataRecipe, Recipe
from grucli.tasks import task_of

NOTHING = Judged()


def read_panel(
    data: DataRecipe,
    source: Any = None,
    *,
    judged: Judged = NOTHING,
    expected: Frequency | None = None,
) -> Panel:
    """The table of a recipe as a panel, or another one of the same columns, written alike.

    ``source`` is its path, the bytes of a CSV, or a frame of pandas, polars or pyarrow; ``judged``
    are more columns, which no model reads. Raises DataError.
    """
    table = _read(data, source, judged, columns=data.columns.read)
    table, words = number_words(table, judged.words, data.dialect)
    check_logarithms(table, (*data.target, *judged.numbers), data.transform)
    said = None if data.frequency is None else frequency_of(data.frequency)
    wanted = expected or said
    if data.regularise:
        table = regularise(place_in_zone(table), wanted)
    columns = data.columns
    of_table = replace(columns, calendar=())
    panel = build_panel(table, of_table, series=data.series, missing=data.policies, expected=wanted)
    if said is not None and expected is None and panel.frequency != said:
        raise DataError(
            f"{panel.source}: rows are {panel.frequency.words}; expected {said.words}, as "
            "data.frequency says; correct the key, resample the table or set data.regularise: true"
        )
    check_static(panel)
    return add_calendar(replace(panel, words=words), columns, data.calendar)


def _read(data: DataRecipe, source: Any, judged: Judged, *, columns: Sequence[str]) -> Table:
    wanted: dict[str, Any] = {
        "time": data.time,
        "columns": (*columns, *judged.numbers),
        "texts": (*data.series, *judged.texts, *judged.words),
        "sparse": judged.words,
        "dialect": data.dialect,
    }
    if source is None or isinstance(source, str | PathLike):
        return read_table(data.path if source is None else str(fspath(source)), **wanted)
    read = parse_table if isinstance(source, bytes) else read_frame
    return read(source, source="the table", **wanted)


def read_future(data: DataRecipe, source: Any) -> Table:
    """The columns that are known in advance, of a path, the bytes of a CSV, or a frame."""
    return _read(data, source, NOTHING, columns=data.future)


def table_files(data: DataRecipe) -> list[str]:
    """The files that a recipe's table is in; none where a pattern fits no file."""
    try:
        return expand(data.path)
    except DataError:
        return []


def read_judged(recipe: Recipe, *, expected: Frequency | None = None) -> Panel:
    """All tables of a recipe, with what a model is judged by: the test part may be another file."""
    data, judged = recipe.data, task_of(recipe).judged_columns(recipe, "test")
    panel = read_panel(data, judged=judged, expected=expected)
    if not (recipe.deals_series and isinstance(data.split.test, str)):
        return panel
    apart = read_panel(data, data.split.test, judged=judged, expected=panel.frequency)
    apart = with_words(apart, panel.words)
    notes = tuple(f"test: {note}" for note in apart.notes)
    joined = join_panels([with_words(panel, apart.words), apart])
    return replace(joined, notes=(*panel.notes, *notes), files=(panel.series, apart.series))
