"""What one key of a recipe demands of another: a table of rules over plain values."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]


@dataclass(frozen=True)
class Conflict:
    """A value that does not go with others: the keys looked at, the one to change first."""

    paths: tuple[Path, ...]
    message: str


@dataclass(frozen=True)
class _Rule:
    """``breaks`` gets the values of ``keys``, in order, and says what is wrong or None.

    The first key is the one the error stands at.
    """

    keys: tuple[str, ...]
    breaks: Callable[..., str | None]


def _layer_norm_of_lstm(layer_norm: str, cell: str) -> str | None:
    if cell == "lstm" and layer_norm != "none":
        return (
            f"found {layer_norm} with cell lstm; expected none; lstm has no layer normalisation "
            "here, choose cell gru or rnn"
        )
    return None


def _gain_without_layer_norm(gain: float, layer_norm: str) -> str | None:
    if gain != 1.0 and layer_norm == "none":
        return f"found {gain} with layer_norm none; there is no gain to set; choose a layer_norm"
    return None


def _chrono_of_rnn(chrono_steps: int | None, cell: str) -> str | None:
    if chrono_steps is not None and cell == "rnn":
        return f"found {chrono_steps} with cell rnn; expected null; rnn has no gate that keeps"
    return None


def _recursive_with_past(decoder: str, past: Sequence[str]) -> str | None:
    if decoder == "recursive" and past:
        return (
            "found recursive with data.past columns; their future is not known, so they cannot be "
            "fed back; choose decoder direct or empty data.past"
        )
    return None


def _recursive_both_ways(decoder: str, bidirectional: bool) -> str | None:
    if decoder == "recursive" and bidirectional:
        return (
            "found recursive with bidirectional true; a reverse layer cannot go on step by step; "
            "choose decoder direct or bidirectional false"
        )
    return None


def _independent_with_past(channels: str, past: Sequence[str]) -> str | None:
    if channels == "independent" and past:
        return (
            "found independent with data.past columns; each target is then its own sample; choose "
            "channels joint or empty data.past"
        )
    return None


def _momentum_of_adam(momentum: float, optimizer: str) -> str | None:
    if momentum > 0 and optimizer not in {"sgd", "rmsprop"}:
        return f"found {momentum} with optimizer {optimizer}; only sgd and rmsprop have momentum"
    return None


def _nesterov_alone(nesterov: bool, optimizer: str, momentum: float) -> str | None:
    if nesterov and optimizer != "sgd":
        return f"found true with optimizer {optimizer}; only sgd has Nesterov's momentum"
    if nesterov and momentum == 0:
        return "found true with momentum 0; expected train.momentum > 0, such as 0.9"
    return None


def _matrices_from_nowhere(matrices: Sequence[str], checkpoint: str | None) -> str | None:
    if matrices and checkpoint is None:
        return "found names without a checkpoint to take them from; set model.init.checkpoint"
    return None


def _forcing_without_feedback(teacher_forcing: float, decoder: str) -> str | None:
    if teacher_forcing > 0 and decoder != "recursive":
        return (
            f"found {teacher_forcing} with decoder {decoder}; only model.decoder recursive feeds "
            "values back"
        )
    return None


def _sampling_without_forcing(scheduled_sampling: bool, teacher_forcing: float) -> str | None:
    if scheduled_sampling and teacher_forcing == 0:
        return "found true with teacher_forcing 0; expected train.teacher_forcing > 0, such as 1.0"
    return None


def _truncated_beyond_context(tbptt_steps: int | None, context: int) -> str | None:
    if tbptt_steps is not None and tbptt_steps > context:
        return (
            f"found {tbptt_steps}; expected at most task.context, {context}; null reaches the "
            "whole context"
        )
    return None


def _truncated_both_ways(tbptt_steps: int | None, bidirectional: bool) -> str | None:
    if tbptt_steps is not None and bidirectional:
        return (
            f"found {tbptt_steps} with model.bidirectional true; a reverse layer needs the whole "
            "context; choose null or bidirectional false"
        )
    return None


def _recomputed_at_once(
    recompute_steps: int | None, context: int, tbptt_steps: int | None
) -> str | None:
    name, reach = "task.context", context
    if tbptt_steps is not None:
        name, reach = "train.tbptt_steps", tbptt_steps
    if recompute_steps is not None and recompute_steps >= reach:
        return (
            f"found {recompute_steps}; expected less than {name}, {reach}: one chunk of all steps "
            "saves no memory; the square root of it saves most, null is off"
        )
    return None


def _recomputed_both_ways(recompute_steps: int | None, bidirectional: bool) -> str | None:
    if recompute_steps is not None and bidirectional:
        return (
            f"found {recompute_steps} with model.bidirectional true; a reverse layer begins at the "
            "end and needs every step; choose null or bidirectional false"
        )
    return None


def _fractions_leave_nothing(test: Any, valid: Any, train: Any) -> str | None:
    fractions = [share for share in (train, valid, test) if isinstance(share, float)]
    total = sum(fractions)
    if total > 1 + 1e-9 or (train is None and total > 1 - 1e-9):
        words = " + ".join(str(share) for share in fractions)
        return f"found fractions {words} = {total:.6g}; expected a sum below 1"
    return None


def _length_beside_date(train: Any, valid: Any, test: Any) -> str | None:
    dates = [name for name, share in (("valid", valid), ("test", test)) if isinstance(share, str)]
    if isinstance(train, int | float) and dates:
        return (
            f"found a length beside a date in {' and '.join(dates)}; expected null or a date: "
            "training ends where valid begins"
        )
    return None


def _names(columns: str | Sequence[str]) -> list[str]:
    return [columns] if isinstance(columns, str) else list(columns)


def _repeated_target(target: str | Sequence[str], time: str | Sequence[str]) -> str | None:
    names = _names(target)
    for name in names:
        if name in _names(time):
            return f"found '{name}', which is the time column; expected a column of numbers"
    twice = sorted({name for name in names if names.count(name) > 1})
    return f"found '{twice[0]}' twice; expected each column once" if twice else None


def _repeated_time(time: str | Sequence[str]) -> str | None:
    names = _names(time)
    twice = sorted({name for name in names if names.count(name) > 1})
    return f"found '{twice[0]}' twice; expected each column once" if twice else None


def _thousands_as_decimal(thousands: str | None, decimal: str) -> str | None:
    if thousands == decimal:
        return f"found '{thousands}', which is data.read.decimal too; expected another or null"
    return None


def _offset_without_zone(time_format: str | None, time_zone: str | None) -> str | None:
    if time_format is not None and "%z" in time_format.replace("%%", "") and time_zone is None:
        return (
            "found %z without a time zone; expected data.read.time_zone, such as UTC, by whose "
            "clock forecasts are written"
        )
    return None


def _repeated_past(
    past: Sequence[str], target: str | Sequence[str], time: str | Sequence[str]
) -> str | None:
    names = _names(past)
    for name in names:
        if name in _names(time):
            return f"found '{name}', which is the time column; expected a column of numbers"
        if name in _names(target):
            return f"found '{name}', which is a target and so an input already; remove it"
        if names.count(name) > 1:
            return f"found '{name}' twice; expected each column once"
    return None


_RULES = (
    _Rule(("data.time",), _repeated_time),
    _Rule(("data.read.thousands", "data.read.decimal"), _thousands_as_decimal),
    _Rule(("data.read.time_format", "data.read.time_zone"), _offset_without_zone),
    _Rule(("data.target", "data.time"), _repeated_target),
    _Rule(("data.past", "data.target", "data.time"), _repeated_past),
    _Rule(("data.split.train", "data.split.valid", "data.split.test"), _length_beside_date),
    _Rule(("data.split.test", "data.split.valid", "data.split.train"), _fractions_leave_nothing),
    _Rule(("model.layer_norm", "model.cell"), _layer_norm_of_lstm),
    _Rule(("model.init.gain", "model.layer_norm"), _gain_without_layer_norm),
    _Rule(("model.init.chrono_steps", "model.cell"), _chrono_of_rnn),
    _Rule(("model.decoder", "data.past"), _recursive_with_past),
    _Rule(("model.decoder", "model.bidirectional"), _recursive_both_ways),
    _Rule(("model.channels", "data.past"), _independent_with_past),
    _Rule(("model.init.matrices", "model.init.checkpoint"), _matrices_from_nowhere),
    _Rule(("train.momentum", "train.optimizer"), _momentum_of_adam),
    _Rule(("train.nesterov", "train.optimizer", "train.momentum"), _nesterov_alone),
    _Rule(("train.teacher_forcing", "model.decoder"), _forcing_without_feedback),
    _Rule(("train.scheduled_sampling", "train.teacher_forcing"), _sampling_without_forcing),
    _Rule(("train.tbptt_steps", "task.context"), _truncated_beyond_context),
    _Rule(("train.tbptt_steps", "model.bidirectional"), _truncated_both_ways),
    _Rule(("train.recompute_steps", "task.context", "train.tbptt_steps"), _recomputed_at_once),
    _Rule(("train.recompute_steps", "model.bidirectional"), _recomputed_both_ways),
)


def _value(values: Mapping[str, Any], path: Path) -> Any:
    found: Any = values
    for name in path:
        found = found[name]
    return found


def find_conflicts(
    values: Mapping[str, Any], *, unusable: Collection[Path] = ()
) -> Iterator[Conflict]:
    """Check every rule whose keys all hold usable values.

    ``values`` is the whole recipe as nested mappings, defaults filled in. ``unusable`` names keys
    or sections that are missing or wrong in themselves: rules that look at them are left out.
    """
    for rule in _RULES:
        paths = [tuple(key.split(".")) for key in rule.keys]
        if any(path[:depth] in unusable for path in paths for depth in range(1, len(path) + 1)):
            continue
        message = rule.breaks(*(_value(values, path) for path in paths))
        if message is not None:
            yield Conflict(tuple(paths), message)
