"""What a recipe's ``tune:`` may ask for."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from grucli.recipe import wording
from grucli.recipe.nodes import Entry, Node, Problem, overridden
from grucli.recipe.schema import Recipe
from grucli.recipe.tune import Span
from grucli.recipe.validate import validate
from grucli.recipe.wording import Wording

_JUDGED = "what trials are judged by must be the same in all of them"
_FIXED = {
    "name": "it is no setting",
    "data": _JUDGED,
    "task.kind": _JUDGED,
    "task.horizon": _JUDGED,
    "task.label": _JUDGED,
    "task.stride": _JUDGED,
    "task.season": "it is no setting of the network",
    "task.class_weights": _JUDGED,
    "task.label_smoothing": _JUDGED,
    "model.freeze": "give it in model",
    "model.init.checkpoint": "give it in model.init",
    "model.init.layout": "give it in model.init",
    "model.init.matrices": "give it in model.init",
    "train.loss": _JUDGED,
    "train.loss_units": _JUDGED,
    "train.seed": "the best of many seeds is luck",
    "train.kernel": "it changes no result",
    "train.refit": "trials are not trained on all rows",
    "tune": "it is no setting",
}
"""Keys that are not searched, and why."""
_FIXED_IN_WINDOW_UNITS = ("task.normalise", "task.context")


def searched_key(key: str, recipe: Recipe) -> str | None:
    """Why a key, or the section it is in, is not searched; None where it may be."""
    parts = key.split(".")
    for depth in range(1, len(parts) + 1):
        reason = _FIXED.get(".".join(parts[:depth]))
        if reason is not None:
            return reason
    if recipe.train.loss_units == "window" and key in _FIXED_IN_WINDOW_UNITS:
        return f"with train.loss_units window it changes the unit of the loss, and {_JUDGED}"
    return None


def is_whole(key: str, recipe: Recipe) -> bool | None:
    """Whether the numbers of a key are whole ones; None for a key that takes no numbers."""
    kinds = wording.kinds(Wording(recipe.task.kind).schema_at(key.split(".")) or {})
    return None if not kinds & {"number", "integer"} else "number" not in kinds


def space_problems(root: Node, recipe: Recipe) -> Iterator[Problem]:
    """What is wrong with the space of a recipe that is right in all else, at its place.

    Values that break a rule together with another key that is searched too are no problem: such
    a combination is left out when it comes up.
    """
    entries = {key: _entry(root, key) for key in recipe.tune.space}
    for key, entry in entries.items():
        yield from _key_problems(key, entry, recipe)
    if recipe.tune.sampler == "grid":
        for key, entry in entries.items():
            if is_endless(key, recipe):
                message = "grid tries all values; expected a list, or a range with a step"
                yield Problem(entry.where, f"tune.{key}", message)
    without = replace(root, value={k: v for k, v in root.value.items() if k != "tune"})
    usable = [key for key, entry in entries.items() if not any(_key_problems(key, entry, recipe))]
    for key in usable:
        yield from _value_problems(without, key, _values(entries[key].node), usable)


def is_endless(key: str, recipe: Recipe) -> bool:
    """Whether a range has more values than can be counted."""
    span = recipe.tune.space[key]
    return isinstance(span, Span) and span.step is None and not is_whole(key, recipe)


def _entry(root: Node, key: str) -> Entry:
    entry: Entry = root.value["tune"].node.value[key]
    return entry


def _key_problems(key: str, entry: Entry, recipe: Recipe) -> Iterator[Problem]:
    """What is wrong with a key, whatever its values are."""
    words, path = Wording(recipe.task.kind), tuple(key.split("."))
    schema = words.schema_at(path)
    if "." not in key:
        message = f"unknown key; expected one of {', '.join(words.keys_of(('tune',)))}, or a "
        message += "dotted key such as train.lr"
    elif schema is None:
        known = words.schema_at(path[:-1]) is not None
        meant = words.meant_by(path[-1], path[:-1] if known else ())
        hint = "expected a key such as train.lr"
        if meant is not None:
            hint = f"did you mean '{'.'.join(map(str, meant))}'?"
        message = f"unknown key; {hint}"
    elif (reason := searched_key(key, recipe)) is not None:
        message = f"is not searched: {reason}"
    elif "properties" in schema:
        keys = ", ".join(f"{key}.{name}" for name in list(schema["properties"])[:3])
        message = f"a section; expected one of its keys, such as {keys}"
    elif isinstance(recipe.tune.space[key], Span) and is_whole(key, recipe) is None:
        message = f"found a range; expected a list: {key} takes {wording.expected(schema)}"
    else:
        return
    yield Problem(entry.where, f"tune.{key}", message)


def _values(space: Node) -> list[Node]:
    """The nodes of single values: those of a list, or the ends of a range."""
    if isinstance(space.value, list):
        return space.value
    ends = space.value.get("log") or space.value["range"]
    values: list[Node] = ends.node.value
    return values


def _value_problems(
    root: Node, key: str, values: Sequence[Node], searched: Sequence[str]
) -> Iterator[Problem]:
    """Values that the key does not take, or that break a rule with a key that stays as it is."""
    for node in values:
        _, problems = validate(overridden(root, tuple(key.split(".")), node))
        for problem in problems:
            others = {problem.path, *problem.others} - {key}
            if others & set(searched):
                continue
            about = "" if problem.path == key else f"{node.text}: {problem.path}: "
            yield Problem(node.where, f"tune.{key}", about + problem.message)
