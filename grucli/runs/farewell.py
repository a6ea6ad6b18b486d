"""How the others of launched processes know that the first one ended with words of its own."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from grucli.errors import GrucliError, InterruptedRunError
from grucli.runs.stopping import CutOffError
from grucli.training.ranks import LostError

_HEARD_SECONDS = 3.0
"""How long the others wait to hear of the end of the first one, and it for them to have heard."""
_POLL_SECONDS = 0.02


class EndedError(Exception):
    """The first process said why it ended; ``exit_code`` is that of all."""

    def __init__(self, exit_code: int) -> None:
        super().__init__()
        self.exit_code = exit_code


@contextmanager
def last_words(store: Any, *, rank: int, size: int) -> Iterator[None]:
    """A block of all processes, about which the first one leaves word when an error ends it there.

    Where it did, the others raise EndedError in the place of a LostError.
    """
    try:
        yield
    except BaseException as error:
        if rank == 0:
            _leave(store, error, size)
        elif isinstance(error, LostError) and (code := _heard(store, rank)) is not None:
            raise EndedError(code) from error
        raise


def _leave(store: Any, error: BaseException, size: int) -> None:
    """Tell the exit code; of an end by a signal after a step all know from their last sum.

    A store that ends with this process stays until the others had time to hear.
    """
    if isinstance(error, InterruptedRunError):
        return
    with suppress(RuntimeError):
        store.set("end", str(_exit_code(error)))
        if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
            _is_there(store, [f"heard/{rank}" for rank in range(1, size)])


def _heard(store: Any, rank: int) -> int | None:
    """The exit code of the first process; None where it is lost itself, and its store with it."""
    with suppress(RuntimeError):
        if _answers() and _is_there(store, ["end"]):
            code = int(store.get("end"))
            store.set(f"heard/{rank}", "")
            return code
    return None


def _answers() -> bool:
    """Whether there is still something where launched processes meet.

    Torch itself writes a trace to standard error where it asks a store that is gone.
    """
    place = os.environ.get("MASTER_ADDR", ""), int(os.environ.get("MASTER_PORT", "0"))
    with suppress(OSError), socket.create_connection(place, timeout=_HEARD_SECONDS):
        return True
    return False


def _is_there(store: Any, keys: list[str]) -> bool:
    """Whether all keys are in a store before long. Raises RuntimeError where it is gone."""
    until = time.monotonic() + _HEARD_SECONDS
    while not (found := bool(store.check(keys))) and time.monotonic() < until:
        time.sleep(_POLL_SECONDS)
    return found


def _exit_code(error: BaseException) -> int:
    if isinstance(error, CutOffError):
        return 128 + error.number
    return error.exit_code if isinstance(error, GrucliError) else GrucliError.exit_code
