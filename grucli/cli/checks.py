"""``--fail-if``: a comparison between a named number of the result and a limit."""

import difflib
import fnmatch
import operator
import re
from collections.abc import Callable, Mapping, Sequence

from grucli.errors import CheckFailedError, UsageError

_EXPRESSION = re.compile(
    r"\s*(?P<name>[\w.*?\[\]-]+)\s*(?P<sign><=|>=|==|!=|<|>)\s*(?P<limit>[-+.\deE]+)\s*"
)
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def check(expressions: Sequence[str], numbers: Mapping[str, float | None]) -> None:
    """Raise CheckFailedError when any expression is true, UsageError when one makes no sense.

    A name may hold ``*``, ``?`` and ``[..]`` and then stands for every number it matches. A number
    that is not defined fails no check, except that nothing defined matches at all.
    """
    failures = [failure for text in expressions for failure in _failures(text, numbers)]
    if failures:
        raise CheckFailedError(*failures)


def _failures(text: str, numbers: Mapping[str, float | None]) -> list[str]:
    match = _EXPRESSION.fullmatch(text)
    limit = _number(match["limit"]) if match else None
    if match is None or limit is None:
        raise UsageError(
            f'--fail-if "{text}": not a comparison; expected NAME<NUMBER or NAME>NUMBER, '
            'such as "mase>1"'
        )
    names = fnmatch.filter(numbers, match["name"])
    if not names:
        near = difflib.get_close_matches(match["name"], list(numbers), n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(list(numbers)[:12])}"
        raise UsageError(f'--fail-if "{text}": no number is called {match["name"]}{hint}')
    defined = {name: value for name in names if (value := numbers[name]) is not None}
    if not defined:
        raise CheckFailedError(
            f'--fail-if "{text}": {match["name"]} is not defined here, so the check cannot pass'
        )
    return [
        f'--fail-if "{text}": {name} is {value:.6g}'
        for name, value in defined.items()
        if _SIGNS[match["sign"]](value, limit)
    ]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
