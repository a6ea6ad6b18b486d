"""Every key of a recipe that says what ``grucli tune`` searches, and how."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from grucli.recipe.kinds import listed
from grucli.recipe.scalars import Scalar
from grucli.recipe.sections import Section

SPACE_WORDS = (
    "a list of two or more values, or {log: [low, high]} or {range: [low, high]} with low < high, "
    "low > 0 for log, and a step > 0 for range if there is one"
)

Number = int | float
Ends = Annotated[
    tuple[Number, Number],
    BeforeValidator(
        listed, json_schema_input_type=Annotated[list[Number], Field(min_length=2, max_length=2)]
    ),
]


class Span(Section):
    """All numbers from the lower to the upper end, tried evenly, or evenly in their logarithm."""

    log: Ends | None = Field(default=None, description="Ends of a range, evenly in the logarithm.")
    range: Ends | None = Field(default=None, description="Ends of a range.")
    step: Number | None = Field(default=None, gt=0, description="range: distance of two values.")

    @property
    def ends(self) -> tuple[Number, Number]:
        """The lower and the upper end."""
        ends = self.log or self.range
        assert ends is not None
        return ends

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        both_or_none = (self.log is None) == (self.range is None)
        if both_or_none or (self.log is not None and (self.step is not None or self.log[0] <= 0)):
            raise PydanticCustomError("span", SPACE_WORDS)
        if self.ends[0] >= self.ends[1]:
            raise PydanticCustomError("span", SPACE_WORDS)
        return self


Choice = Scalar | Annotated[tuple[Scalar, ...], BeforeValidator(listed)]
Choices = Annotated[
    tuple[Choice, ...],
    Field(min_length=2),
    BeforeValidator(
        listed,
        json_schema_input_type=Annotated[list[Scalar | list[Scalar]], Field(min_length=2)],
    ),
]
Space = Annotated[Choices | Span, Field(json_schema_extra={"errorMessage": SPACE_WORDS})]
"""What is tried for one key: any of some values, or any number of a range."""


def _by_dotted_keys(schema: dict[str, Any]) -> None:
    """Keys with a dot are what is searched; others are known or wrong."""
    space = schema.pop("additionalProperties")
    schema["patternProperties"] = {r"\.": space}
    schema["additionalProperties"] = False


class TuneRecipe(Section):
    """What is searched, by dotted keys such as ``train.lr``, and how."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_by_dotted_keys)
    __pydantic_extra__: dict[str, Space]

    trials: int = Field(
        default=40, ge=1, le=1_000_000, description="Trials of the whole study, of all processes."
    )
    sampler: Literal["tpe", "random", "grid", "cmaes", "gp", "qmc"] = Field(
        default="tpe",
        description="What chooses the settings of a trial, by Optuna's names; grid tries all "
        "combinations, cmaes needs the package cmaes, gp and qmc need scipy.",
    )
    pruner: Literal["median", "halving", "hyperband", "none"] = Field(
        default="median",
        description="What ends trials that do badly, by their validation loss after each epoch.",
    )

    @property
    def space(self) -> Mapping[str, Space]:
        """What is tried, by key; nothing leaves it to the space that every task has."""
        return self.__pydantic_extra__ or {}
