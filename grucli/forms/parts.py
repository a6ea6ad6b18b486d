"""The forms of values with parts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from grucli.forms.form import Form, shown
from grucli.forms.values import LONGEST_TEXT, Text


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
    text: int = LONGEST_TEXT

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


def _joined(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(name, str) for name in value)
