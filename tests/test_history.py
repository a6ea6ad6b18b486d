"""How weights were learned: reading the record, the findings, and the page that shows them."""

import dataclasses
import io
import json
import os

import pytest
from rich.console import Console

from grucli.cli.views.history import render_weight_history
from grucli.errors import CheckpointError
from grucli.results import (
    EpochLoss,
    MatrixRecord,
    MemoryRecord,
    WeightHistory,
    WeightRecord,
    to_json,
)
from grucli.weights import read_history
from grucli.weights.learning import find_learning, learning_findings
from tests.conftest import grucli

GATES = {"W_hr": "reset", "W_hz": "update", "W_hn": "candidate"}


def matrix(symbol, turn, *, gradient=1.0, update=1e-3, layer=0):
    gate, part = GATES[symbol.replace("x", "h")], {"x": "ih", "h": "hh"}[symbol[2]]
    return MatrixRecord(
        symbol=symbol,
        name=f"{layer}.{gate}.{part}",
        layer=layer,
        direction="forward",
        gate=gate,
        part=part,
        cell="gru",
        frobenius_norm=4.0,
        gradient_norm=gradient,
        update_ratio=update,
        cosine_distance_from_initialisation=turn,
        cosine_distance_from_last_record=0.0,
        spectral_norm=1.0,
        spectral_radius=0.5 + turn if part == "hh" else None,
        quantiles=(),
    )


def record(step, matrices, *, epoch=1, loss=0.5, clipped=0.0):
    memory = MemoryRecord(0, "forward", "update", (1.0, 1.2, 1.5, 2.0, 3.0 + step))
    start = step == 0
    return WeightRecord(
        step=step,
        epoch=0 if start else epoch,
        loss=None if start else loss / step,
        lr=None if start else 1e-3,
        clipped_share=None if start else clipped,
        matrices=tuple(matrices),
        time_constants=(memory,),
    )


def records_of(turns, **gradients):
    """Records at steps 0, 10, 20, ...; ``turns`` maps a matrix to its turn in each."""
    count = len(next(iter(turns.values())))
    return [
        record(
            10 * index,
            [
                matrix(name, turns[name][index], gradient=gradients.get(name, [1.0] * count)[index])
                for name in turns
            ],
            epoch=index,
        )
        for index in range(count)
    ]


def texts(records):
    return [finding.text for finding in learning_findings(records, find_learning(records))]


def test_the_matrix_that_turned_furthest_is_named_with_its_angle():
    records = records_of({"W_hr": [0, 0.1, 0.2], "W_hz": [0, 0.4, 0.5], "W_hn": [0, 0.01, 0.02]})
    assert texts(records)[0] == (
        "W_hz layer 0, the update gate's hidden-to-hidden matrix, moved most: 60 degrees from its "
        "initialisation (cosine distance 0.5)."
    )


