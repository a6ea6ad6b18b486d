"""Kinds of values that keys of a recipe share: texts, lists of texts, and shares of time.

``errorMessage`` goes into the JSON Schema, where editors show it, and from there into our errors.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from grucli.recipe.scalars import UnreadableScalarError, read_scalar

SHARE_WORDS = "a fraction > 0 and < 1, a number of steps >= 1 or a date in quotes"


def _listed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _one_or_listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else _listed(value)


def _share(value: Any) -> Any:
    """Let through a fraction, a number of steps or a text; one error for everything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        is_share = False
    elif isinstance(value, str):
        is_share = _may_be_a_time(value)
    else:
        is_share = value >= 1 if isinstance(value, int) else 0 < value < 1
    if not is_share:
        raise PydanticCustomError("share", SHARE_WORDS)
    return value


def _may_be_a_time(text: str) -> bool:
    """A year is a time, a fraction in quotes is not."""
    try:
        return text != "" and not isinstance(read_scalar(text.strip()), float)
    except UnreadableScalarError:
        return True


Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_listed, json_schema_input_type=list[Text])]
TextOrTexts = Annotated[
    tuple[Text, ...],
    Field(min_length=1),
    BeforeValidator(
        _one_or_listed, json_schema_input_type=Text | Annotated[list[Text], Field(min_length=1)]
    ),
]

_Fraction = Annotated[float, Field(gt=0, lt=1)]
_Steps = Annotated[int, Field(ge=1)]
Share = Annotated[
    _Steps | _Fraction | Text,
    BeforeValidator(_share, json_schema_input_type=_Fraction | _Steps | Text),
    Field(json_schema_extra={"errorMessage": SHARE_WORDS}),
]
