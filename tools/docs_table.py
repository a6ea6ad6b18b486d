"""Every field of a report that is a statistic, and the function whose docstring explains it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from grucli import results
from grucli.insight import dynamics, gate_updates, record, spectra, tracing
from grucli.results import tracing as trace_reports
from grucli.tasks.forecast import losses
from grucli.training import totals
from grucli.weights import (
    compare,
    effective,
    elements,
    learning,
    power_law,
    random_matrix,
    spectrum,
    time_constants,
)


@dataclass(frozen=True)
class Source:
    """Where fields of a report are explained; ``screen`` is their heading in a table."""

    function: Callable[..., Any]
    fields: tuple[str, ...]
    screen: str = ""


@dataclass(frozen=True)
class Section:
    """The statistics of one kind of report, and where a document has it."""

    title: str
    report: type
    json: str
    sources: tuple[Source, ...]
    labels: tuple[str, ...] = ()
    """Fields that name or sort what is measured and are no statistics."""


PLACE = ("symbol", "name", "layer", "direction", "gate", "part", "shape", "module")
SPREAD = ("mean", "deviation", "minimum", "maximum")
ENDS = ("mean", "deviation", "left", "right", "always_left", "always_right", "by_step")

SECTIONS = (
    Section(
        "A matrix, bias or gain",
        results.MatrixStatistics,
        "inspect-weights CKPT --json: matrices[].",
        (
            Source(elements.spread, SPREAD, "mean, deviation, min, max"),
            Source(elements.histogram, ("histogram",), "values"),
            Source(elements.near_zero_share, ("near_zero_share",), "near 0"),
            Source(elements.not_finite, ("not_finite",)),
            Source(elements.root_mean_square, ("rms",), "rms"),
            Source(elements.norm, ("norm",), "norm"),
            Source(
                spectrum.singular_values,
                ("spectral_norm", "smallest_singular_value"),
                "s max, s min",
            ),
            Source(spectrum.condition, ("condition",), "condition"),
            Source(spectrum.stable_rank, ("stable_rank",), "stable rank"),
            Source(spectrum.effective_rank, ("effective_rank",), "eff. rank"),
            Source(spectrum.participation_ratio, ("participation_ratio",), "part. ratio"),
            Source(spectrum.orthogonality_defect, ("orthogonality_defect",), "defect"),
            Source(spectrum.spectral_radius, ("spectral_radius",), "radius"),
            Source(spectrum.leading_period, ("rotation_steps",), "period"),
            Source(spectrum.non_normality, ("non_normality",), "Henrici"),
            Source(random_matrix.outliers, ("outliers",), "outliers"),
            Source(random_matrix.marchenko_pastur_edge, ("outlier_edge",)),
            Source(
                power_law.fit_power_law, ("power_law_exponent", "power_law_distance"), "alpha / D"
            ),
            Source(spectrum.dead_rows, ("dead_rows",), "dead"),
            Source(spectrum.row_norms, ("row_norms",), "row min, row median, row max"),
            Source(spectrum.column_norms, ("column_norms",), "hears most, hears least"),
            Source(
                effective.acting_matrices,
                ("effective_norm", "effective_radius", "divided_by"),
                "acting norm, acting radius",
            ),
        ),
        (*PLACE, "power_law_note", "estimated", "expected", "is_measured"),
    ),
    Section(
        "Memory that biases set",
        results.TimeConstants,
        "inspect-weights CKPT --json: time_constants[].",
        (Source(time_constants.memory_steps, ("minimum", "median", "maximum")),),
        PLACE,
    ),
    Section(
        "Two files beside each other",
        results.MatrixChange,
        "inspect-weights CKPT OTHER --json: changes[].",
        (
            Source(elements.norm, ("norm_before", "norm_after"), "norm A, norm B"),
            Source(compare.relative_change, ("relative_change",), "|B-A|/|A|"),
            Source(compare.cosine, ("cosine",), "cosine"),
            Source(compare.change_rank, ("change_rank",), "rank of B-A"),
        ),
        PLACE,
    ),
    Section(
        "A matrix while it is learned",
        results.MatrixRecord,
        "inspect-weights CKPT --history --json: records[].matrices[].",
        (
            Source(gate_updates.norms, ("norm",), "norm"),
            Source(
                gate_updates.StepProbe.updates, ("gradient_norm", "update_ratio"), "grad., update"
            ),
            Source(record._turn, ("turn_since_start", "turn_since_last"), "turn since start"),
            Source(spectra.spectral_norms, ("spectral_norm",)),
            Source(spectra.spectral_radii, ("spectral_radius",), "radius, spectral radius"),
            Source(record.WeightRecorder._spread, ("quantiles",)),
        ),
        PLACE,
    ),
    Section(
        "A step while weights are learned",
        results.WeightRecord,
        "inspect-weights CKPT --history --json: records[].",
        (
            Source(losses.masked_mean_loss, ("loss",)),
            Source(totals.EpochTotals.clipped_share.fget, ("clipped_share",)),
        ),
        ("step", "epoch", "lr", "matrices", "memories", "is_end"),
    ),
    Section(
        "Where learning happened",
        results.MatrixLearning,
        "inspect-weights CKPT --history --json: learning[].",
        (
            Source(record._turn, ("turn",)),
            Source(learning._settled, ("settled_step", "settled_epoch")),
            Source(learning._starved_shares, ("starved_share",)),
        ),
        PLACE,
    ),
    Section(
        "A gate along a series",
        trace_reports.GateActivity,
        "trace CKPT --json: layers[].gates[].",
        (Source(tracing.gate_activities, ENDS, "left, right, stuck"),),
        ("gate", "symbol", "activation"),
    ),
    Section(
        "A layer along a series",
        trace_reports.LayerActivity,
        "trace CKPT --json: layers[].",
        (
            Source(tracing.memory_steps, ("memory_steps",)),
            Source(dynamics.gradients_by_lag, ("gradient_by_lag",)),
            Source(dynamics.reach_steps, ("reach_steps",)),
            Source(dynamics.half_life_steps, ("half_life_steps",)),
            Source(dynamics.largest_lyapunov, ("lyapunov", "lyapunov_steps", "lyapunov_halves")),
        ),
        ("layer", "direction", "units", "gates"),
    ),
)
