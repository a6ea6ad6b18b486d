"""Plain YAML scalars, read as YAML 1.2 reads them; what YAML 1.1 reads otherwise is refused.

Source: YAML 1.2.2, section 10.3 (core schema), with only ``true`` and ``false`` as booleans and
only ``null``, ``~`` and nothing at all as null: ``no`` and ``Yes`` are texts.
"""

import re

Scalar = str | int | float | bool | None

LONGEST_NUMBER = 100
"""Characters; Python itself refuses to read whole numbers of more than 4300 digits."""

_CONSTANTS: dict[str, Scalar] = {"": None, "~": None, "null": None, "true": True, "false": False}
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)")
_NOT_A_NUMBER = re.compile(r"\.(nan|NaN|NAN)")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
_UNDERSCORED = re.compile(r"[-+]?[0-9.]*[0-9]_[0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?")
_BINARY = re.compile(r"[-+]?0b[01_]+")


class UnreadableScalarError(ValueError):
    """A plain scalar that could mean two things, or a number too long to be one."""


def read_scalar(text: str) -> Scalar:
    """Read a scalar that stands without quotes.

    Raises UnreadableScalarError with one sentence: what was found and what to write instead.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    _refuse_ambiguous(text)
    for pattern, base in ((_DECIMAL, 10), (_OCTAL, 8), (_HEXADECIMAL, 16)):
        if pattern.fullmatch(text):
            return int(_bounded(text), base)
    if _FLOAT.fullmatch(text):
        return float(_bounded(text))
    if _INFINITE.fullmatch(text) or _NOT_A_NUMBER.fullmatch(text):
        return float(text.replace(".", ""))
    return text


def _bounded(text: str) -> str:
    if len(text) > LONGEST_NUMBER:
        raise UnreadableScalarError(
            f"found a number of {len(text)} characters; expected at most {LONGEST_NUMBER}"
        )
    return text.removeprefix("0o")


def _refuse_ambiguous(text: str) -> None:
    number: str | None = None
    if _LEADING_ZERO.fullmatch(text):
        number = text.lstrip("+-0") or "0"
    elif _UNDERSCORED.fullmatch(text):
        number = text.replace("_", "")
    elif not (_SEXAGESIMAL.fullmatch(text) or _BINARY.fullmatch(text)):
        return
    shown = text if len(text) <= LONGEST_NUMBER else text[:20] + "..."
    remedy = f'write {number} for a number or "{shown}" for a text' if number else "quote it"
    if number and len(number) > LONGEST_NUMBER:
        remedy = "quote it"
    raise UnreadableScalarError(
        f"found {shown}, a number to one version of YAML and something else to another; {remedy}"
    )
