"""From what a recipe says of its table to a panel."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from grucli.data import Frequency, Panel, build_panel, join_panels, parse_table, read_table
from grucli.recipe import DataRecipe, Recipe
from grucli.tasks import task_of


def read_panel(
    data: DataRecipe,
    source: str | bytes | None = None,
    *,
    texts: Sequence[str] = (),
    expected: Frequency | None = None,
) -> Panel:
    """The table of a recipe as a panel, or another one of the same columns.

    ``source`` is its path, or the bytes of a CSV; ``texts`` are more columns of texts. Raises
    DataError.
    """
    wanted: dict[str, Any] = {
        "time": data.time,
        "columns": data.columns.values,
        "texts": (*data.series, *texts),
    }
    if isinstance(source, bytes):
        table = parse_table(source, source="the table", **wanted)
    else:
        table = read_table(source or data.path, **wanted)
    return build_panel(
        table, data.columns, series=data.series, missing=data.missing, expected=expected
    )


def read_judged(recipe: Recipe, *, expected: Frequency | None = None) -> Panel:
    """All tables of a recipe, with what a model is judged by: the test part may be another file."""
    data, texts = recipe.data, task_of(recipe).judged_texts(recipe, "test")
    panel = read_panel(data, texts=texts, expected=expected)
    if recipe.task.kind == "forecast" or not isinstance(data.split.test, str):
        return panel
    apart = read_panel(data, data.split.test, texts=texts, expected=panel.frequency)
    notes = tuple(f"test: {note}" for note in apart.notes)
    joined = join_panels([panel, apart])
    return replace(joined, notes=(*panel.notes, *notes), files=(panel.series, apart.series))
