"""Sequences of unequal length without what stands behind their ends, as torch packs them.

Suffixes: T time, B batch, C columns.
"""

from typing import NamedTuple

import numpy as np

from grucli.tensors.lean.functions import argsort
from grucli.tensors.lean.tensor import Tensor


class PackedSequence(NamedTuple):
    """``data``: all first steps, then all second ones, the longest sequence first; and how many."""

    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None = None
    unsorted_indices: Tensor | None = None


def pack_padded_sequence(
    values: Tensor, lengths_B: Tensor, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """The steps of sequences that are no longer than their lengths; sorted unless they are."""
    values_TBC = values.transpose(0, 1) if batch_first else values
    order = back = None
    if not enforce_sorted:
        order = argsort(lengths_B, descending=True)
        back = argsort(order)
        values_TBC, lengths_B = values_TBC.index_select(1, order), lengths_B[order]
    live_TB = np.arange(values_TBC.shape[0])[:, None] < lengths_B.array
    live_TB = live_TB[: int(lengths_B.max())]
    data = Tensor(values_TBC.array[: len(live_TB)][live_TB])
    return PackedSequence(data, Tensor(live_TB.sum(axis=1)), order, back)


def pad_packed_sequence(
    packed: PackedSequence, batch_first: bool = False, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """The sequences with zeros behind their ends, and their lengths, in their first order."""
    sizes_T, data = packed.batch_sizes.array, packed.data.array
    steps = len(sizes_T) if total_length is None else total_length
    live_TB = np.arange(sizes_T[0]) < sizes_T[:, None]
    whole_TBC = np.zeros((steps, int(sizes_T[0]), *data.shape[1:]), data.dtype)
    whole_TBC[: len(live_TB)][live_TB] = data
    values, lengths_B = Tensor(whole_TBC), Tensor(live_TB.sum(axis=0))
    if packed.unsorted_indices is not None:
        values = values.index_select(1, packed.unsorted_indices)
        lengths_B = lengths_B[packed.unsorted_indices]
    return values.transpose(0, 1) if batch_first else values, lengths_B
