"""What a cell may hold: a number, a missing value, or something to be explained."""

import json
import math
import re

from grucli.dialect import Dialect
from grucli.text import quoted

MISSING_WORDS = ("", "NA", "N/A", "NaN", "nan", "null")
"""Texts that stand for a value that was not measured."""

BLANKS = " \t\v\f"
"""Characters that may surround the content of a cell."""

_LOOKED_AT = 200
"""Characters of a cell that are looked at to say what is wrong with it."""
_ALIKE = {" ": " \u00a0\u202f", "'": "'\u2019"}
"""Separators of thousands, and others that are meant by them."""
_HINTS: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?",
        "remove the thousands separators",
        {"thousands": ","},
    ),
    (
        r"[+-]?[0-9]{1,3}(\.[0-9]{3})+,[0-9]*",
        "write 1.234,5 as 1234{point}5",
        {"decimal": ",", "thousands": "."},
    ),
    (r"[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?", "write a decimal point", {"decimal": ","}),
    (r"[+-]?[0-9]*\.[0-9]+([eE][+-]?[0-9]+)?", "write a decimal comma", {"decimal": "."}),
    (
        r"[+-]?[0-9]{1,3}([ \u00a0\u202f][0-9]{3})+([.,][0-9]*)?",
        "remove the thousands separators",
        {"thousands": " "},
    ),
    (
        r"[+-]?[0-9]{1,3}(['\u2019][0-9]{3})+([.,][0-9]*)?",
        "remove the thousands separators",
        {"thousands": "'"},
    ),
    (
        r"[+-]?[0-9]{1,3}(_[0-9]{3})+([.,][0-9]*)?",
        "remove the thousands separators",
        {"thousands": "_"},
    ),
    (r"[+-]?[0-9]+(_[0-9]+)+", "remove the underscores", {}),
    (r"[+-]?[0-9.,]+ ?%", "write a number without %", {}),
    (r"[$€£¥]\s?[+-]?[0-9.,]+|[+-]?[0-9.,]+\s?[$€£¥]", "remove the currency sign", {}),
    (r"[+-]?0[xX][0-9a-fA-F]+", "write the number in decimal digits", {}),
    (r"(?i)[+-]?(inf|infinity)|-nan|\+nan", "leave the cell empty if there is no value", {}),
    (r"(?i)true|false|yes|no", "write 1 or 0", {}),
)
_NUMERIC = tuple(form for form, _, _ in _HINTS if "true|" not in form)
_NO_VALUE = re.compile(r"(?i)[^0-9]{1,8}")
"""What may stand for a missing value: a short word or sign."""


class NumberFormat:
    """How the numbers of a table are written, and its missing values."""

    def __init__(self, dialect: Dialect) -> None:
        """Numbers among ``missing_values`` stand for every cell of the same value."""
        self.dialect = dialect
        self._decimal = dialect.decimal
        self._separators = _ALIKE.get(dialect.thousands or "", dialect.thousands or "")
        group = f"[0-9]{{1,3}}(?:[{re.escape(self._separators)}][0-9]{{3}})+"
        whole = f"(?:{group}|[0-9]+)" if self._separators else "[0-9]+"
        point = re.escape(self._decimal)
        self._number = re.compile(
            rf"[+-]?(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?"
        )
        self._is_plain = self._decimal == "." and not self._separators
        words = dict.fromkeys(word.strip(BLANKS) for word in dialect.missing_values)
        numbers = {word: self._parse_number(word) for word in words}
        self.missing_numbers = frozenset(n for n in numbers.values() if n is not None)
        """Values that stand for a missing one."""
        self.missing_words = (*MISSING_WORDS, *(w for w in words if numbers[w] is None))
        """Texts that stand for a missing value."""
        self._missing = frozenset(self.missing_words)

    def parse(self, cell: str) -> float | None:
        """The float64 nearest to a cell, NaN where it is missing, None where it is no number."""
        text = cell.strip(BLANKS)
        if text in self._missing:
            return math.nan
        number = self._parse_number(text)
        return math.nan if number in self.missing_numbers else number

    def _parse_number(self, text: str) -> float | None:
        if self._number.fullmatch(text) is None:
            return None
        if not self._is_plain:
            for separator in self._separators:
                text = text.replace(separator, "")
            text = text.replace(self._decimal, ".")
        number = float(text)
        return number if math.isfinite(number) else None

    def is_missing(self, cell: str) -> bool:
        """Whether a cell stands for a missing value."""
        number = self.parse(cell)
        return number is not None and math.isnan(number)

    def is_text(self, cell: str) -> bool:
        """Whether a cell is neither missing nor a number, however that may be written."""
        text = cell.strip(BLANKS)
        if self.parse(text) is not None or self._number.fullmatch(text) is not None:
            return False
        return not any(re.fullmatch(form, text[:_LOOKED_AT]) for form in _NUMERIC)

    def explain(self, cell: str) -> str:
        """Say what is wrong with a cell for which ``parse`` gave None, and what to do."""
        text = cell.strip(BLANKS)
        if self._number.fullmatch(text) is not None:
            return (
                f"{quoted(cell)} is beyond the range of a float64; expected at most 1.8e308; "
                "correct the cell or leave it empty"
            )
        example = f"12{self._decimal}5"
        return (
            f"{quoted(cell)} is not a number; expected one such as {example} or -3e-2, or an empty "
            f"cell; {self._remedy(text[:_LOOKED_AT])}"
        )

    def _remedy(self, text: str) -> str:
        for form, advice, keys in _HINTS:
            changed = {key: to for key, to in keys.items() if getattr(self.dialect, key) != to}
            if re.fullmatch(form, text) and (changed or not keys):
                remedy = advice.format(point=self._decimal)
                settings = " and ".join(setting(key, value) for key, value in changed.items())
                return f"{remedy}, or set {settings}" if settings else remedy
        if any(c.isdigit() and not c.isascii() for c in text):
            return "write the number with the digits 0 to 9"
        if _NO_VALUE.fullmatch(text) and text.isprintable():
            return (
                "leave the cell empty if there is no value, or set "
                f"{setting('missing_values', [text])}"
            )
        return "correct the cell, or leave the column out of the recipe"


def setting(key: str, value: object) -> str:
    """A key of data.read with a value, as a recipe writes it."""
    return f"data.read.{key}: {json.dumps(value, ensure_ascii=False)}"