@pytest.mark.parametrize(
    ("turns", "step"),
    [
        ([0, 0.2, 0.46, 0.48, 0.5], 20),
        ([0, 0.5, 0.2, 0.48, 0.5], 30),
        ([0, 0.5, 0.5, 0.5, 0.5], 10),
        ([0, 0.1, 0.2, 0.3, 0.5], 40),
    ],
)
def test_a_matrix_settles_where_nine_tenths_of_its_turn_are_done_for_good(turns, step):
    (found,) = find_learning(records_of({"W_hz": turns}))
    assert (found.settled_step, found.settled_epoch) == (step, step // 10)


def test_what_settled_and_what_turns_on_is_said():
    early, late = [0, 0.46, 0.48, 0.5], [0, 0.1, 0.2, 0.3]
    found = texts(records_of({"W_hz": early, "W_hr": late}))
    assert found[1] == "W_hz layer 0 settled by step 10 of 30 (epoch 1), at 90 % of its distance."
    assert found[2].startswith("W_hr layer 0 was still moving when the record ends, in epoch 3")


STARVING = {"W_hr": [0.0099, 0.0099, 0.0099, 0.0101]}


@pytest.mark.parametrize(
    ("gradients", "share"),
    [
        ({}, 0.0),
        (STARVING, 2 / 3),
        ({"W_hr": [0.0, 0.0101, 0.0099, 0.0101]}, 1 / 3),
        ({"W_hr": [0.0, 0.0099, 0.0101, 0.0101]}, 1 / 3),
    ],
)
def test_a_gate_gets_little_gradient_below_a_hundredth_of_the_largest_gradient_for_most_steps(
    gradients, share
):
    turns = {name: [0, 0.1, 0.2, 0.3] for name in GATES}
    records = records_of(turns, **gradients)
    # The initialisation has no gradient.
    first = records[0]
    bare = [matrix(name, 0.0, gradient=None, update=None) for name in GATES]
    records[0] = WeightRecord(**(vars(first) | {"matrices": tuple(bare)}))
    found = find_learning(records)
    assert found[0].small_gradient_share == pytest.approx(share)
    assert [item.small_gradient_share for item in found[1:]] == [0.0, 0.0]
    few = [text for text in texts(records) if text.startswith("W_hr layer 0 got little gradient")]
    assert len(few) == (share > 0.5)
    assert any(text.startswith("No gate got little gradient") for text in texts(records)) == (
        share <= 0.5
    )


def test_a_record_weighs_as_many_steps_as_it_stands_for():
    steps = {1: 0.001, 2: 0.001, 4: 0.001, 100: 1.0}
    records = [record(0, [matrix(name, 0.0, gradient=None) for name in GATES])]
    records += [
        record(step, [matrix("W_hr", 0.1, gradient=low), matrix("W_hz", 0.1), matrix("W_hn", 0.1)])
        for step, low in steps.items()
    ]
    assert find_learning(records)[0].small_gradient_share == pytest.approx(0.04)


def test_fast_updates_and_clipping_are_pointed_out_with_their_thresholds():
    calm = [record(s, [matrix("W_hz", s / 100)]) for s in (0, 10)]
    wild = [calm[0], record(10, [matrix("W_hz", 0.1, update=0.02)], clipped=0.8)]
    assert not [text for text in texts(calm) if "train.lr" in text or "train.clip" in text]
    assert any("W_hz layer 0 still changed by 0.02 > 0.01" in text for text in texts(wild))
    assert any(text.startswith("80 % > 50 % of the last epoch's steps") for text in texts(wild))


def test_weights_that_never_moved_are_called_that():
    assert texts(records_of({"W_hz": [0, 0, 0]}))[0] == "No matrix has moved since initialisation."


def history_of(records, *, layer_norm="none", init=True):
    found = find_learning(records)
    return WeightHistory(
        path="runs/wave/weights.jsonl",
        name="wave",
        cell="gru",
        layer_norm=layer_norm,
        hidden=64,
        init={"input_hidden": "uniform", "hidden_hidden": "orthogonal", "chrono_steps": 9}
        if init
        else {},
        train={"seed": 7, "loss": "mae", "optimizer": "adam", "clip": 1.0} if init else {},
        records=tuple(records),
        epochs=(),
        learning=found,
        findings=learning_findings(records, found),
    )


def drawn(history, width=80, encoding="utf-8"):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=stream, width=width, force_terminal=False)
    console.print(render_weight_history(history, width))
    stream.flush()
    return stream.buffer.getvalue().decode(encoding)


EVERY = [name.replace("h", letter) for letter in "xh" for name in GATES]
MANY = [
    record(step, [matrix(name, step / 1e4, layer=at) for at in (0, 1) for name in EVERY])
    for step in range(0, 2000, 20)
]


@pytest.mark.parametrize("width", [40, 80, 160])
@pytest.mark.parametrize("records", [MANY[:1], MANY[:2], MANY], ids=len)
@pytest.mark.parametrize("init", [True, False])
def test_every_line_fits_the_screen(width, records, init):
    lines = drawn(history_of(records, init=init), width).splitlines()
    assert max(map(len, lines)) <= width


