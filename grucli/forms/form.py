"""What a form is, and how what does not fit is said."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from grucli.errors import CheckpointError

MOST_FAULTS = 21
"""One more than an error shows."""


class Form(ABC):
    """What a value may be."""

    @abstractmethod
    def faults(self, value: Any, where: str) -> Iterator[str]:
        """What is wrong with a value that stands at ``where``."""


def faults_of(form: Form, value: Any, where: str = "") -> list[str]:
    """The first faults of a value, enough for an error to say that there are more."""
    return list(islice(form.faults(value, where), MOST_FAULTS))


def check_form(form: Form, value: Any, where: str) -> None:
    """Raise CheckpointError naming the first faults of a value in a checkpoint."""
    faults = faults_of(form, value, where)
    if faults:
        raise CheckpointError(*(f"{fault}; the file was changed" for fault in faults))


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
