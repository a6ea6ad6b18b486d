"""What the page about a run reads: the report as plain values, small enough to embed."""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from grucli.results import (
    BASELINES,
    ForecastExample,
    MatrixFrames,
    MatrixRecord,
    Metric,
    MetricSet,
    Recorded,
    RunReport,
    WeightHistory,
    rows_of,
    to_json,
    verdict_sentences,
)

POINTS = 800
DIGITS = 6
FRAME_CELLS, RECORD_NUMBERS = 400_000, 60_000
"""Cells of all frames together, and numbers of all records; what is more is left out in between."""

_METRICS = ("rmse", "mae", "mase", "smape", "r2")
_QUANTITIES = (
    "cosine_distance_from_initialisation",
    "frobenius_norm",
    "spectral_norm",
    "spectral_radius",
    "gradient_norm",
    "update_ratio",
)
"""What the page shows, in its order."""

_NOT_FINITE = -128


def page_data(report: RunReport) -> dict[str, Any]:
    """The report as JSON values: long lines thinned, matrices as bytes, six significant digits."""
    whole = replace(report, epochs=(), forecasts=(), matrices=(), history=None)  # not the long
    plain = json.loads(to_json(whole, indent=None, old_keys=False))
    shots = _kept_shots(report)
    body = {key: plain[key] for key in ("name", "path", "recipe", "model", "missing", "scores")} | {
        "columns": plain["columns"],
        "verdict": _verdict(report),
        "metrics": [{"name": name, "heading": _heading(name)} for name in _METRICS],
        "baselines": [{"name": item.name, "words": item.words} for item in BASELINES],
        "quantities": [
            {"name": name, "words": item.words, "label": item.label, "isWide": item.is_wide}
            for name, item in _recorded().items()
        ],
        "errors": plain["errors_by_step"],
        "epochs": _epochs(report),
        "forecasts": [_forecast(example) for example in report.forecasts],
        "film": [plain["snapshots"][shot] for shot in shots],
        "matrices": [_film(matrix, shots) for matrix in report.matrices],
        "spectra": plain["spectra"],
        "history": _history(report.history),
        "trace": _trace(plain["trace"], report.trace_times),
    }
    rounded: dict[str, Any] = _rounded(body)
    return rounded


def _verdict(report: RunReport) -> list[str]:
    """The sentences that the end of training prints."""
    return [] if report.scores is None else [words for words, _ in verdict_sentences(report.scores)]


def _heading(metric: str) -> str:
    facts = rows_of(MetricSet, Metric)[metric]
    return ", ".join(filter(None, (facts.words or metric, facts.unit)))


def _recorded() -> dict[str, Recorded]:
    rows = rows_of(MatrixRecord, Recorded)
    return {name: rows[name] for name in _QUANTITIES}


