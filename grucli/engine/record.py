"""A light record of the recurrent weights during training: at epochs and at log-spaced steps.

Reads weights and gradients only: what is learned is the same with and without it, and no random
number is drawn from a generator that training uses.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from grucli.engine import spectra
from grucli.engine.gate_updates import StepProbe, gate_norms, recurrent_parameters
from grucli.engine.snapshots import take_snapshot
from grucli.gates import GATES, WORDS, MatrixName, matrices_of
from grucli.nn import Forecaster
from grucli.reports import MatrixRecord, MemoryRecord, Snapshot, WeightRecord

KEEPING_GATES = {"gru": "update", "lstm": "forget"}
QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
MEASURES = {"spectral_norm": spectra.spectral_norms, "spectral_radius": spectra.spectral_radii}


class WeightRecorder:
    """Compares the weights with those at initialisation and those of the last record.

    ``state_dict`` belongs to the saved state of training: with it a resumed run goes on to write
    the same records, bit for bit.
    """

    def __init__(self, model: Forecaster, cell: str) -> None:
        self.model, self.cell = model, cell
        self.gates = len(GATES[cell])
        parameters = recurrent_parameters(model)
        self.names = {
            name: tuple(matrices_of(cell, name, len(value))) for name, value in parameters.items()
        }
        self.start: dict[str, Tensor] = {}
        self.last: dict[str, Tensor] = {}
        self.bases: dict[str, Tensor] = {}

    def wants(self, step: int, *, ends_epoch: bool) -> bool:
        """Whether optimiser step ``step``, counted from 1, is to be recorded."""
        return ends_epoch or _is_power_of_two(step)

    def probe(self) -> StepProbe:
        """What must be known before a step that is recorded; call before clipping."""
        return StepProbe.take(self.model, self.cell)

    def begin(self) -> WeightRecord:
        """Record the initialisation, with which all later weights are compared."""
        self.start = {k: value.clone() for k, value in recurrent_parameters(self.model).items()}
        self.last = self.start
        return WeightRecord(
            step=0,
            epoch=0,
            loss=None,
            lr=None,
            clipped_share=None,
            matrices=self._matrices(None),
            memories=self._memories(),
        )

    def record(
        self, probe: StepProbe, *, step: int, epoch: int, loss: float, lr: float, clipped: float
    ) -> WeightRecord:
        """Record the step just made."""
        record = WeightRecord(
            step=step,
            epoch=epoch,
            loss=loss,
            lr=lr,
            clipped_share=clipped,
            matrices=self._matrices(probe),
            memories=self._memories(),
        )
        self.last = {k: value.clone() for k, value in recurrent_parameters(self.model).items()}
        return record

    def snapshots(self, *, step: int, epoch: int) -> tuple[Snapshot, ...]:
        """The matrices themselves, at initialisation and where steps are log-spaced."""
        if not _is_power_of_two(step):
            return ()
        return (take_snapshot(self.last, cell=self.cell, step=step, epoch=epoch),)

    def _matrices(self, probe: StepProbe | None) -> tuple[MatrixRecord, ...]:
        ratios = None if probe is None else probe.update_ratios()
        entries = []
        for name, now in recurrent_parameters(self.model).items():
            columns = self._compare(name, now) | self._spectrum(name, now)
            if probe is not None and ratios is not None:
                columns["gradient_norm"] = probe.gradient_norms[name]
                columns["update_ratio"] = ratios[name]
            rows = torch.stack([values.cpu() for values in columns.values()]).mT.tolist()
            quantiles = (
                [()] * self.gates if now.dim() == 2 else _quantiles(now.reshape(self.gates, -1))
            )
            for matrix, row, spread in zip(self.names[name], rows, quantiles, strict=True):
                entries.append(_entry(matrix, dict(zip(columns, row, strict=True)), spread))
        return tuple(entries)

    def _compare(self, name: str, now: Tensor) -> dict[str, Tensor]:
        norm = gate_norms(now, self.gates)
        return {
            "norm": norm,
            "turn_since_start": self._turn(now, self.start[name], norm),
            "turn_since_last": self._turn(now, self.last[name], norm),
        }

    def _turn(self, now: Tensor, then: Tensor, norm: Tensor) -> Tensor:
        """1 - cos [gates] = (|a - b|^2 - (|a| - |b|)^2) / (2 |a| |b|); NaN where one is zero.

        Says also what a tiny step turned, which 1 - a.b / (|a| |b|) loses to rounding.
        """
        before = gate_norms(then, self.gates)
        gap = gate_norms(now - then, self.gates)
        turn = (gap.square() - (norm - before).square()) / (2 * norm * before)
        return torch.clamp(turn, min=0.0)

    def _spectrum(self, name: str, now: Tensor) -> dict[str, Tensor]:
        """Leading singular value and eigenvalue [gates]; none for vectors and what is not finite.

        Scaled by the largest entry, so that nothing overflows where training diverges.
        """
        if now.dim() != 2 or not bool(torch.isfinite(scale := now.abs().amax())):
            return {}
        matrices = now.reshape(self.gates, -1, now.shape[1]) / scale.clamp(min=1e-30)
        found: dict[str, Tensor] = {}
        for quantity, measure in MEASURES.items():
            if quantity == "spectral_norm" or "weight_hh" in name:
                key = f"{name}.{quantity}"
                basis, rounds = self.bases.get(key), spectra.WARM_ROUNDS
                if basis is None:
                    basis, rounds = spectra.cold_basis(matrices), spectra.COLD_ROUNDS
                values, self.bases[key] = measure(matrices, basis, rounds=rounds)
                found[quantity] = (values * scale).double()
        return found

    def _memories(self) -> tuple[MemoryRecord, ...]:
        """Quantiles of tau over the units, for the summed bias of the gate that keeps the state."""
        sums: dict[tuple[int, str], Tensor] = {}
        for matrix, bias in self._keeping_biases():
            place = (matrix.layer, matrix.direction)
            sums[place] = bias + sums[place] if place in sums else bias
        if not sums:
            return ()
        steps = 1 / functional.softplus(-torch.stack(list(sums.values())))
        gate = KEEPING_GATES[self.cell]
        pairs = zip(sums, _quantiles(steps), strict=True)
        return tuple(MemoryRecord(*place, gate, spread) for place, spread in pairs)

    def _keeping_biases(self) -> Iterator[tuple[MatrixName, Tensor]]:
        gate = KEEPING_GATES.get(self.cell)
        for name, stacked in recurrent_parameters(self.model).items():
            for matrix in self.names[name]:
                if matrix.gate == gate and matrix.kind.startswith("bias"):
                    yield matrix, stacked[matrix.rows].double()

    def state_dict(self) -> dict[str, Any]:
        """What later records are compared with and begin from."""
        return {"start": self.start, "last": self.last, "bases": self.bases}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state of ``state_dict``."""
        device = next(self.model.parameters()).device
        self.start, self.last, self.bases = (
            {name: value.to(device, copy=True) for name, value in state[part].items()}
            for part in ("start", "last", "bases")
        )


def _is_power_of_two(step: int) -> bool:
    return step & (step - 1) == 0


def _quantiles(values: Tensor) -> list[tuple[float, ...]]:
    """Minimum, quartiles and maximum of every row."""
    chosen = torch.tensor(QUANTILES, dtype=values.dtype, device=values.device)
    return [tuple(row) for row in torch.quantile(values, chosen, dim=1).mT.tolist()]


def _entry(
    matrix: MatrixName, numbers: Mapping[str, float], quantiles: tuple[float, ...]
) -> MatrixRecord:
    def number(quantity: str) -> float | None:
        value = numbers.get(quantity)
        return value if value is not None and math.isfinite(value) else None

    return MatrixRecord(
        symbol=matrix.symbol,
        name=matrix.long,
        layer=matrix.layer,
        direction=matrix.direction,
        gate=matrix.gate,
        part=WORDS[matrix.kind],
        norm=numbers["norm"],
        gradient_norm=number("gradient_norm"),
        update_ratio=number("update_ratio"),
        turn_since_start=number("turn_since_start"),
        turn_since_last=number("turn_since_last"),
        spectral_norm=number("spectral_norm"),
        spectral_radius=number("spectral_radius"),
        quantiles=quantiles,
    )
