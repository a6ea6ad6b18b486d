"""The first screen of inspect-weights, and how far weights are from where they began."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
import torch

from grucli.cli.views.weights_summary import render_weight_summary
from grucli.runs import inspection
from grucli.weights import build_weight_report, picture_weights, read_movement, read_weights
from grucli.weights.pictures import matrices_by_address
from tests.conftest import grucli
from tests.drawn_weights import gru_state
from tests.screens import drawn
from tests.test_weights_view import CASES, own_facts
from tests.weight_files import file_of


def words(report, width=80, **options):
    return " ".join(drawn(render_weight_summary(report, width, **options), width).split())


def cosine_distances(before, after):
    pairs = zip(
        *(matrices_by_address(read_weights(p)).values() for p in (before, after)), strict=True
    )
    for (name, a), (_, b) in pairs:
        yield name.long, 1 - np.sum(a * b) / (np.linalg.norm(a) * np.linalg.norm(b))


@pytest.fixture(scope="module")
def from_the_start(tmp_path_factory):
    """A run of three epochs, and one of the same draw that did not move."""
    import grucli as library
    from tests.conftest import RECIPE, write_wave

    place = tmp_path_factory.mktemp("moved")
    write_wave(place / "wave.csv")
    (place / "wave.yaml").write_text(RECIPE)
    plain = ["model.layer_norm=none", "model.layers=1"]
    library.train(place / "wave.yaml", plain, run_dir=place / "run")
    still = [*plain, "train.lr=1e-12", "train.epochs=1"]
    library.train(place / "wave.yaml", still, run_dir=place / "start")
    return place


def test_a_movement_is_measured_from_the_very_weights_that_training_began_with(from_the_start):
    start, best = from_the_start / "start" / "best.pt", from_the_start / "run" / "best.pt"
    movement = read_movement(read_weights(best))
    found = {item.name: item.cosine_distance_from_initialisation for item in movement.matrices}
    assert found == pytest.approx(dict(cosine_distances(start, best)), rel=1e-3)
    then = build_weight_report(read_weights(start)).matrices
    sizes = {item.name: (item.frobenius_norm, item.spectral_norm) for item in then}
    for item in movement.matrices:
        at_start = (item.frobenius_norm_at_initialisation, item.spectral_norm_at_initialisation)
        assert at_start == pytest.approx(sizes[item.name], rel=1e-3)


def test_a_movement_is_that_of_the_checkpoint_and_not_of_the_end_of_its_run(from_the_start):
    folder = from_the_start / "run"
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    epochs = [row for row in rows if row["kind"] == "Epoch"]
    best = max(row["epoch"] for row in epochs if row["is_best"])
    for name, epoch in (("best.pt", best), ("last.pt", epochs[-1]["epoch"])):
        assert read_movement(read_weights(folder / name)).epoch == epoch


def test_a_record_of_other_weights_is_no_movement_of_these(from_the_start, tmp_path):
    shutil.copytree(from_the_start / "run", tmp_path / "run")
    shutil.copy(from_the_start / "start" / "best.pt", tmp_path / "run" / "best.pt")
    content = torch.load(tmp_path / "run" / "best.pt")
    content["weights"] = {name: 1.1 * value for name, value in content["weights"].items()}
    torch.save(content, tmp_path / "run" / "best.pt")
    assert read_movement(read_weights(tmp_path / "run" / "best.pt")) is None
    assert read_movement(read_weights(from_the_start / "run" / "best.pt")) is not None


@pytest.mark.parametrize("hidden", [70, 100])
def test_weights_too_large_for_a_whole_picture_are_found_by_their_sketch(folder, hidden):
    import grucli as library

    settings = [f"model.hidden={hidden}", "model.layers=1", "train.epochs=1"]
    library.train(folder / "wave.yaml", settings, run_dir=folder / "run")
    movement = read_movement(read_weights(folder / "run" / "best.pt"))
    assert movement.epoch == 1
    assert all(item.cosine_distance_from_initialisation > 0 for item in movement.matrices)


def test_a_damaged_record_is_said_and_the_weights_are_shown(from_the_start, tmp_path):
    shutil.copytree(from_the_start / "run", tmp_path / "run")
    (tmp_path / "run" / "weights.jsonl").write_text("{}\n")
    done = grucli("inspect-weights", tmp_path / "run" / "best.pt")
    assert done.returncode == 0
    text = " ".join(done.stdout.split())
    assert "weights.jsonl:1: no field 'kind'" in text
    assert "differs most from the expected initialisation" in text


def test_what_moved_most_is_said_with_its_angle_and_when_it_settled(from_the_start):
    report = inspection.inspect_weights(from_the_start / "run" / "best.pt")
    most = max(report.movement.matrices, key=lambda item: item.cosine_distance_from_initialisation)
    text = words(report)
    assert f"{most.symbol}, the {most.gate} gate's" in text
    angle = np.degrees(np.arccos(1 - most.cosine_distance_from_initialisation))
    assert f"moved most: {angle:.0f} degrees from its initialisation" in text
    settled = dataclasses.replace(most, settled_epoch=2)
    movement = dataclasses.replace(report.movement, epoch=3, matrices=(settled,))
    assert "90 % of it by epoch 2 of 3." in words(dataclasses.replace(report, movement=movement))


def test_what_moved_by_rounding_alone_has_not_moved(from_the_start):
    report = inspection.inspect_weights(from_the_start / "start" / "best.pt")
    assert (
        0
        < max(item.cosine_distance_from_initialisation for item in report.movement.matrices)
        < 1e-6
    )
    assert "No matrix has moved from its initialisation." in words(report)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, "The file does not say how its weights began"),
        (own_facts(), "differs most from the expected initialisation: spectral norm"),
    ],
)
def test_without_a_record_no_way_is_told(tmp_path, facts, said):
    state = gru_state() | {"weight_hh_l0": 5 * gru_state()["weight_hh_l0"]}
    text = words(build_weight_report(file_of(tmp_path, state, **facts)))
    assert said in text
    assert "cos. dist." not in text


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("width", [60, 80, 132])
def test_the_first_screen_is_no_wider_than_the_window(tmp_path, case, width):
    state, facts = CASES[case]
    file = file_of(tmp_path, state, **facts)
    report = dataclasses.replace(build_weight_report(file), path="best.pt")
    screen = render_weight_summary(report, width, pictures=lambda: picture_weights([file], ["now"]))
    lines = drawn(screen, width).splitlines()
    assert max(map(len, lines)) <= width
    assert not any("…" in line for line in lines)


def test_matrices_are_drawn_where_there_is_room_alone(tmp_path):
    file = file_of(tmp_path, gru_state())
    report = build_weight_report(file)
    pictures = picture_weights([file], ["now"])
    narrow, wide = (words(report, width, pictures=lambda: pictures) for width in (119, 120))
    assert "W_xz W_hz update" not in narrow
    assert "W_xz W_hz update" in wide
    s = np.linalg.svd(gru_state()["weight_hh_l0"][24:48].numpy(), compute_uv=False)
    assert f"{s[0]:#.3g} to {s[-1]:#.3g}" in wide


def test_all_shows_every_statistic_and_the_first_screen_does_not(trained):
    best = trained / "run" / "best.pt"
    first, every = (grucli("inspect-weights", best, *more).stdout for more in ((), ("--all",)))
    for heading in ("stable rank", "Henrici", "condition", "row median"):
        assert heading not in first
        assert heading in every


def test_commands_to_type_next_run_as_they_stand(from_the_start):
    text = grucli("inspect-weights", "run/best.pt", cwd=from_the_start).stdout
    commands = [line.split()[1:] for line in text.splitlines() if line.startswith("  grucli ")]
    options = [
        command[2 : 4 if command[2] in ("--matrix", "--unit") else 3] for command in commands
    ]
    assert [given[0] for given in options] == ["--all", "--matrix", "--history", "--unit"]
    for given in options:
        assert grucli("inspect-weights", "run/best.pt", *given, cwd=from_the_start).returncode == 0
