"""What a person sees while a model is trained, and at its end."""

import io
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from grucli.cli.views.summary import render_end, render_next, render_result
from grucli.cli.views.training import LiveTraining, PlainTraining, open_view
from grucli.cli.views.training_screen import draw
from grucli.cli.views.training_state import TrainingState
from grucli.results import (
    Epoch,
    GateUpdate,
    Step,
    TrainingStarted,
)
from tests.scores_cases import WIDTHS, finished, scores, step, widest


def started(**changes: object) -> TrainingStarted:
    event = TrainingStarted(
        recipe="co2",
        run_dir="runs/co2",
        model="gru, layer norm split, 1 × 64, direct decoder",
        parameters=21345,
        device="cpu",
        threads=2,
        kernel="native avx512",
        seed=0,
        rows=2284,
        columns=("co2",),
        frequency="weekly (7 days)",
        train_windows=1471,
        valid_windows=228,
        test_windows=431,
        epochs=20,
        steps_per_epoch=40,
        start_epoch=1,
    )
    return replace(event, **changes)


def gates(layers: int = 1) -> tuple[GateUpdate, ...]:
    words = {"r": "reset", "z": "update", "n": "candidate"}
    return tuple(
        GateUpdate(f"W_{side}{letter}", layer, direction, words[letter], 0.02, 1.5e-3)
        for layer in range(layers)
        for direction in ("forward", "reverse")[:layers]
        for side in "xh"
        for letter in "rzn"
    )


def epochs(count: int, *, best: int, layers: int = 1) -> list[Epoch]:
    return [
        Epoch(
            epoch=number,
            step=40 * number,
            train_loss=1 / number,
            valid_loss=0.2 + abs(number - best) / 10,
            lr=1e-3,
            gradient_norm=0.52,
            clipped_share=0.125,
            gates=gates(layers),
            is_best=number <= best,
            best_epoch=min(number, best),
            best_valid_loss=0.2,
            patience_left=5,
            elapsed_seconds=4.0 * number,
            windows_per_second=1234.0,
        )
        for number in range(1, count + 1)
    ]


class Unread:
    """A loss that nobody may read."""

    def __float__(self) -> float:
        raise AssertionError("the loss was read")


class Hand:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def state_of(seen: list[Epoch], last: Step | None = None) -> TrainingState:
    state = TrainingState(Hand())
    state.begin(started())
    for epoch in seen:
        state.close_epoch(epoch)
    state.step = last or step(len(seen) + 1)
    return state


def plain(lines: list[Text]) -> str:
    return "\n".join(line.plain for line in lines)


def test_the_summary_says_where_things_are_and_what_to_type():
    text = render_end(finished(scores())).plain
    assert "Trained 17 epochs, 680 steps in 0:01:05" in text
    assert "stopped early" in text
    assert "runs/co2/best.pt  (epoch 12, validation loss 0.06060)" in text
    assert "runs/co2/metrics.jsonl" in text
    text = render_next(finished(scores())).plain
    for verb in ("eval", "predict", "inspect-weights"):
        assert f"  grucli {verb} runs/co2/best.pt" in text


def test_the_summary_quotes_paths_for_the_shell_and_never_breaks_them():
    path = "runs/a b/" + "x" * 90 + "/best.pt"
    lines = render_next(finished(best_path=path), 60).plain.splitlines()
    assert f"  grucli inspect-weights '{path}'" in lines


def test_the_summary_does_without_scores():
    assert "Not judged" in render_result(finished()).plain


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("height", [10, 24, 40])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("count", [0, 1, 2, 30])
def test_the_screen_keeps_to_its_size(width, height, layers, count):
    state = state_of(epochs(count, best=7, layers=layers))
    state.losses.extend([0.5, 0.4])
    lines = draw(state, width, height, ascii_only=False)
    assert 0 < len(lines) <= height
    assert widest(plain(lines)) <= width


@given(st.integers(-1, 140), st.integers(-1, 60), st.integers(0, 12), st.integers(1, 2))
@settings(max_examples=150, deadline=None)
def test_a_screen_of_any_size_is_drawn(width, height, count, layers):
    lines = draw(state_of(epochs(count, best=3, layers=layers)), width, height, ascii_only=True)
    assert len(lines) <= max(height, 0)
    assert all(cell_len(line.plain) <= width for line in lines)


def test_the_screen_shows_everything_at_80_by_24():
    text = plain(draw(state_of(epochs(9, best=6), step(10, 20)), 79, 23, ascii_only=False))
    for words in (
        "co2  gru, layer norm split",
        "21,345 parameters · cpu, 2 threads, kernel native avx512 · seed 0",
        "2,284 rows, weekly (7 days)",
        "1,471 train · 228 valid · 431 test",
        "epoch 10/20",
        "50 %",
        "train loss           0.1111",
        "◆ epoch 6",
        "5 left",
        "1.0e-03",
        "0.520",
        "12 %",
        "candidate  W_xn   2.0e-02   1.5e-03",
        "W_hz",
    ):
        assert words in text
    assert "┤" in text


