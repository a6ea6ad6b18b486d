"""``--fail-if``: a comparison between a named number of the result and a limit."""

import difflib
import fnmatch
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence

from grucli.errors import CheckFailedError, UsageError
from grucli.text import some

_EXPRESSION = re.compile(
    r"\s*(?P<name>[^\s<>=!](?:[^<>=!]*[^\s<>=!])?)\s*(?P<sign><=|>=|==|!=|<|>)"
    r"\s*(?P<limit>[-+.\deE]+)\s*"
)
_LISTED = 12
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def check_syntax(expressions: Sequence[str]) -> None:
    """Raise UsageError where an expression is no comparison, whatever the numbers are called."""
    for text in expressions:
        _comparison(text)


def check(
    expressions: Sequence[str],
    numbers: Mapping[str, float | None],
    aliases: Mapping[str, str] | None = None,
) -> None:
    """Raise CheckFailedError when any expression is true, UsageError when one makes no sense.

    A name may hold ``*``, ``?`` and ``[..]`` and then stands for every number it matches, unless
    one is called so itself.
    ``aliases`` maps other names to those of numbers. A number that is not defined (None or NaN)
    fails no check, except that nothing defined matches at all.
    """
    failures = [
        failure for text in expressions for failure in _failures(text, numbers, aliases or {})
    ]
    if failures:
        raise CheckFailedError(*failures)


def _comparison(text: str) -> tuple[str, str, float]:
    """The name, the sign and the limit of an expression."""
    match = _EXPRESSION.fullmatch(text)
    limit = _number(match["limit"]) if match else None
    if match is None or limit is None:
        raise UsageError(
            f'--fail-if "{text}": not a comparison; expected a name, one of '
            f'{" ".join(_SIGNS)} and a number, such as "mase>1"'
        )
    return match["name"], match["sign"], limit


def _failures(
    text: str, numbers: Mapping[str, float | None], aliases: Mapping[str, str]
) -> list[str]:
    asked, sign, limit = _comparison(text)
    found: dict[str, str] = {}
    every = [*numbers, *aliases]
    for name in [asked] if asked in every else fnmatch.filter(every, asked):
        found.setdefault(aliases.get(name, name), name)
    if not found:
        hint = _hint(asked, [*numbers, *aliases])
        raise UsageError(f'--fail-if "{text}": no number is called {asked}; {hint}')
    values = {shown: numbers[name] for name, shown in found.items()}
    defined = {name: v for name, v in values.items() if v is not None and not math.isnan(v)}
    if not defined:
        raise CheckFailedError(
            f'--fail-if "{text}": {asked} is not defined here, so the check cannot pass'
        )
    return [
        f'--fail-if "{text}": {name} is {value:.6g}'
        for name, value in defined.items()
        if _SIGNS[sign](value, limit)
    ]


def _hint(name: str, known: Sequence[str]) -> str:
    """The number that was perhaps meant; a statistic alone is meant of every matrix."""
    every = dict.fromkeys(f"*.{word.rpartition('.')[2]}" for word in known if "." in word)
    if f"*.{name}" in every:
        return f"did you mean *.{name}?"
    near = difflib.get_close_matches(name, [*known, *every], n=1)
    return f"did you mean {near[0]}?" if near else f"known: {some(known, _LISTED)}"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
