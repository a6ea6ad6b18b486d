"""Errors of YAML syntax and of missing files, in words for people who do not know YAML's own."""

import difflib
import re
from pathlib import Path
from typing import Any

import yaml

_CONFLICT = re.compile(r"^(<<<<<<<|>>>>>>>|=======$)", re.MULTILINE)

_BEGINS_EARLIER = re.compile(r"unexpected end of stream|find expected ':'|expected ',' or")
"""What is noticed late: the place to look is where the quote, key or bracket begins."""

_SENTENCES: tuple[tuple[str, str], ...] = (
    (r"character '\\t' that cannot start", "found a tab; expected spaces"),
    (r"found character '(.)' that cannot start", r"a value cannot begin with \1; quote it"),
    (r"found unexpected end of stream", "found no closing quote"),
    (
        r"mapping values are not allowed",
        "found a ':' that begins a second value or stands too deep; quote a text that holds ': ', "
        "or align the keys of a section",
    ),
    (
        r"sequence entries are not allowed",
        'found a list where a value is expected; quote a lone "-", or begin the list on a new line',
    ),
    (r"could not find expected ':'", "found no ':' after a key; expected key: value, with a space"),
    (r"expected ',' or '\]'", "found no ',' or ']' in a list that is open"),
    (r"expected ',' or '}'", "found no ',' or '}' in a section that is open"),
    (
        r"expected <block end>",
        "found something that does not belong here; align the keys of a section, and put "
        "the whole of a text in quotes, not a part of it",
    ),
    (r"expected alphabetic or numeric", "a value cannot begin with *, & or !; quote it"),
    (r"expected the node content", "found no value where one is expected"),
    (r"expected '<document start>'", "found more after the end of the value; expected one value"),
    (
        r"found unknown escape character",
        "found a backslash escape that YAML does not have; use single quotes",
    ),
    (r"incompatible YAML document", "found a %YAML directive of another version; remove it"),
    (r"found undefined tag handle", "found a tag; tags have no meaning in a recipe; remove it"),
)


def explain(error: yaml.MarkedYAMLError, text: str) -> tuple[Any, str]:
    """Where the error is best looked for, and one sentence that quotes its line."""
    problem = error.problem or "not YAML"
    begins_earlier = _BEGINS_EARLIER.search(problem) and error.context_mark is not None
    mark = error.context_mark if begins_earlier else error.problem_mark
    message = problem
    for pattern, sentence in _SENTENCES:
        match = re.search(pattern, problem)
        if match is not None:
            message = match.expand(sentence)
            break
    lines = text.splitlines()
    line = lines[mark.line].strip(" ") if mark is not None and mark.line < len(lines) else ""
    shown = line if len(line) <= 60 else line[:60] + "..."
    return mark, f"{message}; the line reads: {shown}" if shown else message


def find_conflict_marker(text: str) -> int | None:
    """Where version control left a merge-conflict marker; None if nowhere."""
    match = _CONFLICT.search(text)
    return None if match is None else match.start()


def missing_file(path: Path) -> str:
    """Say that there is no such file, and which one may have been meant."""
    try:
        names = sorted(file.name for file in path.parent.iterdir() if file.is_file())
    except OSError:
        return f"no such file; the folder {path.parent} cannot be read"
    close = difflib.get_close_matches(path.name, names, n=1)
    return f"no such file; did you mean '{path.with_name(close[0])}'?" if close else "no such file"
