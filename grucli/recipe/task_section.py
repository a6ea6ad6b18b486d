"""What every kind of task says of the other sections of a recipe."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from grucli.recipe.sections import Section


@dataclass(frozen=True)
class Unused:
    """A key of another section that a task has no use for.

    With anything but its default, ``usual``, the recipe is refused for the reason ``why``.
    """

    key: str
    usual: Any
    why: str


class TaskSection(Section):
    """What one kind of task asks, and what it makes of the other sections.

    It cannot do without the keys of ``needs``, which say what is expected there. ``deals`` says
    whether whole series are dealt out to train, valid and test, or spans of time.
    """

    needs: ClassVar[Mapping[str, str]]
    unused: ClassVar[tuple[Unused, ...]]
    deals: ClassVar[Literal["series", "series unless by time", "time"]]
