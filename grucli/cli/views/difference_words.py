"""What else differs between two weight files, short enough to read; ``--json`` has it all."""

import re
from collections.abc import Iterator, Mapping

from grucli.text import clean, plural, shorten

_MOST_LINES = 20
_WIDEST = 60
_TOGETHER = {"scaler": "column", "deviations": "value"}
"""Sections whose entries are many of one kind, and what one of them is called."""

_OUTCOMES = ("progress.", "deviations.")
_DIGITS, _ALL_DIGITS = 6, 17

_NUMBERS = re.compile(r"\[.*\]|[-+.\de]+")
_LONG_NUMBER = re.compile(r"-?\d+\.\d+(?:e[-+]?\d+)?")
_HASH = re.compile(r"[0-9a-f]{40,}")

Pair = tuple[str, str]


def difference_words(differences: Mapping[str, Pair]) -> Iterator[str]:
    """A line for each difference, one for all columns of a scaler or standard deviations of one
    moment.

    Where they are many, only what came of training is cut.
    """
    causes: list[str] = []
    outcomes: list[str] = []
    for address, words in _by_column(differences):
        lines = outcomes if address.startswith(_OUTCOMES) else causes
        lines.append(f"{clean(address)}: {words}")
    kept = max(_MOST_LINES - len(causes), 0)
    yield from [*causes, *outcomes[:kept]]
    if len(outcomes) > kept:
        more = plural(len(outcomes) - kept, "more difference")
        yield f"and {more} in what came of training (--json has all)."


def _by_column(differences: Mapping[str, Pair]) -> Iterator[Pair]:
    """Address and words of every difference, those of many of one kind together."""
    columns: dict[str, dict[str, Pair]] = {}
    for address, pair in differences.items():
        section, _, rest = address.partition(".")
        key, _, column = rest.partition(".")
        if section in _TOGETHER and column:
            columns.setdefault(f"{section}.{key}", {})[column] = pair
    written = set()
    for address, pair in differences.items():
        group = next((name for name in columns if address.startswith(f"{name}.")), None)
        if group is None or len(columns[group]) == 1:
            yield address, _pair_words(pair)
        elif group not in written:
            written.add(group)
            yield group, _columns_words(columns[group], _TOGETHER[group.partition(".")[0]])


def _columns_words(columns: Mapping[str, Pair], noun: str) -> str:
    most = max(columns, key=lambda column: _distance(columns[column]))
    how = "most" if _distance(columns[most]) >= 0 else "such as"
    words = f"{clean(most)}: {_pair_words(columns[most])}"
    return f"{plural(len(columns), noun)} differ, {how} {words}"


def _distance(pair: Pair) -> float:
    """How far two numbers are apart beside their size, from 0 to 1; -1 if one is none."""
    try:
        before, after = map(float, pair)
    except ValueError:
        return -1.0
    size = abs(before) + abs(after)
    return abs(after - before) / size if size > 0 else 0.0


def _pair_words(pair: Pair) -> str:
    """Both values, as short as tells them apart."""
    for count in range(_DIGITS, _ALL_DIGITS + 1):
        rounded = [_rounded(text, count) for text in pair]
        if rounded[0] != rounded[1]:
            break
    safe = [clean(text) if text.strip() else repr(text) for text in rounded]
    cut = [shorten(text, _WIDEST) for text in safe]
    return " → ".join(cut if cut[0] != cut[1] else map(_end, safe))


def _end(text: str) -> str:
    return text if len(text) <= _WIDEST else "…" + text[1 - _WIDEST :]


def _rounded(text: str, count: int) -> str:
    """Numbers, alone or in a list, with ``count`` significant digits, hashes with twice as many."""
    if _HASH.fullmatch(text):
        return text[: 2 * count]
    if not _NUMBERS.fullmatch(text):
        return text
    return _LONG_NUMBER.sub(lambda number: f"{float(number[0]):.{count}g}", text)
