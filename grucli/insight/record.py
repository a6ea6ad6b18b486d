"""A light record of the recurrent weights during training: at epochs and at log-spaced steps.

Reads weights and gradients only: what is learned is the same with and without it, and no random
number is drawn from a generator that training uses. Suffixes as in ``gate_updates``.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from grucli.cells import CELLS
from grucli.cells.address import MatrixAddress, Place
from grucli.insight import spectra
from grucli.insight.gate_updates import (
    GateGroup,
    GroupUpdates,
    gate_groups,
    norms,
    recurrent_parameters,
)
from grucli.insight.snapshots import take_snapshot
from grucli.nn import RecurrentModel
from grucli.results import MatrixRecord, MemoryRecord, Snapshot, WeightRecord

FEWEST_STEPS = 64
"""Epochs shorter than this are recorded together, one in so many that it makes these steps."""

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


class WeightRecorder:
    """Compares the weights with those it was made with and with those of the last record.

    ``state_dict`` belongs to the saved state of training: with it a resumed run goes on to write
    the same records, bit for bit.
    """

    def __init__(self, model: RecurrentModel, cell: str) -> None:
        self.model, self.cell = model, cell
        self.groups = gate_groups(model, cell)
        self.start = [group.weights() for group in self.groups]
        self.last = [weights.clone() for weights in self.start]
        self.right = [spectra.cold_basis(weights) for weights in self.start]
        self.leading = [spectra.cold_basis(weights) for weights in self.start]

    def wants(self, step: int, *, ended_epoch: int | None, steps_per_epoch: int) -> bool:
        """Whether optimiser step ``step``, counted from 1, is to be recorded.

        ``ended_epoch`` is the epoch whose last step it is, None within an epoch.
        """
        return _is_power_of_two(step) or (
            ended_epoch is not None and ends_record(ended_epoch, steps_per_epoch)
        )

    def begin(self) -> WeightRecord:
        """Record the initialisation, with which all later weights are compared."""
        matrices, memories = self._measure(None, rounds=spectra.COLD_ROUNDS)
        return WeightRecord(0, 0, None, None, None, matrices, memories)

    def record(
        self,
        updates: Sequence[GroupUpdates],
        *,
        step: int,
        epoch: int,
        loss: float,
        lr: float,
        clipped: float,
    ) -> WeightRecord:
        """Record the step just made."""
        matrices, memories = self._measure(updates, rounds=spectra.WARM_ROUNDS)
        return WeightRecord(step, epoch, loss, lr, clipped, matrices, memories)

    def end(self, *, step: int, epoch: int) -> WeightRecord:
        """Record the weights that training ended with, where its last step was not recorded."""
        matrices, memories = self._measure(None, rounds=spectra.WARM_ROUNDS)
        return WeightRecord(step, epoch, None, None, None, matrices, memories, is_end=True)

    def snapshots(self, *, step: int, epoch: int) -> tuple[Snapshot, ...]:
        """The matrices themselves, at initialisation and where steps are log-spaced."""
        if not _is_power_of_two(step):
            return ()
        weights = recurrent_parameters(self.model)
        return (take_snapshot(weights, cell=self.cell, step=step, epoch=epoch),)

    def _measure(
        self, updates: Sequence[GroupUpdates] | None, *, rounds: int
    ) -> tuple[tuple[MatrixRecord, ...], tuple[MemoryRecord, ...]]:
        """Measure the weights as they are, and keep them for the next record."""
        found: list[tuple[MatrixAddress, MatrixRecord]] = []
        memories: tuple[MemoryRecord, ...] = ()
        for index, group in enumerate(self.groups):
            now = group.weights()
            columns = self._compare(index, now)
            if updates is not None:
                columns |= updates[index]
            spread: list[tuple[float, ...]] = [()] * len(group.matrices)
            if now.dim() == 3:
                columns |= self._spectrum(index, now, columns["frobenius_norm"], rounds=rounds)
            else:
                spread, of_group = self.spread(group, now)
                memories += of_group
            for row, (name, quantiles) in enumerate(zip(group.matrices, spread, strict=True)):
                numbers = {quantity: values[row] for quantity, values in columns.items()}
                found.append((name, _entry(name, numbers, quantiles)))
            self.last[index] = now
        found.sort(key=lambda pair: pair[0].order)
        return tuple(entry for _, entry in found), memories

    def _compare(self, index: int, now: Tensor) -> dict[str, list[float]]:
        """Norms, and the angles to the weights at the start and in the last record."""
        start, last = self.start[index], self.last[index]
        weights = (now, start, last, now - start, now - last)
        norm, at_start, at_last, since_start, since_last = torch.stack(
            [norms(stacked) for stacked in weights]
        ).tolist()
        return {
            "frobenius_norm": norm,
            "cosine_distance_from_initialisation": list(
                map(cosine_distance, norm, at_start, since_start)
            ),
            "cosine_distance_from_last_record": list(
                map(cosine_distance, norm, at_last, since_last)
            ),
        }

    def _spectrum(
        self, index: int, now_MHC: Tensor, norm: Sequence[float], *, rounds: int
    ) -> dict[str, list[float]]:
        """Leading singular value and eigenvalue; none where an entry is not finite.

        Scaled by the norm, so that nothing overflows where training diverges.
        """
        if not all(map(math.isfinite, norm)):
            return {}
        scale_M = now_MHC.new_tensor(norm).clamp(min=1e-30)
        scaled_MHC = now_MHC / scale_M[:, None, None]
        values, self.right[index] = spectra.spectral_norms(
            scaled_MHC, self.right[index], rounds=rounds
        )
        found = {"spectral_norm": (values * scale_M).tolist()}
        if self.groups[index].hidden_to_hidden:
            values, self.leading[index] = spectra.spectral_radii(
                scaled_MHC, self.leading[index], rounds=rounds
            )
            found["spectral_radius"] = (values * scale_M).tolist()
        return found

    def spread(
        self, group: GateGroup, now_MH: Tensor
    ) -> tuple[list[tuple[float, ...]], tuple[MemoryRecord, ...]]:
        """Quantiles over the units: of every bias and gain, and of the memory that biases set.

        Formula: minimum, quartiles and maximum of b, of g, and of tau = -1 / ln s(b_x + b_h)

        Tells: how units part: into short and long memories, into gains that are kept and let go.

        Misleads: tau as the memory that a bias alone sets does: data moves it.

        At the start: gains 1 and tau 1.44 (biases 0) or near it, unless the recipe says otherwise.

        Source: Tallec & Ollivier 2018, arXiv 1804.11188, for tau.
        """
        gate = CELLS[self.cell].keeps
        rows: dict[Place, list[int]] = {}
        for row, name in enumerate(group.matrices):
            if name.gate == gate and name.kind.startswith("bias"):
                rows.setdefault(name.place, []).append(row)
        values = now_MH.double()
        if rows:
            chosen = torch.tensor(list(rows.values()), device=values.device)
            values = torch.cat([values, 1 / functional.softplus(-values[chosen].sum(dim=1))])
        quantiles = torch.quantile(values, values.new_tensor(QUANTILES), dim=1).mT.tolist()
        spread = list(map(tuple, quantiles))
        memories = zip(rows, spread[len(now_MH) :], strict=True)
        return spread[: len(now_MH)], tuple(
            MemoryRecord(place.layer, place.direction, gate, q) for place, q in memories
        )

    def _kept(self) -> list[Tensor]:
        return [*self.start, *self.last, *self.right, *self.leading]

    def state_dict(self) -> dict[str, Any]:
        """What later records are compared with and begin from, in one tensor: quick to save."""
        return {"values": torch.cat([tensor.flatten() for tensor in self._kept()])}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state of ``state_dict``."""
        kept = self._kept()
        parts = torch.split(state["values"], [tensor.numel() for tensor in kept])
        for tensor, part in zip(kept, parts, strict=True):
            tensor.copy_(part.reshape(tensor.shape))