def test_the_curves_use_a_wider_screen():
    def longest(width):
        return max(
            line.count("▁") + line.count("█")
            for line in drawn(history_of(MANY), width).splitlines()
        )

    assert longest(160) > longest(80)


def test_a_screen_without_these_letters_gets_ascii():
    assert drawn(history_of(MANY), encoding="ascii").isascii()


def test_the_five_phases_tell_this_runs_own_numbers():
    text = " ".join(drawn(history_of(MANY[:3])).split())
    for words in (
        "1 Initialise W_x uniform within 1/sqrt(64) = 0.125, W_h orthogonal; biases that remember "
        "up to 9 steps; seed 7.",
        "W_h: norm 4.00, largest singular value 1.00, spectral radius 0.500.",
        "2 Forward Layer 0: time constant by the update gate's bias alone, 1.50 steps (median; "
        "longest 3.00) at step 0 and 1.50 (43.0) at step 40.",
        "3 Loss mae 0.02500 on the batch of step 20, 0.01250 on that of step 40 (scaled units).",
        "Gradient norm by gate in step 20: reset 2.00, update 2.00, candidate 2.00.",
        "adam changed the matrices by this share of their norm: 0.00100 in step 20 (lr 0.0010)",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ([0.25, 0.5, 0.0], "Clipped to 1: 21 % of 60 steps, most in epoch 2 (50 %)."),
        ([0.0, 0.0], "Clipped to 1: none of 30 steps."),
        ([], "Clipped to 1: 80 % of the steps so far."),
    ],
)
def test_the_share_of_clipped_steps_is_that_of_all_training(shares, words):
    steps = [10, 30, 60] if len(shares) == 3 else [10, 30]
    epochs = tuple(
        EpochLoss(number, step, 0.5, 0.5, False, share)
        for number, (step, share) in enumerate(zip(steps, shares, strict=False), start=1)
    )
    records = [MANY[0], record(60, MANY[0].matrices, clipped=0.8)]
    history = dataclasses.replace(history_of(records), epochs=epochs)
    assert words in " ".join(drawn(history).split())


def test_a_resumed_run_counts_the_clipped_steps_of_all_its_epochs(folder):
    settings = ("--set", "train.clip=0.05", "--run-dir", "run")
    assert (
        grucli("train", "wave.yaml", "--set", "train.epochs=1", *settings, cwd=folder).returncode
        == 0
    )
    more = ("--resume", "--set", "train.epochs=3")
    assert grucli("train", "wave.yaml", *more, *settings, cwd=folder).returncode == 0
    rows = [
        json.loads(line) for line in (folder / "run" / "metrics.jsonl").read_text().splitlines()
    ]
    shares = [row["clipped_share"] for row in rows if row["kind"] == "Epoch"]
    history = read_history(folder / "run" / "best.pt")
    assert [epoch.clipped_share for epoch in history.epochs] == shares
    assert len(shares) == 3
    mean = round(100 * sum(shares) / 3)
    assert mean > 0
    assert f"Clipped to 0.05: {mean} % of {history.epochs[-1].step} steps" in drawn(history, 120)


