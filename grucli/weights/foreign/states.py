"""State dictionaries in what a file holds, however deep they lie."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.errors import CheckpointError
from grucli.text import LONGEST_NAME, printable, some

MAX_DEPTH = 8
_LIGHTNING = "pytorch-lightning_version"
_SHOWN = 4

Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class State:
    """Tensors by name, and the keys that lead to them in the file."""

    keys: tuple[str, ...]
    tensors: Tensors

    @property
    def where(self) -> str:
        """The keys joined by dots; empty for the root."""
        return ".".join(self.keys)


def find_states(content: Any, keys: tuple[str, ...] = ()) -> Iterator[State]:
    """Every dictionary with tensors in it, outer ones first."""
    if not isinstance(content, dict) or len(keys) > MAX_DEPTH:
        return
    named = [(key, value) for key, value in content.items() if isinstance(key, str)]
    tensors = {key: value for key, value in named if isinstance(value, np.ndarray)}
    if tensors:
        yield State(keys, tensors)
    for key, value in named:
        if len(key) <= LONGEST_NAME:  # long keys above many tensors would fill the memory
            yield from find_states(value, (*keys, key))


def all_tensors(states: Sequence[State]) -> Tensors:
    """The tensors of all states by their whole names."""
    return {
        ".".join((*state.keys, name)): values
        for state in states
        for name, values in state.tensors.items()
    }


def is_lightning(content: Any) -> bool:
    """Whether a file says that Lightning wrote it."""
    return isinstance(content, dict) and _LIGHTNING in content


def choose_state(path: str, fitting: Sequence[State], *, of_lightning: bool) -> State | None:
    """The root if it fits, else the one below it that does; of Lightning the model's.

    Raises CheckpointError where there are several.
    """
    if of_lightning:
        fitting = [state for state in fitting if state.where == "state_dict"] or fitting
    if len(fitting) > 1 and fitting[0].keys:
        places = some([printable(state.where) for state in fitting], _SHOWN)
        raise CheckpointError(
            f"{path}: recurrent weights in {len(fitting)} entries ({places}); expected one; save "
            "the one to look at with torch.save"
        )
    return fitting[0] if fitting else None


def nothing_recurrent(path: str, tensors: Tensors, layouts: Sequence[str] = ()) -> CheckpointError:
    """The error for a file without a known name; ``layouts`` are those that its names fit."""
    names = ", ".join(printable(name, limit=40) for name in list(tensors)[:_SHOWN])
    found = f"{len(tensors)} tensors ({names}, ...)" if tensors else "no tensors"
    remedy = "save model.state_dict() of a recurrent model"
    if layouts:
        remedy = f"its names fit --layout {' or '.join(layouts)}: name it"
    return CheckpointError(
        f"{path}: no recurrent layer, but {found}; expected parameters named as in torch.nn.GRU, "
        f"LSTM or RNN, such as weight_hh_l0; {remedy}"
    )
