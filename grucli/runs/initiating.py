"""Write a first recipe for a table: what was seen of it, and what the rules make of that."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from grucli.data import Look, add_calendar
from grucli.errors import UsageError
from grucli.files import check_place, same_file, write_atomically
from grucli.places import is_file
from grucli.recipe import recipe_from_mapping, scalar_text
from grucli.results import RecipeDraft
from grucli.runs.first_look import STDIN, FirstLook
from grucli.runs.recipe_choices import Choice
from grucli.runs.recipe_rules import RULES
from grucli.tasks import task_of
from grucli.text import clean, plural, printable, some

_MOST_LEFT_OUT = 6
_NAMES = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}


def init(
    data: str, *, folder: str | Path = ".", task: str | None = None, target: str | None = None
) -> RecipeDraft:
    """A recipe for a table that trains as it is; ``folder`` is where it will lie.

    ``task`` is a kind of task and ``target`` the column to learn; None leaves it to the rules.
    Raises DataError for a table without a time, or without enough rows to learn from, UsageError
    for a task or a column that it does not have, or a path that no recipe can name.
    """
    try:
        data.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{data}: is not UTF-8, which a recipe is written in; rename it"
        ) from error
    seen = FirstLook.of(data, task, target)
    chosen: dict[str, Choice] = {
        "name": Choice(_name(data)),
        "data.path": _path_from(data, Path(folder)),
    }
    for rule in RULES:
        choice = rule.choose(seen) if seen.kind in (rule.kinds or (seen.kind,)) else None
        if choice is not None:
            chosen[rule.key] = choice
    values = _nested(chosen)
    recipe = recipe_from_mapping(values | {"data": values["data"] | {"path": data}})
    counts = _windows(seen, recipe)
    return RecipeDraft(data, _seen(seen) | counts, values, "\n".join(_lines(seen, chosen)) + "\n")


def check_output(output: str, data: str, *, overwrite: bool) -> None:
    """Raise UsageError where the recipe would take the place of a file that is to be kept,
    GrucliError where it cannot be written.
    """
    check_place(output)
    if same_file(output, data):
        raise UsageError(f"{output}: is the table that is read; choose another name")
    if is_file(output) and not overwrite:
        raise UsageError(f"{output}: is there already; add --overwrite, or choose another name")


def write_recipe(draft: RecipeDraft, output: str) -> None:
    """Write the text of a draft into a file."""
    write_atomically(Path(output), draft.recipe.encode())


def _windows(seen: FirstLook, recipe: Any) -> dict[str, str]:
    """How many samples there are of each part; raises DataError where a part has none."""
    task = task_of(recipe)
    recipe = recipe.with_categories(seen.panel.columns.categories)
    panel = add_calendar(seen.panel, recipe.data.columns, recipe.data.calendar)
    read = task.prepare(recipe, panel, device="cpu")
    counts = [f"{len(read.samples(part)):,} {part}" for part in ("train", "valid", "test")]
    return {f"{task.samples_word}s": ", ".join(counts)}


def _name(data: str) -> str:
    stem = Path(data).name.split(".")[0] if data != STDIN else "mine"
    return re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_-")[:100] or "mine"


def _path_from(data: str, folder: Path) -> Choice:
    if data == STDIN or Path(data).is_absolute():
        return Choice(data)
    return Choice(os.path.relpath(data, folder), "relative to this file")


def _nested(chosen: Mapping[str, Choice]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, choice in chosen.items():
        *sections, name = key.split(".")
        place = values
        for section in sections:
            place = place.setdefault(section, {})
        place[name] = choice.value
    return values


def _seen(seen: FirstLook) -> dict[str, str]:
    """What was looked for and what was found, in words."""
    look, panel = seen.look, seen.panel
    words = _written(look) | {
        "time": f"{', '.join(look.time)} ({panel.frequency.style.words})",
        "frequency": panel.frequency.words,
        "series": _series_words(seen),
        "task": seen.kind,
    }
    if seen.aim.label is not None:
        words["label"] = seen.aim.label
    else:
        words["season"] = plural(seen.season, "step") if seen.season else "none"
        words["target"] = str(seen.target)
    words["past"] = ", ".join(seen.past) or "none"
    if seen.static:
        words["static"] = ", ".join(seen.static)
    if seen.texts:
        words["categories"] = ", ".join(seen.texts)
    missing = f"{int((~panel.observed).sum()):,} of {plural(panel.observed.size, 'value')}"
    words["missing"] = ", also written ".join([missing, *look.dialect.missing_values][:2])
    left = [f"{name} ({why})" for name, why in seen.left_out.items() if name != seen.aim.label]
    if left:
        words["left out"] = some(left, _MOST_LEFT_OUT)
    return {key: printable(value) for key, value in words.items()}


def _written(look: Look) -> dict[str, str]:
    """How the table is written."""
    dialect, cells = look.dialect, look.cells
    words = {"looked at": f"{'all' if cells.is_whole else 'the first'} {plural(cells.rows, 'row')}"}
    if cells.delimiter:
        words |= {"encoding": dialect.encoding, "delimiter": _NAMES[cells.delimiter]}
    words["decimal"] = {".": "point", ",": "comma"}[dialect.decimal]
    if dialect.thousands:
        words["thousands"] = repr(dialect.thousands)
    if dialect.time_zone:
        words["time zone"] = f"{dialect.time_zone}, or another with the same clock changes"
    return words


def _series_words(seen: FirstLook) -> str:
    lengths = seen.lengths
    if not seen.look.series:
        return f"one, {plural(int(lengths[0]), 'row')}"
    named = ", ".join(seen.look.series)
    size = f"{lengths.min()} to {lengths.max()} rows"
    return f"{plural(len(lengths), 'series', 'series')} by {named}, {size}"


def _lines(seen: FirstLook, chosen: Mapping[str, Choice]) -> Iterator[str]:
    """The recipe, a key a line with its reason behind it."""
    yield f"# A first recipe for {clean(Path(seen.path).name)}, written by `grucli init` by the"
    yield "# rules of docs/init.md; change what you know better."
    section = ""
    for key, choice in chosen.items():
        first, _, name = key.partition(".")
        if name and first != section:
            if section == "data":
                yield from _left_out(seen)
            section = first
            yield f"{section}:"
        line = f"  {name}: {_value(choice.value)}" if name else f"{first}: {_value(choice.value)}"
        yield f"{line}  # {clean(choice.why)}" if choice.why else line


def _left_out(seen: FirstLook) -> Iterator[str]:
    for name, why in seen.left_out.items():
        if name != seen.aim.label:
            yield f"  # left out: {clean(name)} ({clean(why)})"


def _value(value: Any) -> str:
    """A value in YAML, on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return scalar_text(value)
