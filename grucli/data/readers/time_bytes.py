"""A column of times parsed from the bytes of a table at once, where all have one plain form."""

import numpy as np

from grucli.data.timestamps import Bytes, Numbers, TimeStyle, parse_dates

_MINUS, _ZERO = b"-0"


def parse_times(data: Bytes, starts: Numbers, ends: Numbers, *, style: TimeStyle) -> Numbers | None:
    """The cells data[starts:ends] as times of one form; None if any is not."""
    lengths = ends - starts
    if style.integer:
        return _parse_integers(data, ends, lengths)
    template = style.template
    if template is None or (lengths != len(template.roles)).any():
        return None
    cells = np.lib.stride_tricks.sliding_window_view(data, len(template.roles))[starts]
    times, valid = parse_dates(cells, template)
    return times if valid.all() else None


def _parse_integers(data: Bytes, ends: Numbers, lengths: Numbers) -> Numbers | None:
    """Whole numbers of up to 18 digits, no leading zeros, that end before ``ends``; or None."""
    size = int(lengths.max())
    if size > 19 or lengths.min() < 1:
        return None
    padded = np.concatenate((np.full(size, _ZERO, np.uint8), data))
    cells = np.lib.stride_tricks.sliding_window_view(padded, size)[ends]
    first = data[ends - lengths]
    negative = first == _MINUS
    count = lengths - negative
    lead = data[np.minimum(ends - count, len(data) - 1)]
    if (count < 1).any() or (count > 18).any() or ((lead == _ZERO) & (lengths > 1)).any():
        return None
    total = np.zeros(len(ends), np.int64)
    for place in range(size):
        digit = cells[:, place] - np.uint8(_ZERO)
        inside = place >= size - count
        if (inside & (digit > 9)).any():
            return None
        total = total * 10 + np.where(inside, digit, 0)
    return np.where(negative, -total, total)
