"""The forms that follow from an example or from a class of results."""

from collections.abc import Mapping
from dataclasses import Field, fields
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from grucli.forms.form import Form
from grucli.forms.parts import Fields, Listed, Maybe, Plain
from grucli.forms.values import LONGEST_TEXT, Array, Number, Text, Truth

_SCALARS: dict[Any, Form] = {
    int: Number(least=0, most=2**53, whole=True),
    float: Maybe(Number(not_a_number=True)),
    bool: Truth(),
    str: Text(LONGEST_TEXT),
}


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