def keep_extremes(lines: Sequence[Sequence[float | None]], most: int = POINTS) -> list[int]:
    """Places to keep of lines over one axis: both ends, and each line's extremes in each stretch.

    About ``most`` places; all of them where there are no more.
    """
    length = max(map(len, lines), default=0)
    if length <= most:
        return list(range(length))
    stretches = max(most // (2 * len(lines)), 1)
    kept = {0, length - 1}
    for line in lines:
        edges = [stretch * len(line) // stretches for stretch in range(stretches + 1)]
        for start, stop in pairwise(edges):
            points = [
                (value, place)
                for place, value in enumerate(line[start:stop], start)
                if value is not None and math.isfinite(value)
            ]
            if points:
                kept |= {min(points)[1], max(points)[1]}
    return sorted(kept)


def _epochs(report: RunReport) -> dict[str, Any]:
    epochs = report.epochs
    lines = [[epoch.train_loss for epoch in epochs], [epoch.valid_loss for epoch in epochs]]
    best = [place for place, epoch in enumerate(epochs) if epoch.is_best][-1:]
    kept = sorted({*keep_extremes(lines), *best})
    return {
        "epoch": [epochs[place].epoch for place in kept],
        "train": [lines[0][place] for place in kept],
        "valid": [lines[1][place] for place in kept],
        "best": epochs[best[0]].epoch if best else None,
    }


def _forecast(example: ForecastExample) -> dict[str, Any]:
    start = len(example.context)
    context = keep_extremes([example.context])
    ends = [end for pair in example.bands.values() for end in pair]
    horizon = keep_extremes([example.forecast, example.truth, *ends])
    return {
        "column": example.column,
        "series": example.series,
        "time": example.time,
        "first": example.times[start],
        "steps": start,
        "context": {
            "x": [place - start for place in context],
            "t": [example.times[place] for place in context],
            "y": [example.context[place] for place in context],
        },
        "horizon": {
            "x": horizon,
            "t": [example.times[start + place] for place in horizon],
            "forecast": [example.forecast[place] for place in horizon],
            "truth": [example.truth[place] for place in horizon] if example.truth else [],
            "bands": [
                {
                    "level": level,
                    "low": [low[place] for place in horizon],
                    "high": [high[place] for place in horizon],
                }
                for level, (low, high) in example.bands.items()
            ],
        },
    }


def _kept_shots(report: RunReport) -> list[int]:
    """Which moments of the film to show: all, or as many as the page has room for."""
    cells = sum(math.prod(matrix.grid) for matrix in report.matrices)
    return _spread(len(report.snapshots), FRAME_CELLS // max(cells, 1))


def _spread(count: int, room: int) -> list[int]:
    """All places from 0 to below ``count``, or ``room`` of them (at least 2) with both ends."""
    if count <= max(room, 2):
        return list(range(count))
    last = max(room, 2) - 1
    return [round(index * (count - 1) / last) for index in range(last + 1)]


def _film(matrix: MatrixFrames, shots: Sequence[int]) -> dict[str, Any]:
    """A matrix with its frames as base64 of signed bytes: value = byte / 127 * limit."""
    frames = [matrix.frames[shot] for shot in shots]
    limit = max((abs(v) for frame in frames for v in frame if math.isfinite(v)), default=0.0) or 1.0
    packed = [
        bytes((round(v / limit * 127) if math.isfinite(v) else _NOT_FINITE) & 0xFF for v in frame)
        for frame in frames
    ]
    names = ("symbol", "name", "layer", "direction", "gate", "part", "shape", "grid")
    return {name: getattr(matrix, name) for name in names} | {
        "limit": limit,
        "frames": [base64.b64encode(frame).decode("ascii") for frame in packed],
    }


def _history(history: WeightHistory | None) -> dict[str, Any] | None:
    if history is None:
        return None
    count = len(history.records)
    numbers = len(history.records[0].matrices) * len(_QUANTITIES)
    kept = _spread(count, RECORD_NUMBERS // numbers)
    records = [history.records[place] for place in kept]
    matrices = []
    for place, first in enumerate(records[0].matrices):
        lines = {
            name: [getattr(record.matrices[place], name) for record in records]
            for name in _QUANTITIES
        }
        matrices.append(
            {
                name: getattr(first, name)
                for name in ("symbol", "layer", "direction", "gate", "part")
            }
            | {
                name: line
                for name, line in lines.items()
                if any(value is not None for value in line)
            }
        )
    return {
        "step": [record.step for record in records],
        "epoch": [record.epoch for record in records],
        "matrices": matrices,
        "findings": [finding.text for finding in history.findings],
    }


def _trace(trace: Mapping[str, Any] | None, times: Sequence[str]) -> dict[str, Any] | None:
    if trace is None:
        return None
    layers = []
    for layer in trace["layers"]:
        kept = keep_extremes([gate["by_step"] for gate in layer["gates"]])
        lags = keep_extremes([layer["gradient_by_lag"] or ()])
        gates = [
            gate | {"by_step": [gate["by_step"][place] for place in kept]}
            for gate in layer["gates"]
        ]
        gradient = [layer["gradient_by_lag"][lag] for lag in lags]
        layers.append(
            layer
            | {"x": kept, "t": [times[place] for place in kept], "gates": gates}
            | {"lag": lags, "gradient_by_lag": gradient}
        )
    return dict(trace) | {"layers": layers}


def _rounded(value: Any) -> Any:
    """Floats with six significant digits, None where not finite, in whatever they are nested."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, (list, tuple)) else value
