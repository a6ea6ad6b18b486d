"""How a run is told to end: asked between two steps, or cut off where nothing is half done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class CutOffError(KeyboardInterrupt):
    """A signal ends the program where it is; like Ctrl-C, nothing on the way catches it."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class Stop:
    """A request to end early, by a signal's number, and what is half done meanwhile.

    Calling it answers the number, None as long as nobody asks for an end; ``ask`` may answer too.
    ``waits`` is true where a request waits for the next call. ``words`` say where a run is cut off.
    ``heard`` is called as soon as a signal has come, from any thread, whatever becomes of it.
    """

    def __init__(self, ask: Callable[[], int | None] = lambda: None) -> None:
        self._ask = ask
        self.number: int | None = None
        self.waits = False
        self.words = ""
        self.heard: Callable[[], object] = lambda: None

    def __call__(self) -> int | None:
        """The number of the signal that asks for an end, or None."""
        return self._ask() if self.number is None else self.number

    def request(self, number: int) -> None:
        """Ask for an end. Raises CutOffError at once where nothing is half done."""
        self.number = number
        if not self.waits:
            raise CutOffError(number)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """A block that is not cut off. Raises CutOffError at its end where one was asked for."""
        self.waits = True
        try:
            yield
        finally:
            self.waits = False
        if self.number is not None:
            raise CutOffError(self.number)
