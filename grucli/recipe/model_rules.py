"""Rules on the section model."""

from collections.abc import Callable, Mapping, Sequence

from grucli.calendars import WAVES
from grucli.cells import CELLS
from grucli.cells.layouts import parse_layout
from grucli.recipe.rule import Rule


def _layer_norm_of_another_cell(layer_norm: str, cell: str) -> str | None:
    known = CELLS[cell].norm_names
    if layer_norm in known:
        return None
    others = " or ".join(name for name, spec in CELLS.items() if layer_norm in spec.norm_names)
    return (
        f"found {layer_norm} with cell {cell}, which has no such; expected {', '.join(known)}, or "
        f"cell {others}"
    )


def _eps_without_layer_norm(eps: float | None, layer_norm: str) -> str | None:
    if eps is not None and layer_norm == "none":
        return f"found {eps:g} with layer_norm none; nothing is normalised; choose a layer_norm"
    return None


def _norm_bias_without_layer_norm(norm_bias: bool, layer_norm: str) -> str | None:
    if norm_bias and layer_norm == "none":
        return "found true with layer_norm none; nothing is normalised; choose a layer_norm"
    return None


def _bfloat16_in_torch(precision: str, kernel: str) -> str | None:
    if precision == "bfloat16" and kernel == "torch":
        return "found bfloat16 with train.kernel torch; it is the compiled kernel's; choose auto"
    return None


def _bfloat16_with_norm_bias(precision: str, norm_bias: bool) -> str | None:
    if precision == "bfloat16" and norm_bias:
        return "found bfloat16 with norm_bias, which the compiled kernel has not; choose float32"
    return None


def _activation_of_another_cell(activation: str, cell: str) -> str | None:
    known = [choice.name for choice in CELLS[cell].activations]
    if activation in known:
        return None
    return f"found {activation} with cell {cell}; expected {', '.join(known)}"


def _gain_without_layer_norm(gain: float, layer_norm: str) -> str | None:
    if gain != 1.0 and layer_norm == "none":
        return f"found {gain} with layer_norm none; there is no gain to set; choose a layer_norm"
    return None


def _chrono_without_keeping_gate(chrono_steps: int | None, cell: str) -> str | None:
    if chrono_steps is not None and not CELLS[cell].chrono:
        return (
            f"found {chrono_steps} with cell {cell}; expected null; {cell} has no gate that keeps"
        )
    return None


def _recursive_with_past(decoder: str, past: Sequence[str]) -> str | None:
    if decoder == "recursive" and past:
        return (
            "found recursive with data.past columns; their future is not known, so they cannot be "
            "fed back; choose decoder direct or empty data.past"
        )
    return None


def _goes_on_both_ways(decoder: str, bidirectional: bool) -> str | None:
    if decoder != "direct" and bidirectional:
        return (
            f"found {decoder} with bidirectional true; a reverse layer cannot go on step by step; "
            "choose decoder direct or bidirectional false"
        )
    return None


def _segment_alone(segment: int | None, decoder: str) -> str | None:
    if segment is not None and decoder != "segment":
        return f"found {segment} with decoder {decoder}; expected null, or model.decoder segment"
    return None


def _segment_missing(decoder: str, segment: int | None) -> str | None:
    if decoder == "segment" and segment is None:
        return "found segment without model.segment; set it to the steps of one segment"
    return None


def _segment_beyond_context(segment: int | None, context: int) -> str | None:
    if segment is not None and segment > context:
        return f"found {segment}; expected at most task.context, {context}"
    return None


def _waves_of_nothing(part: str) -> Callable[[int, Sequence[str]], str | None]:
    def breaks(waves: int, calendar: Sequence[str]) -> str | None:
        if not waves or part in calendar:
            return None
        return f"found {waves} without data.calendar {part}; expected 0, or add {part} there"

    return breaks


def _alone_without_waves(alone: bool, *waves: int) -> str | None:
    if alone and not any(waves):
        return (
            "found true without waves of a cycle; expected false, or waves such as "
            "model.harmonics.hour: 12"
        )
    return None


def _independent_with_past(channels: str, past: Sequence[str]) -> str | None:
    if channels == "independent" and past:
        return (
            "found independent with data.past columns; each target is then its own sample; choose "
            "channels joint or empty data.past"
        )
    return None


def _masks_of_some_targets(
    channels: str, missing: str | Mapping[str, str], target: Sequence[str]
) -> str | None:
    if channels == "joint" or isinstance(missing, str):
        return None
    names = [target] if isinstance(target, str) else target
    masked = [name for name in names if missing.get(name) == "mask"]
    if 0 < len(masked) < len(names):
        return (
            f"found independent with data.missing mask for {len(masked)} of {len(names)} targets; "
            "each target is then its own sample; expected mask for all of them or none"
        )
    return None


def _matrices_from_nowhere(matrices: Sequence[str], checkpoint: str | None) -> str | None:
    if matrices and checkpoint is None:
        return "found names without a checkpoint to take them from; set model.init.checkpoint"
    return None


def _unknown_layout(layout: str | None) -> str | None:
    try:
        if layout is not None:
            parse_layout(layout)
    except ValueError as error:
        return f"found {error}"
    return None


def _layout_of_nothing(layout: str | None, checkpoint: str | None) -> str | None:
    if layout is not None and checkpoint is None:
        return "found a layout without a checkpoint that has it; set model.init.checkpoint"
    return None


MODEL_RULES = (
    Rule(("model.layer_norm", "model.cell"), _layer_norm_of_another_cell),
    Rule(("model.eps", "model.layer_norm"), _eps_without_layer_norm),
    Rule(("model.norm_bias", "model.layer_norm"), _norm_bias_without_layer_norm),
    Rule(("model.precision", "train.kernel"), _bfloat16_in_torch),
    Rule(("model.precision", "model.norm_bias"), _bfloat16_with_norm_bias),
    Rule(("model.activation", "model.cell"), _activation_of_another_cell),
    Rule(("model.init.gain", "model.layer_norm"), _gain_without_layer_norm),
    Rule(("model.init.chrono_steps", "model.cell"), _chrono_without_keeping_gate),
    Rule(("model.decoder", "data.past"), _recursive_with_past, task="forecast"),
    Rule(("model.decoder", "model.bidirectional"), _goes_on_both_ways),
    Rule(("model.segment", "model.decoder"), _segment_alone),
    Rule(("model.decoder", "model.segment"), _segment_missing),
    Rule(("model.segment", "task.context"), _segment_beyond_context),
    Rule(("model.channels", "data.past"), _independent_with_past, task="forecast"),
    Rule(
        ("model.channels", "data.missing", "data.target"), _masks_of_some_targets, task="forecast"
    ),
    *(
        Rule((f"model.harmonics.{part}", "data.calendar"), _waves_of_nothing(part), task="forecast")
        for part in WAVES
    ),
    Rule(
        ("model.harmonics.alone", *(f"model.harmonics.{part}" for part in WAVES)),
        _alone_without_waves,
        task="forecast",
    ),
    Rule(("model.init.matrices", "model.init.checkpoint"), _matrices_from_nowhere),
    Rule(("model.init.layout",), _unknown_layout),
    Rule(("model.init.layout", "model.init.checkpoint"), _layout_of_nothing),
)
