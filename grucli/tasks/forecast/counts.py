"""Counts: what a negative binomial distribution can be of."""

import numpy as np

from grucli.data import Panel
from grucli.errors import DataError
from grucli.text import quoted


def check_counts(panel: Panel) -> None:
    """Raise DataError naming the first measured target that is no whole number of 0 or more."""
    for column in panel.columns.targets:
        place = panel.columns.place(column)
        values = panel.values[:, place]
        wrong = panel.observed[:, place] & ((values < 0) | (values != np.floor(values)))
        if not wrong.any():
            continue
        row = int(wrong.argmax())
        series = panel.ids[int(panel.series_of(np.array(row)))]
        own = f"series {quoted(series)} has " if series else ""
        time = panel.frequency.format(panel.timestamps[row])
        raise DataError(
            f"{panel.source}: column {quoted(column)}: {own}{values[row]:g} at {time}; expected "
            "whole numbers of 0 or more, as task.output negative_binomial counts; correct it, or "
            "choose another output"
        )
