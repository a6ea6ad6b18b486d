"""Row by row: the same numbers as whole sequences, at once, and strict about what arrives."""

import csv
import io
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from grucli import train
from grucli.data import parse_table
from grucli.data.readers.wanted import Wanted
from grucli.errors import DataError, UsageError
from grucli.nn import Forecaster, forecast_each
from grucli.runs.streaming import Stream
from tests.conftest import RECIPE, grucli, write_wave

VARIANTS = [
    {"cell": "gru", "layer_norm": "split"},
    {"cell": "gru", "layer_norm": "sum", "decoder": "recursive"},
    {"cell": "rnn"},
    {"cell": "lstm", "layers": 2},
    {"cell": "gru", "target_size": 3, "channels": "independent"},
    {"cell": "gru", "past_size": 2, "flag_size": 3},
]


@pytest.mark.parametrize("settings", VARIANTS)
def test_steps_equal_forward_over_all_rows_so_far(settings):
    torch.manual_seed(0)
    model = Forecaster(hidden=9, horizon=4, **settings).double().eval()
    rows = torch.randn(2, 12, model.input_size, dtype=torch.float64)
    state = None
    for step in range(12):
        forecast, state = model.step(rows[:, step], state)
        assert torch.allclose(forecast, model(rows[:, : step + 1]), atol=1e-12)


@pytest.mark.parametrize("settings", VARIANTS)
def test_forecasts_of_each_of_many_rows_are_those_of_steps(settings):
    torch.manual_seed(0)
    model = Forecaster(hidden=9, horizon=4, **settings).eval()
    rows = torch.randn(2, 12, model.input_size)
    state, expected = None, []
    with torch.inference_mode():
        for row in rows.unbind(1):
            forecast, state = model.step(row, state)
            expected.append(forecast)
        early, middle = forecast_each(model, rows[:, :5])
        late, last = forecast_each(model, rows[:, 5:], middle)
        whole, _ = forecast_each(model, rows)
    torch.testing.assert_close(whole, torch.stack(expected, dim=1), rtol=1e-5, atol=1e-6)
    assert torch.equal(torch.cat([early, late], dim=1), whole)
    final, other = (part if isinstance(part, torch.Tensor) else part[1] for part in (last, state))
    torch.testing.assert_close(final, other)


def test_window_normalisation_cannot_go_step_by_step():
    with pytest.raises(ValueError, match="needs whole windows"):
        Forecaster(normalise="last").step(torch.zeros(1, 1))


@pytest.fixture(scope="module")
def streaming(tmp_path_factory):
    """A run whose model carries its state on."""
    place = tmp_path_factory.mktemp("streaming")
    write_wave(place / "wave.csv")
    recipe = RECIPE.replace("normalise: last", "normalise: none")
    (place / "wave.yaml").write_text(
        recipe.replace("target: level", "target: level\n  missing: mask")
    )
    train(place / "wave.yaml", ["train.epochs=1"], run_dir=place / "run")
    return place


