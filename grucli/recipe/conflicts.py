"""What one key of a recipe demands of another: every rule, over plain values."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grucli.recipe.data_rules import DATA_RULES
from grucli.recipe.label_rules import LABEL_RULES
from grucli.recipe.model_rules import MODEL_RULES
from grucli.recipe.output_rules import OUTPUT_RULES
from grucli.recipe.task_rules import TASK_RULES
from grucli.recipe.train_rules import TRAIN_RULES

Path = tuple[str, ...]
_RULES = (*DATA_RULES, *MODEL_RULES, *TRAIN_RULES, *TASK_RULES, *LABEL_RULES, *OUTPUT_RULES)


@dataclass(frozen=True)
class Conflict:
    """A value that does not go with others: the keys looked at, the one to change first.

    With ``is_missing`` the first of them should be there and is not.
    """

    paths: tuple[Path, ...]
    message: str
    is_missing: bool = False


def _value(values: Mapping[str, Any], path: Path) -> Any:
    found: Any = values
    for name in path:
        found = found[name]
    return found


def _has(values: Mapping[str, Any], path: Path) -> bool:
    """Whether the recipe's task knows a key; every other section has all of its keys."""
    return path[0] != "task" or path[1] in values["task"]


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
        if rule.task not in ("", values["task"]["kind"]):
            continue
        if not all(_has(values, path) for path in paths):
            continue
        message = rule.breaks(*(_value(values, path) for path in paths))
        if message is not None:
            yield Conflict(tuple(paths), message, rule.is_missing)
