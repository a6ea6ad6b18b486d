"""Showing a run: a live display on a terminal, one plain line an epoch anywhere else."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.live import Live

from grucli.cli.kit.charts import write_plain
from grucli.cli.kit.numbers import clock, count, digits, power
from grucli.cli.kit.page import Screen, plain_text
from grucli.cli.kit.watching import watching
from grucli.cli.views.summary import render_end
from grucli.cli.views.training_screen import draw, header
from grucli.cli.views.training_state import TrainingState
from grucli.results import Epoch, Step, TrainingEvent, TrainingStarted
from grucli.text import clean

REFRESH_PER_SECOND = 8
PLAIN_WIDTH = 80


def open_view(*, quiet: bool) -> AbstractContextManager[Callable[[TrainingEvent], None]]:
    """Give the function that shows an event on standard error as fits what stands behind it."""
    return watching(_live, lambda stream: PlainTraining(stream).show, quiet=quiet)


@contextmanager
def _live(console: Console) -> Iterator[Callable[[TrainingEvent], None]]:
    with LiveTraining(console) as view:
        yield view.show


class LiveTraining:
    """A display that redraws itself by time, in a thread of its own.

    A context manager: leaving it, in whichever way, leaves the last state on the screen and the
    cursor as it was.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._state = TrainingState(clock)
        self._size = console.size
        self._live = Live(
            console=console,
            refresh_per_second=REFRESH_PER_SECOND,
            redirect_stdout=False,
            get_renderable=self._draw,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def show(self, event: TrainingEvent) -> None:
        """Take note of an event; steps are only remembered."""
        if isinstance(event, Step):
            self._state.step = event
        elif isinstance(event, Epoch):
            self._state.close_epoch(event)
        elif isinstance(event, TrainingStarted):
            for note in event.notes:
                self._console.print(f"note: {clean(note)}", markup=False, highlight=False)
            self._state.begin(event)
            self._live.start(refresh=True)
        else:
            self._state.finished = event
            self._live.stop()
            self._console.print()
            self._console.print(render_end(event, self._console.width), soft_wrap=True)

    def _draw(self) -> Screen:
        """Draw the state into the terminal as large as it is now."""
        size = self._console.size
        if size != self._size and self._live.is_started:
            self._size = size
            self._console.clear()
        self._state.sample()
        state, height = self._state, size.height - 1
        return Screen(
            size.width - 1,
            lambda page: draw(state, page.width, height, ascii_only=page.ascii_only),
        )


class PlainTraining:
    """Lines for a log: a short header, one line an epoch, the summary; no control characters."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._started: TrainingStarted | None = None

    def show(self, event: TrainingEvent) -> None:
        """Write an event's lines at once; steps write nothing."""
        if isinstance(event, Step):
            return
        if isinstance(event, TrainingStarted):
            self._started = event
            self._write(plain_text(header(event)))
            self._write("".join(f"note: {clean(note)}\n" for note in event.notes))
        elif isinstance(event, Epoch):
            self._write(self._line(event))
        else:
            self._write("\n" + render_end(event, PLAIN_WIDTH).plain)

    @property
    def _samples(self) -> str:
        return f"{self._started.samples_word if self._started else 'window'}s"

    def _line(self, epoch: Epoch) -> str:
        total = "" if self._started is None else f"/{self._started.epochs}"
        width = len(total) - 1
        parts = (
            f"epoch {epoch.epoch:>{max(width, 1)}}{total}",
            f"train {digits(epoch.train_loss)}",
            f"valid {digits(epoch.valid_loss)}",
            f"best {digits(epoch.best_valid_loss)} (epoch {epoch.best_epoch})",
            f"lr {power(epoch.lr)}",
            f"grad {digits(epoch.gradient_norm, 3)}",
            *([f"left out {epoch.skipped_steps}"] if epoch.skipped_steps else []),
            f"{count(epoch.windows_per_second)} {self._samples}/s",
            clock(epoch.elapsed_seconds),
        )
        return "  ".join(parts) + "\n"

    def _write(self, text: str) -> None:
        write_plain(self._stream, text)
