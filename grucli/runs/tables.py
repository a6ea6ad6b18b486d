"""From what a recipe says of its table to a panel."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike, fspath
from types import MappingProxyType
from typing import Any

from grucli.data import (
    Frequency,
    Judged,
    Panel,
    Table,
    Wanted,
    add_calendar,
    build_panel,
    check_logarithms,
    check_numbers,
    check_static,
    check_texts,
    expand,
    folders_left_out,
    frequency_of,
    join_panels,
    number_texts,
    number_words,
    parse_table,
    read_frame,
    read_table,
    with_words,
)
from grucli.errors import DataError
from grucli.recipe import DataRecipe, Recipe
from grucli.tasks import task_of

NOTHING = Judged()
NO_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def read_panel(
    data: DataRecipe,
    source: Any = None,
    *,
    judged: Judged = NOTHING,
    expected: Frequency | None = None,
    known: Mapping[str, tuple[str, ...]] = NO_WORDS,
    numbers: str = "real",
) -> Panel:
    """The table of a recipe as a panel, or another one of the same columns, written alike.

    ``source`` is its path, the bytes of a CSV, or a frame of pandas, polars or pyarrow; ``judged``
    are more columns, which no model reads, ``numbers`` what a target can be. Where data.categories
    is null, those of the panel say what was found; ``known`` has texts of categories in the order
    in which they are to be numbered. Raises DataError.
    """
    table = _read(data, source, judged, columns=data.columns.read)
    found = tuple(column.name for column in table.texts if column.name in data.inputs)
    if data.categories is None:
        check_texts(table, found, data.dialect)
        data = data.model_copy(update={"categories": found})
    table = number_texts(table, (*data.columns.read, *judged.numbers), known, data.dialect)
    table, words = number_words(table, judged.words, data.dialect)
    check_logarithms(table, (*data.target, *judged.numbers), data.transform)
    check_numbers(table, data.target, numbers)
    said = None if data.frequency is None else frequency_of(data.frequency)
    wanted = expected or said
    columns = data.columns
    of_table = replace(columns, calendar=())
    asked: dict[str, Any] = {"missing": data.policies, "expected": wanted}
    panel = build_panel(
        table, of_table, series=data.series, is_regularised=data.regularise, **asked
    )
    panel = replace(panel, categories=table.categories)
    if said is not None and expected is None and panel.frequency != said:
        raise DataError(
            f"{panel.source}: rows are {panel.frequency.words}; expected {said.words}, as "
            "data.frequency says; correct the key, resample the table or set data.regularise: true"
        )
    check_static(panel)
    return add_calendar(replace(panel, words=words), columns, data.calendar)


def _read(data: DataRecipe, source: Any, judged: Judged, *, columns: Sequence[str]) -> Table:
    categories = [name for name in columns if name in (data.categories or ())]
    numbers = [name for name in columns if name not in categories]
    wanted = Wanted(
        data.time,
        columns=(*numbers, *judged.numbers),
        texts=(*data.series, *judged.texts, *judged.words, *categories),
        sparse=(*judged.words, *categories),
        undecided=data.inputs if data.categories is None else (),
        dialect=data.dialect,
    )
    if source is None or isinstance(source, str | PathLike):
        return read_table(data.path if source is None else str(fspath(source)), wanted)
    read = parse_table if isinstance(source, bytes) else read_frame
    return read(source, wanted, source="the table")


def read_future(data: DataRecipe, source: Any, known: Mapping[str, tuple[str, ...]]) -> Table:
    """The columns that are known in advance, of a path, the bytes of a CSV, or a frame.

    Categories are numbered as in ``known``, other texts behind these.
    """
    table = _read(data, source, NOTHING, columns=data.future)
    return number_texts(table, data.future, known, data.dialect)


def table_files(data: DataRecipe) -> list[str]:
    """The files that a recipe's table is in; none where a pattern fits no file."""
    try:
        return expand(data.path)
    except DataError:
        return []


def folder_notes(path: str | Sequence[str]) -> tuple[str, ...]:
    """What is to be said of folders in which no files of a pattern could be looked for."""
    return folders_left_out(path)


def read_judged(
    recipe: Recipe,
    *,
    expected: Frequency | None = None,
    known: Mapping[str, tuple[str, ...]] = NO_WORDS,
) -> Panel:
    """All tables of a recipe, with what a model is judged by: the test part may be another file."""
    data, judged = recipe.data, task_of(recipe).judged_columns(recipe, "test")
    numbers = recipe.forecast.numbers if recipe.task.kind == "forecast" else "real"
    panel = read_panel(data, judged=judged, expected=expected, known=known, numbers=numbers)
    if not (recipe.deals_series and isinstance(data.split.test, str)):
        return panel
    data = data.model_copy(update={"categories": panel.columns.categories})
    asked: dict[str, Any] = {"expected": panel.frequency, "known": panel.categories}
    apart = read_panel(data, data.split.test, judged=judged, **asked)
    apart = with_words(apart, panel.words)
    notes = tuple(f"test: {note}" for note in apart.notes)
    joined = join_panels([with_words(panel, apart.words), apart])
    return replace(
        joined,
        notes=(*panel.notes, *notes),
        files=(panel.series, apart.series),
        categories=apart.categories,
    )
