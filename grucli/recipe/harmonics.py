"""The section model.harmonics: cycles of the calendar beside the network."""

from typing import Any

from pydantic import Field

from grucli.calendars import WAVES, unread_columns
from grucli.recipe.sections import Section

_WAVES = (
    "Sine waves of a {}, a part of data.calendar, taken off the context and put upon the forecast; "
    "0 none. Half as many as it has rows make any profile, fewer a smooth one."
)


def _waves(cycle: str) -> Any:
    return Field(default=0, ge=0, le=512, description=_WAVES.format(cycle))


class HarmonicsRecipe(Section):
    """A seasonal profile beside the network, learned with it."""

    hour: int = _waves("day")
    weekday: int = _waves("week")
    month: int = _waves("year, month by month")
    year_day: int = _waves("year")
    lunar: int = _waves("lunar year, and of a lunar month")
    alone: bool = Field(
        default=False,
        description="The profile alone knows the cycles that have waves: the network does not read "
        "their columns of data.calendar.",
    )

    @property
    def waves(self) -> dict[str, int]:
        """Parts of the calendar that have some, and how many."""
        return {part: count for part, count in self if part in WAVES and count}

    @property
    def unread(self) -> tuple[str, ...]:
        """Columns of the calendar that the network does not read."""
        return unread_columns(dict(self))