@contextmanager
def streamed(streaming):
    """The command with pipes at both ends, buffered as a shell's user has it."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    with subprocess.Popen(
        [sys.executable, "-m", "grucli", "predict", streaming / "run" / "best.pt", "--stream"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        yield process


def send(process, line):
    process.stdin.write(line)
    process.stdin.flush()


def test_every_row_is_answered_before_the_next_one_comes(streaming):
    lines = (streaming / "wave.csv").read_text().splitlines(keepends=True)
    with streamed(streaming) as process:
        send(process, lines[0])
        assert process.stdout.readline() == "day,level+1,level+2,level+3\n"
        for line in lines[1:6]:
            send(process, line)
            assert process.stdout.readline().startswith(line.split(",")[0] + ",")
        _, _ = process.communicate()
    assert process.returncode == 0


def test_a_row_that_comes_in_pieces_is_answered_at_its_end(streaming):
    with streamed(streaming) as process:
        for piece in ("day,", "level\n2024-", "01-01,1", "0.5\n"):
            send(process, piece)
        process.stdout.readline()
        assert process.stdout.readline().startswith("2024-01-01,")
        send(process, "2024-01-02,11")  # the last line may end without a newline
        rest, errors = process.communicate()
    assert rest.startswith("2024-01-02,")
    assert (errors, process.returncode) == ("", 0)


def test_an_interrupt_ends_the_stream_quietly(streaming):
    with streamed(streaming) as process:
        send(process, "day,level\n2024-01-01,10\n")
        process.stdout.readline()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate()
    assert (rest, errors, process.returncode) == ("", "", -signal.SIGINT)


def test_a_reader_that_goes_ends_the_stream_quietly(streaming):
    with streamed(streaming) as process:
        send(process, "day,level\n2024-01-01,10\n")
        process.stdout.readline()
        process.stdout.readline()
        process.stdout.close()
        send(process, "2024-01-02,10\n")
        assert process.wait(timeout=60) == 1
        assert process.stderr.read() == ""


def test_the_answers_are_those_of_the_whole_sequence(streaming):
    table = (streaming / "wave.csv").read_text()
    done = grucli("predict", streaming / "run" / "best.pt", "--stream", stdin=table)
    rows = list(csv.reader(io.StringIO(done.stdout)))[1:]
    assert len(rows) == 160
    stream = Stream(streaming / "run" / "best.pt")
    levels = parse_table(table.encode(), Wanted("day", columns=["level"]), source="wave").values
    inputs = np.concatenate([stream.scaler.scale(levels), np.ones_like(levels)], axis=1)
    with torch.inference_mode():
        whole = stream.model(torch.from_numpy(inputs[None].astype(np.float32)))
    expected = stream.scaler.unscale(whole[0].double()).flatten()
    assert [float(cell) for cell in rows[-1][1:]] == pytest.approx(expected.tolist(), rel=1e-6)


class Trickle(io.RawIOBase):
    """A pipe in which so many bytes come at a time."""

    def __init__(self, content, size):
        self.content, self.size = content, size

    def readable(self):
        return True

    def readinto(self, buffer):
        part, self.content = self.content[: self.size], self.content[self.size :]
        buffer[: len(part)] = part
        return len(part)


def answers_of(streaming, content, *, size=1 << 20):
    """All answers to a table that arrives in pieces, and how many came together."""
    stream = Stream(streaming / "run" / "best.pt")
    groups = list(stream.answers(io.BufferedReader(Trickle(content, size)), "-"))
    answers = [
        answer
        for group in groups
        for answer in zip(group.times, group.values.tolist(), strict=True)
    ]
    return answers, [len(group.times) for group in groups]


REMARKABLE = {
    "plain": lambda rows: rows,
    "carriage returns": lambda rows: [row + "\r" for row in rows],
    "quotes": lambda rows: [*rows[:50], rows[50].replace(",", ',"') + '"', *rows[51:]],
    "a blank line": lambda rows: [*rows[:70], "", *rows[70:]],
    "missing values": lambda rows: [*rows[:30], rows[30].split(",")[0] + ",", *rows[31:]],
}


@pytest.mark.parametrize("change", REMARKABLE)
def test_answers_do_not_depend_on_how_many_rows_come_together(streaming, change):
    header, *rows = (streaming / "wave.csv").read_text().splitlines()
    content = "\n".join([header, *REMARKABLE[change](rows), ""]).encode()
    together, sizes = answers_of(streaming, content)
    alone, ones = answers_of(streaming, content, size=17)
    assert max(sizes) > 20
    assert set(ones) == {1}
    assert together == alone
    assert [time for time, _ in together] == [row.split(",")[0] for row in rows]
    odd, _ = answers_of(streaming, content, size=1000)
    assert odd == together


FAULTS = [
    ("2024-01-01,10\n2024-01-03,11\n", "expected 2024-01-02"),
    ("2024-01-01,10\n2024-01-02,ten\n", "'ten' is not a number"),
    ("2024-01-01,\n", "value missing"),
    ("2024-01-01,10,3\n", "3 cells; expected 2"),
    ("2024-01-01,10\n2024-02-30,10\n", "'2024-02-30' does not exist in the calendar"),
    ("2024-01-01,10\n2024-01-02T00:00,10\n", "written in another form than the first row"),
    ("7,10\n", "the time 7 is a whole number; the model was trained on rows that are daily"),
    ("2024-01-01,1e300\n", "1e+300 is too large for float32 after scaling"),
    ('2024-01-01,10\n2024-01-02,"1\n', "a quote opened in this row is never closed"),
]


@pytest.mark.parametrize(("rows", "says"), FAULTS)
def test_a_wrong_row_ends_the_stream_with_its_line(streaming, rows, says):
    answers = Stream(streaming / "run" / "best.pt").answers(
        io.BytesIO(f"day,level\n{rows}".encode()), "-"
    )
    line, answered = rows.count("\n") + 1, []
    with pytest.raises(DataError) as caught:
        answered.extend(time for together in answers for time in together.times)
    assert str(caught.value).startswith(f"-:{line}: ")
    assert says in str(caught.value)
    assert len(answered) == line - 2  # every row before it


@pytest.mark.parametrize(("rows", "says"), FAULTS[:6])
@pytest.mark.parametrize("before", [3, 40])
def test_a_wrong_row_among_many_has_its_line(streaming, rows, says, before):
    days = np.datetime64("2024-01-01") - np.arange(before, 0, -1)
    lines = [f"{day},10" for day in days] + rows.splitlines()
    content = "\n".join(["day,level", *lines, ""]).replace("2024-01-01,\n", "2024-01-01,x\n")
    says = says.replace("value missing", "'x' is not a number")
    groups = Stream(streaming / "run" / "best.pt").answers(io.BytesIO(content.encode()), "-")
    answered = []
    with pytest.raises(DataError) as caught:
        answered.extend(time for group in groups for time in group.times)
    assert str(caught.value).startswith(f"-:{len(lines) + 1}: ")
    assert says in str(caught.value)
    assert len(answered) == len(lines) - 1


def test_rows_before_a_wrong_one_are_answered_by_the_command(streaming):
    table = "day,level\n2024-01-01,10\n2024-01-03,11\n"
    done = grucli("predict", streaming / "run" / "best.pt", "--stream", stdin=table)
    assert done.returncode == 3
    assert done.stderr.startswith("error: -:3: ")
    assert len(done.stdout.splitlines()) == 2


def test_a_model_that_needs_whole_windows_is_refused(trained):
    done = grucli("predict", trained / "run" / "best.pt", "--stream", stdin="day,level\n")
    assert done.returncode == 2
    assert "task.normalise: none" in done.stderr


@pytest.mark.parametrize(
    "change",
    [
        "task.normalise=last",
        "model.bidirectional=true",
        "model.skip=linear",
        "model.decoder=segment",
    ],
)
def test_a_model_that_needs_whole_windows_says_what_to_train_instead(streaming, change):
    run_dir = streaming / change
    settings = ["model.segment=4"] if change == "model.decoder=segment" else []
    train(streaming / "wave.yaml", ["train.epochs=1", change, *settings], run_dir=run_dir)
    with pytest.raises(UsageError, match=r"needs whole windows; train it with task\.normalise"):
        Stream(run_dir / "best.pt")


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("one,two\n1,2\n", "-:1: no column 'day'"),
        ("day\n", "-:1: no column 'level'"),
        ("", "-: empty; expected a header"),
    ],
)
def test_nothing_is_answered_before_the_header_is_known_to_be_good(streaming, sent, said):
    with streamed(streaming) as process:
        out, err = process.communicate(sent)
    assert (process.returncode, out) == (3, "")
    assert err.startswith(f"error: {said}")
