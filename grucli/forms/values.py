"""The forms of values without parts."""

import math
from abc import abstractmethod
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from grucli.forms.form import Form, shown

LONGEST_TEXT = 12_000
"""Room for the picture of a matrix of 64 x 64 in float16, which is 10,924 letters of base64."""


class _One(Form):
    """A value without parts; ``words`` says what is expected."""

    @property
    @abstractmethod
    def words(self) -> str: ...

    @abstractmethod
    def fits(self, value: Any) -> bool: ...

    def faults(self, value: Any, where: str) -> Iterator[str]:
        """One at most."""
        if not self.fits(value):
            yield f"{where}: {shown(value)}; expected {self.words}"


@dataclass(frozen=True)
class Number(_One):
    """A number from ``least`` to ``most``, both included; ``not_a_number`` lets NaN pass too."""

    least: float = -math.inf
    most: float = math.inf
    whole: bool = False
    not_a_number: bool = False

    @property
    def words(self) -> str:
        """Such as ``a whole number from 1``."""
        ends = ((self.least, "from"), (self.most, "to"))
        span = "".join(f" {word} {end:g}" for end, word in ends if math.isfinite(end))
        return f"a {'whole ' * self.whole}number{span}"

    def fits(self, value: Any) -> bool:
        """Truth values are no numbers."""
        if type(value) not in ((int,) if self.whole else (int, float)):
            return False
        return self.least <= value <= self.most or (self.not_a_number and math.isnan(value))


@dataclass(frozen=True)
class Text(_One):
    """A text that is not endless."""

    longest: int = LONGEST_TEXT

    @property
    def words(self) -> str:
        """In words."""
        return f"a text of at most {self.longest} characters"

    def fits(self, value: Any) -> bool:
        """Whether it is one."""
        return isinstance(value, str) and len(value) <= self.longest


class Truth(_One):
    """Either true or false."""

    words = "true or false"

    def fits(self, value: Any) -> bool:
        """Whether it is one."""
        return type(value) is bool


@dataclass(frozen=True)
class OneOf(_One):
    """One of a few values."""

    known: Collection[Any]

    @property
    def words(self) -> str:
        """All of them."""
        return f"one of {', '.join(map(str, self.known))}"

    def fits(self, value: Any) -> bool:
        """Whether it is one."""
        return isinstance(value, (str, int)) and value in self.known


@dataclass(frozen=True)
class Array(_One):
    """A tensor of one of ``types``, of a ``shape`` where that is known."""

    types: tuple[str, ...]
    shape: tuple[int, ...] | None = None

    @property
    def words(self) -> str:
        """Such as ``a float32 tensor of shape (9, 3)``."""
        shape = "" if self.shape is None else f" of shape {self.shape}"
        return f"a {' or '.join(self.types)} tensor{shape}"

    def fits(self, value: Any) -> bool:
        """Whether it is one; its numbers may be anything."""
        is_one = isinstance(value, np.ndarray) and value.dtype.name in self.types
        return is_one and self.shape in (None, value.shape)


class Whatever(Form):
    """Anything: somebody else looks at it."""

    def faults(self, value: Any, where: str) -> Iterator[str]:
        """None."""
        yield from ()
