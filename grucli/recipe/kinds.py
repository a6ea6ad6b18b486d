"""Kinds of values that keys of a recipe share: texts, lists of texts, and shares of time.

``errorMessage`` goes into the JSON Schema, where editors show it, and from there into our errors.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, GetPydanticSchema
from pydantic_core import PydanticCustomError, core_schema

from grucli.calendars import CALENDAR_WORDS, is_calendar
from grucli.dialect import (
    DIRECTIVES,
    is_encoding,
    is_frequency,
    is_time_format,
    is_time_zone,
)
from grucli.recipe.scalars import UnreadableScalarError, read_scalar

OUTPUT_WORDS = (
    "point, gaussian, student_t, negative_binomial, or {quantiles: [0.1, 0.5, 0.9]} with levels > "
    "0 and < 1"
)
SHARE_OR_NONE_WORDS = "a fraction > 0 and < 1, a number of steps, 0 for none, or a date in quotes"
SHARE_WORDS = "a fraction > 0 and < 1, a number of steps >= 1 or a date in quotes"


def listed(value: Any) -> Any:
    """A list as the tuple that a frozen section keeps; whatever else as it is."""
    return tuple(value) if isinstance(value, list) else value


def _one_or_listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else listed(value)


def _no_fraction(text: str) -> str:
    """A year is a time, a fraction in quotes is not."""
    try:
        is_fraction = isinstance(read_scalar(text.strip()), float)
    except UnreadableScalarError:
        return text
    if is_fraction:
        raise PydanticCustomError("share", SHARE_WORDS)
    return text


def one_of(choices: Sequence[str]) -> GetPydanticSchema:
    """A text that is one of the choices, where they are known only when the program runs."""
    return GetPydanticSchema(lambda _, __: core_schema.literal_schema(list(choices)))


Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(listed, json_schema_input_type=list[Text])]
TextsOrFound = Annotated[
    tuple[Text, ...] | None,
    BeforeValidator(listed, json_schema_input_type=list[Text] | None),
]
"""A list of texts, or null where the table says them."""
TextOrTextsOrNone = Annotated[
    tuple[Text, ...],
    BeforeValidator(_one_or_listed, json_schema_input_type=Text | list[Text]),
]
"""One text, a list of them, or an empty list."""
Pooling = Literal["last", "mean", "max"]
Poolings = Annotated[
    tuple[Pooling, ...],
    Field(min_length=1),
    BeforeValidator(
        _one_or_listed,
        json_schema_input_type=Pooling | Annotated[list[Pooling], Field(min_length=1)],
    ),
]
"""One way or several to make one vector of all steps."""

TextOrList = Text | Annotated[tuple[Text, ...], Field(min_length=1), BeforeValidator(listed)]
"""A text stays a text; a list is one."""
DELIMITER_WORDS = 'one of "," ";" "\\t" "|" ":" " ", or null'
THOUSANDS_WORDS = """one of "," "." " " "'" "_", or null"""


def _sound(is_sound: Callable[[str], bool], words: str) -> Any:
    """Texts of which a function says that they are sound; ``words`` say what is expected."""

    def check(text: str) -> str:
        if not is_sound(text):
            raise PydanticCustomError("text", "{words}", {"words": words})
        return text

    return Annotated[Text, AfterValidator(check), Field(json_schema_extra={"errorMessage": words})]


Encoding = _sound(is_encoding, "an encoding that Python knows, such as cp1252 or utf-16")
TimeFormat = _sound(
    is_time_format,
    "a format such as %d.%m.%Y %H:%M, with a year and everything once (of "
    f"{' '.join(f'%{letter}' for letter in DIRECTIVES)})",
)
Frequency = _sound(
    is_frequency, "a frequency such as 15min, 1h, 1D, 1W, 1M, 1Q, 1Y, business_day, or 5 for steps"
)
CalendarPart: Any = _sound(is_calendar, CALENDAR_WORDS)
CalendarParts = Annotated[
    tuple[CalendarPart, ...],
    BeforeValidator(listed, json_schema_input_type=list[CalendarPart]),
]
_Levels = Annotated[
    tuple[Annotated[float, Field(gt=0, lt=1)], ...],
    BeforeValidator(listed, json_schema_input_type=list[Annotated[float, Field(gt=0, lt=1)]]),
]
Output = Annotated[
    Literal["point", "gaussian", "student_t", "negative_binomial"]
    | Annotated[dict[Literal["quantiles"], _Levels], Field(min_length=1)],
    Field(json_schema_extra={"errorMessage": OUTPUT_WORDS}),
]
"""What is said of each value that is forecast."""
Missing = Literal["error", "forward", "linear", "mask", "zero"]
MISSING_WORDS = "error, forward, linear, mask or zero, or a mapping of columns to these"
MissingByColumn = Annotated[
    Missing | dict[Text, Missing], Field(json_schema_extra={"errorMessage": MISSING_WORDS})
]
"""What to do with missing values of all columns, or of each; of others it is an error."""
TimeZone = _sound(is_time_zone, "a time zone such as Europe/Berlin or UTC")

_Fraction = Annotated[float, Field(gt=0, lt=1)]
_Steps = Annotated[int, Field(ge=1)]
_Time = Annotated[Text, AfterValidator(_no_fraction)]
Share = Annotated[
    _Fraction | _Steps | _Time, Field(json_schema_extra={"errorMessage": SHARE_WORDS})
]
ShareOrNone = Annotated[
    _Fraction | Annotated[int, Field(ge=0)] | _Time,
    Field(json_schema_extra={"errorMessage": SHARE_OR_NONE_WORDS}),
]
