"""The space that is searched: the recipe's, or the one that its task has, and values out of it."""

from collections.abc import Mapping
from math import prod
from typing import Any

from grucli.errors import RecipeError
from grucli.recipe import Recipe, Space, Span, is_whole, scalar_text, searched_key, with_settings

_NETWORK: dict[str, tuple[Any, ...]] = {
    "model.hidden": (32, 64, 128),
    "model.layer_norm": ("none", "split"),
    "model.dropout": (0.0, 0.2, 0.4),
    "train.batch_size": (16, 32, 64, 128),
    "train.average": ("none", "ema"),
}
_OF_FORECASTS = _NETWORK | {
    "model.skip": ("none", "linear"),
    "task.normalise": ("none", "last", "mean_std"),
}
_OF_SERIES = _NETWORK | {
    "model.bidirectional": (False, True),
    "model.pooling": (("last",), ("mean",), ("mean", "max")),
    "task.noise": (0.0, 0.1, 0.2),
}
"""Of tasks that read whole series."""
_DECADE = 10.0


def space_of(recipe: Recipe) -> Mapping[str, Space]:
    """What a recipe searches: its own ``tune:``, or the learning rate a decade either way and the
    values of the task that go with the rest of the recipe, its own among them.
    """
    if recipe.tune.space:
        return recipe.tune.space
    lr = recipe.train.lr
    space: dict[str, Space] = {"train.lr": Span(log=_around(lr))}
    of_task = _OF_FORECASTS if recipe.task.kind == "forecast" else _OF_SERIES
    for key, values in of_task.items():
        own = setting_of(recipe, key)
        tried = values if own in values else (own, *values)
        if all(isinstance(value, int | float) for value in tried):
            tried = tuple(sorted(tried))
        fitting = tuple(v for v in tried if v == own or _goes_with(recipe, key, v))
        if searched_key(key, recipe) is None and len(fitting) > 1:
            space[key] = fitting
    return space


def _around(lr: float) -> tuple[float, float]:
    """A decade either way, in numbers that read as such: 0.0003, not 0.00030000000000000003."""
    return float(f"{lr / _DECADE:.12g}"), float(f"{lr * _DECADE:.12g}")


def _goes_with(recipe: Recipe, key: str, value: Any) -> bool:
    try:
        with_settings(recipe, {key: value})
    except RecipeError:
        return False
    return True


def setting_of(recipe: Recipe, key: str) -> Any:
    """What a recipe has for a dotted key."""
    value: Any = recipe
    for part in key.split("."):
        value = getattr(value, part)
    return value


def label(value: Any) -> str:
    """A value of a list as YAML has it, which is what the study keeps."""
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(scalar_text, value))}]"
    return scalar_text(value)


def words(space: Space) -> str:
    """The values of a key as a recipe has them."""
    if not isinstance(space, Span):
        return f"[{', '.join(map(label, space))}]"
    low, high = map(scalar_text, space.ends)
    step = "" if space.step is None else f", step: {space.step}"
    return f"{{{'range' if space.log is None else 'log'}: [{low}, {high}]{step}}}"


def suggested(trial: Any, recipe: Recipe, space: Mapping[str, Space]) -> dict[str, Any]:
    """The settings that Optuna's sampler chooses for a trial."""
    return {key: _suggested(trial, recipe, key, values) for key, values in space.items()}


def _suggested(trial: Any, recipe: Recipe, key: str, values: Space) -> Any:
    if not isinstance(values, Span):
        by_label = {label(value): value for value in values}
        return by_label[trial.suggest_categorical(key, list(by_label))]
    low, high = values.ends
    is_log = values.log is not None
    if is_whole(key, recipe):
        return trial.suggest_int(key, low, high, step=int(values.step or 1), log=is_log)
    return trial.suggest_float(key, low, high, step=values.step, log=is_log)


def own_parameters(recipe: Recipe, space: Mapping[str, Space]) -> dict[str, Any] | None:
    """The recipe's own settings as the study keeps them; None where one is not in the space."""
    own: dict[str, Any] = {}
    for key, values in space.items():
        value = setting_of(recipe, key)
        if isinstance(values, Span):
            steps = None if values.step is None else (value - values.ends[0]) / values.step
            is_in = values.ends[0] <= value <= values.ends[1]
            is_in = is_in and (steps is None or abs(steps - round(steps)) < 1e-9)
            own[key] = value
        else:
            is_in = label(value) in map(label, values)
            own[key] = label(value)
        if not is_in:
            return None
    return own


def settings_of(parameters: Mapping[str, Any], space: Mapping[str, Space]) -> dict[str, Any]:
    """What a study keeps of a trial, as the values that a recipe has."""
    found = {}
    for key, value in parameters.items():
        values = space.get(key)
        by_label = {} if values is None or isinstance(values, Span) else values
        found[key] = next((v for v in by_label if label(v) == value), value)
    return found


def combinations(recipe: Recipe, space: Mapping[str, Space]) -> int:
    """How many choices of settings there are where every range is of whole steps."""
    return prod(_count(values) for values in space.values())


def _count(values: Space) -> int:
    if not isinstance(values, Span):
        return len(values)
    low, high = values.ends
    return int((high - low) / (values.step or 1) + 1e-9) + 1
