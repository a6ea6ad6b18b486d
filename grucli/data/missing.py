"""How the missing values of a table are filled, by a policy of each column."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from grucli.columns import Columns
from grucli.data.frequency import Frequency
from grucli.data.timestamps import Times
from grucli.data.values import Floats
from grucli.text import plural, quoted, some

NAMED_COLUMNS = 6
ZEROS = ("zero", "unknown")
"""Policies that take what is missing for a measured 0; unknown is that of categories."""


def policies_of(missing: str | Sequence[str], columns: Columns) -> tuple[str, ...]:
    """The policy of each column of a table, where one may stand for all."""
    return (missing,) * len(columns.read) if isinstance(missing, str) else tuple(missing)


def with_zeros(values: Floats, policies: Sequence[str]) -> Floats:
    """The values with a measured 0 for what is missing where the policy says so."""
    is_zero = np.isnan(values) & np.array([policy in ZEROS for policy in policies])
    return np.where(is_zero, 0.0, values) if is_zero.any() else values


def last_observed(observed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For every cell [N, C] the row of the newest measured value up to and with its own."""
    rows = np.where(observed, np.arange(len(observed))[:, None], 0)
    return np.maximum.accumulate(rows, axis=0)


def fill(values: Floats, observed: NDArray[np.bool_], policies: Sequence[str]) -> Floats:
    """Values without NaN; the first row is wholly observed."""
    if observed.all():
        return values
    filled = np.take_along_axis(values, last_observed(observed), axis=0)
    rows = np.arange(len(values))
    for column in (place for place, policy in enumerate(policies) if policy == "linear"):
        seen = observed[:, column]
        filled[~seen, column] = np.interp(rows[~seen], rows[seen], values[seen, column])
    return filled


def filled_words(is_filled: NDArray[np.bool_], policies: Sequence[str]) -> Iterator[str]:
    """How many values were filled by each policy."""
    for policy in dict.fromkeys(policies):
        own = [place for place, other in enumerate(policies) if other == policy]
        count = int(is_filled[:, own].sum())
        if count:
            yield f"{plural(count, 'missing value', thousands='')} filled ({policy})"


def newest_words(
    columns: Sequence[str], timestamps: Times, observed: NDArray[np.bool_], frequency: Frequency
) -> Iterator[str]:
    """Of columns that the last rows have no measurement of, when the newest was."""
    if observed[-1].all():
        return
    newest = last_observed(observed)[-1]
    for row in np.unique(newest[newest < len(observed) - 1]).tolist():
        names = [quoted(columns[column]) for column in np.flatnonzero(newest == row).tolist()]
        rows = plural(len(observed) - 1 - row, "row", thousands="")
        yield (
            f"{some(names, NAMED_COLUMNS)}: newest measured value at "
            f"{frequency.format(timestamps[row])}, {rows} before the last"
        )