@pytest.mark.parametrize(("best", "is_said"), [(10, True), (30, False)])
def test_the_curves_say_where_best_is_of_an_earlier_step(best, is_said):
    epochs = tuple(EpochLoss(s // 10, s, 0.5, 0.5, s in (10, best), 0.0) for s in (10, 20, 30))
    records = [record(step, MANY[1].matrices) for step in (0, 10, 20, 30)]
    history = dataclasses.replace(history_of(records), epochs=epochs)
    lines = drawn(history).splitlines()
    (start,) = [at for at, line in enumerate(lines) if line.startswith("Over training")]
    words = "  Numbers are of step 30; best.pt holds the weights of step 10."
    assert (lines[start + 1].rstrip() == words) == is_said
    assert drawn(history).count("best.pt holds") == is_said


def test_a_run_that_has_made_no_step_yet_says_so():
    assert "No step has been made yet." in drawn(history_of(MANY[:1]))


def test_only_normalised_cells_are_told_that_size_does_nothing():
    words = "the size of a matrix does nothing"
    assert words in drawn(history_of(MANY, layer_norm="split"), 200)
    assert words not in drawn(history_of(MANY), 200)


def test_the_record_of_a_run_is_read_as_it_was_written(trained):
    history = read_history(trained / "run" / "best.pt")
    lines = (trained / "run" / "weights.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert [r.step for r in history.records] == [row["step"] for row in rows]
    assert [json.loads(to_json(record)) for record in history.records] == rows
    assert {m.cell for m in history.records[-1].matrices} == {"gru"}
    assert [epoch.epoch for epoch in history.epochs] == [1, 2, 3]
    assert (history.cell, history.layer_norm, history.name) == ("gru", "split", "wave")


def copy_of_run(trained, place):
    for name in ("best.pt", "weights.jsonl", "metrics.jsonl"):
        (place / name).write_bytes((trained / "run" / name).read_bytes())
    return place / "best.pt"


def test_a_line_that_is_being_written_is_left_out(trained, tmp_path):
    best = copy_of_run(trained, tmp_path)
    whole = len(read_history(best).records)
    with (tmp_path / "weights.jsonl").open("a") as file:
        file.write('{"schema_version": 1, "ki')
    assert len(read_history(best).records) == whole


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"a": 1}', "no field 'kind'"),
        ('{"kind": ', "not JSON at column 10"),
        ('{"kind": "WeightRecord", "matrices": 5}', "step: missing; expected a line"),
    ],
)
def test_a_damaged_line_is_described_without_the_names_of_exceptions(
    trained, tmp_path, line, words
):
    best = copy_of_run(trained, tmp_path)
    (tmp_path / "weights.jsonl").write_text(line + "\n")
    with pytest.raises(CheckpointError) as caught:
        read_history(best)
    assert str(caught.value).startswith(f"{tmp_path / 'weights.jsonl'}:1: {words}")
    assert "; expected a line as `grucli train` writes it; " in str(caught.value)
    assert "Error" not in str(caught.value)


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"kind": "WeightRecord"}', '{"kind": "WeightRecord", "matrices": [{}]}']
)
def test_a_damaged_line_is_named(trained, tmp_path, line):
    best = copy_of_run(trained, tmp_path)
    text = (tmp_path / "weights.jsonl").read_text()
    (tmp_path / "weights.jsonl").write_text(f"{line}\n{text}")
    with pytest.raises(CheckpointError, match=r"weights\.jsonl:1: .* as `grucli train` writes it"):
        read_history(best)


def test_a_missing_record_is_named_with_what_to_do(trained, tmp_path):
    best = copy_of_run(trained, tmp_path)
    (tmp_path / "weights.jsonl").unlink()
    with pytest.raises(CheckpointError, match=r"weights\.jsonl: cannot be read: .*train again"):
        read_history(best)


def test_the_command_shows_the_history_and_gives_it_as_json(trained):
    best = trained / "run" / "best.pt"
    done = grucli("inspect-weights", best, "--history")
    assert done.returncode == 0
    assert "moved most" in done.stdout
    document = json.loads(grucli("inspect-weights", best, "--history", "--json").stdout)
    assert (document["kind"], document["schema_version"]) == ("WeightHistory", 2)
    assert document["records"][0]["step"] == 0


@pytest.mark.parametrize("extra", [["best.pt"], ["--matrix", "W_hz"], ["--fail-if", "nan>0"]])
def test_the_history_stands_alone(trained, extra):
    done = grucli("inspect-weights", trained / "run" / "best.pt", *extra, "--history")
    assert done.returncode == 2
    assert "does nothing beside --history, which shows the record of one run" in done.stderr


def test_the_history_uses_the_names_that_were_chosen(trained):
    options = ("inspect-weights", trained / "run" / "best.pt", "--history")
    text = grucli(*options, "--names", "torch", env=os.environ | {"COLUMNS": "100"}).stdout
    assert ["weight_hh_l1[8:16]", "update"] in [line.split()[:2] for line in text.splitlines()]
    assert "in torch's order r, z, n" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 100