def test_the_best_epoch_is_marked_on_the_curve():
    text = plain(draw(state_of(epochs(9, best=6)), 79, 23, ascii_only=False))
    assert text.count("◆") == 2


def test_a_small_screen_keeps_the_bars_and_the_numbers():
    text = plain(draw(state_of(epochs(9, best=6)), 79, 9, ascii_only=False))
    assert "epoch 10/20" in text
    assert "train loss" in text
    assert "W_xn" not in text


def test_gates_that_do_not_fit_are_counted():
    text = plain(draw(state_of(epochs(4, best=4, layers=2)), 79, 24, ascii_only=False))
    assert "more rows" in text
    assert "0r reset" in plain(
        draw(state_of(epochs(4, best=4, layers=2)), 119, 39, ascii_only=False)
    )


def test_losses_by_step_are_drawn_until_two_epochs_are_done():
    state = state_of(epochs(1, best=1))
    state.losses.extend([0.5, 0.4, 0.3])
    assert "loss by step" in plain(draw(state, 79, 23, ascii_only=False))
    state.close_epoch(epochs(2, best=2)[1])
    assert "loss by step" not in plain(draw(state, 79, 23, ascii_only=False))


def test_the_rate_is_of_the_last_seconds_and_the_time_left_of_the_whole_run():
    state = state_of([])
    for second, number in [(0, 0), (90, 9), (94, 19), (98, 29)]:
        state.clock.now = float(second)
        state.step = step(1, number)
        state.sample()
    assert state.pace.steps_per_second == pytest.approx(20 / 8)
    assert state.pace.epoch_seconds == pytest.approx(11 / (20 / 8))
    assert state.pace.run_seconds == pytest.approx(771 / (29 / 98))


def test_nothing_is_said_of_the_pace_before_a_step_was_timed():
    state = state_of([], step(1, 1))
    state.sample()
    assert state.pace.run_seconds is None
    assert "-:--:-- left" in plain(draw(state, 79, 23, ascii_only=False))


def test_a_resumed_run_counts_the_epochs_before_it():
    state = TrainingState(Hand())
    state.begin(started(start_epoch=11))
    assert state.done_steps == 400
    assert " 50 %" in plain(draw(state, 79, 23, ascii_only=False))


def test_between_epochs_the_screen_says_what_happens():
    state = state_of([], step(1, 40))
    assert state.activity == "validating"
    state.close_epoch(epochs(1, best=1)[0])
    assert state.activity == ""
    state = state_of(epochs(20, best=3), step(20, 40))
    assert state.activity == "scoring"


def live_console(width: int = 80, height: int = 24) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width, height=height)


def test_showing_a_step_does_not_read_its_loss():
    view = LiveTraining(live_console(), Hand())
    for number in range(1, 41):
        view.show(replace(step(1, number), loss=Unread()))


def test_a_live_run_ends_with_the_display_then_the_summary_and_the_cursor_back():
    console = live_console()
    with LiveTraining(console) as view:
        view.show(started(notes=("59 weeks are missing",)))
        for epoch in epochs(3, best=2):
            view.show(step(epoch.epoch, 40))
            view.show(epoch)
        view.show(finished(scores(5.0)))
    text = console.file.getvalue()
    assert text.index("59 weeks are missing") < text.index("21,345 parameters")
    assert text.rindex("stopped early") > text.rindex("W_xn")
    assert "best weights" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def interrupt(view: LiveTraining) -> None:
    view.show(started())
    raise KeyboardInterrupt


def test_a_run_that_breaks_leaves_the_cursor_back():
    console = live_console()
    view = LiveTraining(console)
    with pytest.raises(KeyboardInterrupt), view:
        interrupt(view)
    assert console.file.getvalue().rstrip().endswith("\x1b[?25h")


def test_a_log_gets_one_plain_line_an_epoch():
    stream = io.StringIO()
    view = PlainTraining(stream)
    view.show(started(recipe="co2\x1b[2J", notes=("59 weeks are missing",)))
    for epoch in epochs(3, best=2):
        view.show(replace(step(epoch.epoch), loss=Unread()))
        view.show(epoch)
    view.show(finished(scores()))
    text = stream.getvalue()
    assert not {"\x1b", "\r"} & set(text)
    assert text.isascii()
    lines = [line for line in text.splitlines() if line.startswith("epoch ")]
    assert lines[2] == (
        "epoch  3/20  train 0.3333  valid 0.3000  best 0.2000 (epoch 2)  lr 1.0e-03  "
        "grad 0.520  1,234 windows/s  0:00:12"
    )
    assert len(lines) == 3
    assert "note: 59 weeks are missing" in text
    assert "best weights  runs/co2/best.pt" in text


def test_a_quiet_run_shows_nothing(capsys):
    with open_view(quiet=True) as show:
        show(started())
        show(finished())
    assert capsys.readouterr().err == ""


def test_without_a_terminal_the_lines_are_plain_even_when_colour_is_forced(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with open_view(quiet=False) as show:
        show(started())
    captured = capsys.readouterr()
    assert captured.err.startswith("co2  gru")
    assert "\x1b" not in captured.err
    assert captured.out == ""
