"""What a model reads of a table as one sequence, and what its stack does meanwhile."""

from dataclasses import replace

from grucli.columns import Columns
from grucli.errors import DataError, UsageError
from grucli.nn.recording import LayerRecord, recording
from grucli.runs.opened import Opened, OpenedTable, with_panel
from grucli.tasks.forecast.newest import check_newest
from grucli.tasks.forecast.samples import latest_contexts, long_enough
from grucli.tensors import Tensor, torch


def samples_of(opened: Opened) -> tuple[str, ...]:
    """The sequences that go through the stack: all columns together, or each for itself."""
    return opened.recipe.data.target if opened.model.is_independent else ("",)


def one_series(opened: OpenedTable) -> OpenedTable:
    """The first series of a table with a whole context; a table of one series as it is."""
    if opened.panel.series == 1:
        return opened
    is_forecast = opened.task.kind == "forecast"
    least = opened.recipe.forecast.context if is_forecast else 1
    place = int(long_enough(opened.panel, least)[0])
    return with_panel(opened, opened.panel.only(place))


def columns_read(opened: OpenedTable, sample: int) -> Columns:
    """What stands in a row of one of ``samples_of``, as the network reads it."""
    columns = opened.panel.columns.without(opened.recipe.model.harmonics.unread)
    if not opened.model.is_independent:
        return columns
    others = {*columns.targets} - {columns.targets[sample]}
    flagged = tuple(name for name in columns.flagged if name not in others)
    return replace(columns, targets=columns.targets[sample : sample + 1], flagged=flagged)


def normalise_of(opened: Opened) -> str:
    """How what is read is normalised on its own; none where the task knows no such thing."""
    return opened.recipe.forecast.normalise if opened.task.kind == "forecast" else "none"


def loss_of(opened: Opened) -> str:
    """The name of the loss that the model was trained with."""
    recipe = opened.recipe
    if opened.task.kind == "forecast":
        return recipe.forecast.loss_name(recipe.train.loss)
    return recipe.train.loss if "answer" in opened.learned.facts else "cross-entropy"


def table_words(opened: OpenedTable) -> str:
    """The table by name, and which of its series was read."""
    series = opened.panel.ids[0]
    return f"{opened.panel.source}, series {series}" if series else opened.panel.source


def steps_read(opened: OpenedTable) -> int:
    """Rows that the model reads as one sequence: a context, a whole series, or a piece of it."""
    recipe, rows = opened.recipe, len(opened.panel.values)
    if opened.task.kind == "forecast":
        return recipe.forecast.context
    if opened.task.kind == "label" and recipe.label.steps is not None:
        return min(recipe.label.steps + recipe.label.overlap, rows)
    return rows


def newest_contexts(opened: OpenedTable, stop: int, rows: int) -> Tensor:
    """The ``rows`` before row ``stop`` as the model is given them: scaled, [1, rows, C]."""
    return latest_contexts(
        opened.panel.until(stop),
        opened.data.newest_scaler,
        context_steps=rows,
        device=torch.device("cpu"),
    )


def record_rows(opened: OpenedTable, first: int, stop: int) -> tuple[LayerRecord, ...]:
    """What the stack does over the rows from ``first`` to before ``stop``, in float32.

    Raises DataError where a forecast's column has no measured value in the context before ``stop``.
    """
    if opened.task.kind == "forecast":
        check_newest(opened.panel.until(stop), opened.recipe.forecast.context)
    context = newest_contexts(opened, stop, stop - first)
    opened.model.eval()
    with torch.no_grad(), recording(opened.model.recurrent) as calls:
        if opened.task.kind == "forecast":
            opened.model(context, _unknown_future(opened, context))
        else:
            opened.model.recurrent(opened.model.normalised(context))
    return calls[0].layers


def _unknown_future(opened: OpenedTable, context: Tensor) -> Tensor | None:
    """Zeros in place of the columns of the steps ahead: a context is read before they are.

    Raises UsageError for a decoder whose stack reads a context beside them.
    """
    names = opened.panel.columns.ahead
    if not names:
        return None
    read = columns_read(opened, 0).ahead
    if read and opened.recipe.model.decoder == "recursive":
        raise UsageError(
            f"{opened.path}: each row is read beside the next one's {', '.join(read)} (decoder "
            "recursive), which cannot be shown; train with another decoder"
        )
    return context.new_zeros(len(context), opened.recipe.forecast.horizon, len(names))


def check_rows(opened: OpenedTable, rows: int) -> None:
    """Raise DataError for a table with fewer rows than are read."""
    found = len(opened.panel.values)
    if found < rows:
        raise DataError(
            f"{opened.panel.source}: {found} rows; expected at least the {rows} that are read as "
            "one sequence; bring a longer table"
        )
