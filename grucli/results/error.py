"""An error as a document: what stands in its line, in parts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_QUOTED = r"""(?<!\w)"[^"]*"|(?<!\w)'[^']*'"""
_PART = re.compile(rf"(?:{_QUOTED}|[^:;]|[:;](?!\s))+")
"""Text up to a colon or semicolon with a blank behind it; what is quoted stays whole."""
_MESSAGE = re.compile(rf"(?:{_QUOTED}|[^;]|;(?!\s))+")
"""The same up to a semicolon."""
_PLACE = re.compile(r"(line|row|column|series) .+|\S+")
"""What stands behind the first place and is a place too: a line, a column, a key."""


_NO_PLACES = {"could not finish", "internal fault", "standard output is closed"}
"""How a line begins that is about the command itself."""


@dataclass(frozen=True)
class Problem:
    """One line of an error: ``where`` it stands, what is wrong, and what to do about it."""

    where: str | None
    message: str
    hint: str | None

    @classmethod
    def of(cls, line: str) -> "Problem":
        """Take a line apart: ``where: message; hint``.

        A line without a place has none; the hint is what stands behind the first semicolon.
        """
        places: list[str] = []
        rest = line
        while (part := _PART.match(rest)) and rest[part.end() : part.end() + 1] == ":":
            if part[0] in _NO_PLACES or (places and not _PLACE.fullmatch(part[0])):
                break
            places.append(part[0])
            rest = rest[part.end() + 1 :].lstrip()
        said = _MESSAGE.match(rest)
        message = said[0] if said else rest
        hint = rest[len(message) + 1 :].strip()
        return cls(": ".join(places) or None, message.strip(), hint or None)


@dataclass(frozen=True)
class Error:
    """What ended a command: its exit ``code``, and the first of its problems; ``others`` follow."""

    code: int
    where: str | None
    message: str
    hint: str | None
    others: tuple[Problem, ...] = ()

    @classmethod
    def of(cls, code: int, lines: Sequence[str]) -> "Error":
        """The document of an error of these lines, of which there is at least one."""
        first, *others = map(Problem.of, lines)
        return cls(code, first.where, first.message, first.hint, tuple(others))
