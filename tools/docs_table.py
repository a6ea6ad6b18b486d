"""Every field of a report that is a statistic, and the function whose docstring explains it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from grucli import results
from grucli.insight import dynamics, gate_updates, record, spectra, tracing
from grucli.results import tracing as trace_reports
from grucli.tasks import losses
from grucli.tasks.forecast.metrics import METRICS
from grucli.training import totals
from grucli.weights import compare, learning, time_constants
from grucli.weights.statistics.measures import MEASURES, Measure


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
    """Fields of a report without rows that name or sort what is measured and are no statistics."""
    checked: str | None = None
    """What stands before a name in ``--fail-if``; None where it knows none of them."""


PLACE = ("symbol", "name", "layer", "direction", "gate", "part", "cell", "module")
ENDS = (
    "mean",
    "standard_deviation",
    "left_saturated_share",
    "right_saturated_share",
    "always_left_saturated",
    "always_right_saturated",
    "by_step",
)


def _measured(report: type, measures: Iterable[Measure[Any]]) -> tuple[Source, ...]:
    """The sources of what a room's own table computes, with the headings of the report's rows."""
    rows = results.rows_of(report, results.Statistic)
    sources = []
    for measure in measures:
        shown = [rows[name] for name in measure.names if rows[name].rank is not None]
        screen = ", ".join(dict.fromkeys(row.heading for row in shown))
        sources.append(Source(measure.function, measure.names, screen))
    return tuple(sources)


def _metrics() -> tuple[Source, ...]:
    rows = results.rows_of(results.MetricSet, results.Metric)
    return tuple(
        Source(METRICS[name], (name,), f"{row.words or name} {row.unit}".rstrip())
        for name, row in rows.items()
    )


SECTIONS = (
    Section(
        "A matrix, bias or gain",
        results.MatrixStatistics,
        "inspect-weights CKPT --json: matrices[].",
        _measured(results.MatrixStatistics, MEASURES),
        checked="W_hz.",
    ),
    Section(
        "Time constants that biases set",
        results.TimeConstants,
        "inspect-weights CKPT --json: time_constants[].",
        (Source(time_constants.time_constant_steps, ("minimum", "median", "maximum")),),
        PLACE,
    ),
    Section(
        "Two files beside each other",
        results.MatrixChange,
        "inspect-weights CKPT OTHER --json: changes[].",
        _measured(results.MatrixChange, compare.CHANGES),
        checked="W_hz.",
    ),
    Section(
        "A matrix while it is learned",
        results.MatrixRecord,
        "inspect-weights CKPT --history --json: records[].matrices[].",
        (
            Source(gate_updates.norms, ("frobenius_norm",), "norm"),
            Source(
                gate_updates.StepProbe.updates, ("gradient_norm", "update_ratio"), "grad., update"
            ),
            Source(
                record.cosine_distance,
                ("cosine_distance_from_initialisation", "cosine_distance_from_last_record"),
                "cos. dist.",
            ),
            Source(spectra.spectral_norms, ("spectral_norm",)),
            Source(spectra.spectral_radii, ("spectral_radius",), "radius, spectral radius"),
            Source(record.WeightRecorder.spread, ("quantiles",)),
        ),
    ),
    Section(
        "A step while weights are learned",
        results.WeightRecord,
        "inspect-weights CKPT --history --json: records[].",
        (
            Source(losses.masked_mean_loss, ("loss",)),
            Source(totals.EpochTotals.clipped_share.fget, ("clipped_share",)),
        ),
        ("step", "epoch", "lr", "matrices", "time_constants", "is_end"),
    ),
    Section(
        "Where learning happened",
        results.MatrixLearning,
        "inspect-weights CKPT --history --json: learning[].",
        (
            Source(record.cosine_distance, ("cosine_distance_from_initialisation",)),
            Source(learning.settled_record, ("settled_step", "settled_epoch")),
            Source(learning.small_gradient_shares, ("small_gradient_share",)),
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
            Source(tracing.time_constant_steps, ("time_constant_steps",)),
            Source(dynamics.gradients_by_lag, ("gradient_by_lag",)),
            Source(
                dynamics.crossings,
                ("gradient_half_lag", "gradient_tenth_lag", "gradient_hundredth_lag"),
            ),
            Source(dynamics.fitted_half_life_steps, ("fitted_half_life_steps",)),
            Source(
                dynamics.largest_lyapunov,
                ("largest_lyapunov_exponent", "lyapunov_steps", "lyapunov_halves"),
            ),
        ),
        ("layer", "direction", "units", "gates"),
    ),
    Section(
        "Forecasts beside the truth",
        results.MetricSet,
        "eval CKPT --json: model., baselines.NAME., by_step[]., by_column.NAME.",
        _metrics(),
        checked="",
    ),
)