def ends_record(epoch: int, steps_per_epoch: int) -> bool:
    """Whether the end of ``epoch``, counted from 1, is recorded: every one that is long enough."""
    return epoch % math.ceil(FEWEST_STEPS / steps_per_epoch) == 0


def _is_power_of_two(step: int) -> bool:
    return step & (step - 1) == 0


def cosine_distance(norm: float, before: float, gap: float) -> float:
    """Cosine distance of a matrix from its initialisation, or from the record before.

    Formula: 1 - cos = (|A - B|_F^2 - (|A|_F - |B|_F)^2) / (2 |A|_F |B|_F)

    Tells: learning itself: 0 is unchanged, 1 a right angle. It is what counts below a layer
    normalisation, where the norm does nothing.

    Misleads: small weights move further by it than large ones, by the same step.

    At the start: 0; biases that begin at 0 have no direction, so see their quantiles.

    Source: ours; this form also has the distance of a tiny step, which 1 - cos itself loses to
    rounding.

    NaN where one of the two is zero.
    """
    product = 2 * norm * before
    return max(0.0, (gap**2 - (norm - before) ** 2) / product) if product > 0 else math.nan


def _entry(
    name: MatrixAddress, numbers: Mapping[str, float], quantiles: tuple[float, ...]
) -> MatrixRecord:
    def number(quantity: str) -> float | None:
        value = numbers.get(quantity)
        return value if value is not None and math.isfinite(value) else None

    return MatrixRecord(
        **name.labels,
        frobenius_norm=numbers["frobenius_norm"],
        gradient_norm=number("gradient_norm"),
        update_ratio=number("update_ratio"),
        cosine_distance_from_initialisation=number("cosine_distance_from_initialisation"),
        cosine_distance_from_last_record=number("cosine_distance_from_last_record"),
        spectral_norm=number("spectral_norm"),
        spectral_radius=number("spectral_radius"),
        quantiles=quantiles,
    )
