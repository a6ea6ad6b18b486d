"""What all sections of a recipe share: they are frozen and strict."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A number is never a text, true is never 1; unknown keys and infinities are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
