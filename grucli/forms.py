"""The form of values that a file holds: types, ranges, lengths, shapes. What does not fit is named.

A file that was not written by us, or was changed since, can hold anything where a number is meant.
A form says what is expected; its faults are `where: what was found; expected what`.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from itertools import islice
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np

from grucli.errors import CheckpointError

MOST_FAULTS = 21
"""One more than an error shows."""

_LONGEST_TEXT = 10_000


class Form(ABC):
    """What a value may be."""

    @abstractmethod
    def faults(self, value: Any, where: str) -> Iterator[str]:
        """What is wrong with a value that stands at ``where``."""


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

    longest: int = _LONGEST_TEXT

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


@dataclass(frozen=True)
class Maybe(Form):
    """None, or what another form asks for."""

    form: Form

    def faults(self, value: Any, where: str) -> Iterator[str]:
        """Those of the other form."""
        if value is not None:
            yield from self.form.faults(value, where)


@dataclass(frozen=True)
class Both(Form):
    """What two forms ask for."""

    first: Form
    second: Form

    def faults(self, value: Any, where: str) -> Iterator[str]:
        """Those of the first, then those of the second."""
        yield from self.first.faults(value, where)
        yield from self.second.faults(value, where)


@dataclass(frozen=True)
class Listed(Form):
    """A list of ``least`` to ``most`` values of one form."""

    form: Form
    least: int = 0
    most: int = 100_000

    def faults(self, value: Any, where: str) -> Iterator[str]:
        """Its own or those of its values."""
        if not isinstance(value, (list, tuple)) or not self.least <= len(value) <= self.most:
            yield f"{where}: {shown(value)}; expected a list of {self.least} to {self.most} values"
            return
        for index, item in enumerate(value):
            yield from self.form.faults(item, f"{where}[{index}]")


@dataclass(frozen=True)
class Mapped(Form):
    """A mapping of up to ``most`` names to values of one form."""

    form: Form
    most: int = 100_000

    def faults(self, value: Any, where: str) -> Iterator[str]:
        """Its own or those of its values."""
        if not _is_mapping(value) or len(value) > self.most:
            yield f"{where}: {shown(value)}; expected a mapping of at most {self.most} names"
            return
        for name, item in value.items():
            yield from self.form.faults(item, f"{where}.{name}")


@dataclass(frozen=True)
class Fields(Form):
    """A mapping that has all of ``fields`` and may have ``more``.

    Every other name has the form ``others``; None where there is to be none.
    """

    fields: Mapping[str, Form]
    more: Mapping[str, Form] = field(default_factory=dict)
    others: Form | None = None

    def faults(self, value: Any, where: str) -> Iterator[str]:
        """Its own or those of its values."""
        if not _is_mapping(value):
            yield f"{where}: {shown(value)}; expected a mapping of {', '.join(self.fields)}"
            return
        known = {**self.fields, **self.more}
        for name in value.keys() - known.keys():
            if self.others is None:
                yield f"{_joined(where, name)}: unknown; expected one of {', '.join(known)}"
            else:
                yield from self.others.faults(value[name], _joined(where, name))
        for name, form in known.items():
            if name in value:
                yield from form.faults(value[name], _joined(where, name))
            elif name in self.fields:
                yield f"{_joined(where, name)}: missing"


@dataclass(frozen=True)
class Plain(Form):
    """Mappings, lists and scalars of any kind, ``names`` of at most so many values in all."""

    names: int = 500
    values: int = 250_000
    text: int = _LONGEST_TEXT

    def faults(self, value: Any, where: str) -> Iterator[str]:
        """The first."""
        yield from islice(self._faults(value, where, [0, 0]), 1)

    def _faults(self, value: Any, where: str, spent: list[int]) -> Iterator[str]:
        spent[1] += 1
        if spent[0] > self.names or spent[1] > self.values:
            yield f"{where}: more than {self.names} names or {self.values} values"
        elif _is_mapping(value):
            spent[0] += len(value)
            for name, item in value.items():
                yield from self._faults(item, _joined(where, name), spent)
        elif isinstance(value, (list, tuple)):
            for index, item in enumerate(value):
                yield from self._faults(item, f"{where}[{index}]", spent)
        elif value is not None and not isinstance(value, (bool, int, float)):
            yield from Text(self.text).faults(value, where)


def form_of(example: Any) -> Form:
    """The form that values like an example have: names and shapes as they are, any numbers."""
    if isinstance(example, Mapping):
        return Fields({name: form_of(item) for name, item in example.items()})
    if isinstance(example, (list, tuple)):
        return Plain()
    if isinstance(example, bool):
        return Truth()
    if isinstance(example, int):
        return Number(least=0, most=2**53, whole=True)
    if isinstance(example, float):
        return Number(not_a_number=True)
    if isinstance(example, str):
        return Text()
    if example is None:
        return Plain()
    return Array((str(example.dtype).removeprefix("torch."),), tuple(example.shape))


def form_of_class(kind: type) -> Fields:
    """The form that values of a frozen class of results have in JSON, where NaN is null."""
    hints = get_type_hints(kind)
    return Fields({item.name: _form_of_hint(hints[item.name]) for item in written_fields(kind)})


def written_fields(kind: type) -> list[Field[Any]]:
    """The fields of a class of results that JSON has."""
    return [item for item in fields(kind) if item.metadata.get("json", True)]


def _form_of_hint(hint: Any) -> Form:
    options = [option for option in get_args(hint) if option is not type(None)]
    if hint in _SCALARS:
        return _SCALARS[hint]
    if get_origin(hint) is tuple:
        exact = None if options[-1] is ... else len(options)
        return Listed(_form_of_hint(options[0]), least=exact or 0, most=exact or Listed.most)
    if get_origin(hint) is UnionType:
        return Maybe(_form_of_hint(options[0]))
    return form_of_class(hint)


_SCALARS: dict[Any, Form] = {
    int: Number(least=0, most=2**53, whole=True),
    float: Maybe(Number(not_a_number=True)),
    bool: Truth(),
    str: Text(_LONGEST_TEXT),
}


def faults_of(form: Form, value: Any, where: str = "") -> list[str]:
    """The first faults of a value, enough for an error to say that there are more."""
    return list(islice(form.faults(value, where), MOST_FAULTS))


def shown(value: Any) -> str:
    """A value in a few words: a scalar as it is, of anything else what it is."""
    if value is None or isinstance(value, (bool, int, float, str)):
        text = repr(value[:60] if isinstance(value, str) else value)
        return text if len(text) <= 60 else f"{text[:57]}..."
    if isinstance(value, np.ndarray):
        return f"a {value.dtype} tensor of shape {value.shape}"
    if isinstance(value, (Mapping, Sequence)):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"


def check_form(form: Form, value: Any, where: str) -> None:
    """Raise CheckpointError naming the first faults of a value in a checkpoint."""
    faults = faults_of(form, value, where)
    if faults:
        raise CheckpointError(*(f"{fault}; the file was changed" for fault in faults))


def _joined(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(name, str) for name in value)
