"""One of the several models of a checkpoint that was trained with ``train.seeds``."""

from collections.abc import Mapping, Sequence
from typing import Any

from grucli.errors import UsageError
from grucli.text import printable

SEEDS = "seeds"
"""The folder of a run in which the runs of its further models lie, each named by its seed."""


class OneModelError(UsageError):
    """A model that is named by its number, of a file that holds one alone."""


def member_weights(
    path: str, models: Sequence[Mapping[str, Any]], member: int | None
) -> Mapping[str, Any]:
    """The weights of model ``member``, counted from 1; those of the first where none is asked for.

    Raises UsageError where there is no such model.
    """
    if member is None:
        return models[0]
    if len(models) == 1:
        raise OneModelError(f"--member {member}: {printable(path)} holds one model; leave it out")
    if not 1 <= member <= len(models):
        raise UsageError(
            f"--member {member}: {printable(path)} holds {len(models)} models; expected 1 to "
            f"{len(models)}"
        )
    return models[member - 1]
