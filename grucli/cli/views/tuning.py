"""Showing a search: a live display on a terminal, one plain line a trial anywhere else."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from grucli.cli.kit.charts import bar, sparkline, write_plain
from grucli.cli.kit.numbers import clock, digits
from grucli.cli.kit.page import Page, Screen
from grucli.cli.kit.watching import watching
from grucli.cli.views.tuning_result import setting_words, trial_table
from grucli.results import (
    Epoch,
    Step,
    Trial,
    TrialFinished,
    TrialStarted,
    TuningEvent,
    TuningStarted,
)
from grucli.text import clean, plural

REFRESH_PER_SECOND = 4
_BAR_WIDTH = 32
_TABLE_TRIALS = 6
_ENDS = {"complete": "", "pruned": "ended early", "failed": "failed"}


def open_tuning(*, quiet: bool) -> AbstractContextManager[Callable[[TuningEvent], None]]:
    """Give the function that shows an event on standard error as fits what stands behind it."""
    return watching(_live, lambda stream: PlainTuning(stream).show, quiet=quiet)


@dataclass
class TuningState:
    """What a screen knows of a search: its events so far, those of the trial that runs."""

    clock: Callable[[], float] = time.monotonic
    started: TuningStarted | None = None
    running: TrialStarted | None = None
    done: int = 0
    losses: list[float] = field(default_factory=list)
    share: float = 0.0
    trials: list[Trial] = field(default_factory=list)
    began_at: float = 0.0

    def take(self, event: TuningEvent) -> None:
        """Take note of an event."""
        if isinstance(event, TuningStarted):
            self.started, self.done, self.began_at = event, event.done, self.clock()
        elif isinstance(event, TrialStarted):
            self.running, self.losses, self.share = event, [], 0.0
        elif isinstance(event, Step):
            self.share = event.step_in_epoch / event.steps_per_epoch
        elif isinstance(event, Epoch):
            self.losses.append(event.valid_loss)
            self.share = 0.0
        else:
            self.done, self.running = event.done, None
            known = [event.trial, *([] if event.best is None else [event.best])]
            numbers = {trial.number for trial in known}
            self.trials = [t for t in self.trials if t.number not in numbers] + known

    def draw(self, page: Page) -> Iterator[Text]:
        """The header, the bars of the study and of the trial, and the best trials here."""
        started = self.started
        if started is None:
            return
        yield from header(page, started)
        yield Text("")
        seconds = self.clock() - self.began_at
        here = self.done - started.done
        left = seconds / here * (started.trials - self.done) if here > 0 else None
        done = f"{self.done}/{started.trials}"
        share = self.done / started.trials
        yield page.line(f"trials {bar(share, _BAR_WIDTH)} {done:<9} {clock(left)} left")
        if self.running is not None:
            yield from self._trial(page, self.running)
        if self.trials:
            yield from trial_table(page, self.trials, _TABLE_TRIALS)

    def _trial(self, page: Page, running: TrialStarted) -> Iterator[Text]:
        epoch = f"{len(self.losses)}/{running.epochs}"
        share = (len(self.losses) + self.share) / running.epochs
        words = f"epochs {bar(share, _BAR_WIDTH)} {epoch:<9} trial {running.number}"
        yield page.line(words)
        curve = sparkline(self.losses, _BAR_WIDTH)
        low = f" {digits(min(self.losses))}" if self.losses else ""
        yield page.line(f"       {curve:<{_BAR_WIDTH}}{low}", style="dim")


def header(page: Page, started: TuningStarted) -> Iterator[Text]:
    """What is searched, how, and where it is kept."""
    how = f"{plural(started.trials, 'trial')}, sampler {started.sampler}, pruner {started.pruner}"
    yield page.line(f"search {clean(started.study)}: {how}", style="bold")
    origin = "the space of its task" if started.is_built_in else "the recipe's space"
    yield page.line(f"{origin}, kept in {clean(started.storage)}", style="dim")
    room = max(map(len, started.space))
    for key, values in started.space.items():
        yield page.line(f"  {clean(key):<{room}}  {clean(values)}", style="dim")
    for note in started.notes:
        yield page.line(f"note: {clean(note)}")


@contextmanager
def _live(console: Console) -> Iterator[Callable[[TuningEvent], None]]:
    """A display that redraws itself by time; leaving it leaves the cursor as it was."""
    state = TuningState()
    live = Live(
        console=console,
        refresh_per_second=REFRESH_PER_SECOND,
        redirect_stdout=False,
        transient=True,
        get_renderable=lambda: Screen(console.width - 1, state.draw),
    )
    with live:
        yield state.take


class PlainTuning:
    """Lines for a log: a short header and one line a trial; no control characters."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, event: TuningEvent) -> None:
        """Write an event's lines at once; steps and epochs write nothing."""
        if isinstance(event, TuningStarted):
            self._write(Screen(80, lambda page: header(page, event)).plain)
        elif isinstance(event, TrialFinished):
            self._write(_line(event) + "\n")

    def _write(self, text: str) -> None:
        write_plain(self._stream, text)


def _line(event: TrialFinished) -> str:
    trial, best = event.trial, event.best
    end = _ENDS.get(trial.state, trial.state)
    if trial.reason:
        end += f": {clean(trial.reason)}"
    parts = [
        f"trial {trial.number:>3}  {event.done}/{event.trials}",
        f"valid {digits(trial.score)}",
        "" if best is None else f"best {digits(best.score)} (trial {best.number})",
        clock(trial.seconds),
        *(f"{key} {setting_words(value)}" for key, value in trial.settings.items()),
        end,
    ]
    return "  ".join(part for part in parts if part)
