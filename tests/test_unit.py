"""One unit's page: the weights that it reads by, those that read it, and its states on data."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from grucli.cli.views.unit import render_unit
from grucli.errors import UsageError
from grucli.runs.inspection import read_file
from grucli.runs.tracing import trace
from grucli.runs.units import inspect_unit
from grucli.weights import unit_report
from tests.conftest import RECIPE, grucli, write_wave
from tests.screens import drawn
from tests.weight_files import file_of


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One layer of eight units, so that the decoder reads all of them."""
    import grucli as library

    place = tmp_path_factory.mktemp("unit")
    write_wave(place / "wave.csv")
    (place / "wave.yaml").write_text(RECIPE)
    plain = ["model.layers=1", "model.layer_norm=none"]
    library.train(place / "wave.yaml", plain, run_dir=place / "run")
    return place / "run" / "best.pt"


def test_the_largest_weights_of_a_unit_are_named_by_what_they_read(tmp_path):
    torch.manual_seed(0)
    state = dict(torch.nn.GRU(2, 6).state_dict())
    state["weight_ih_l0"][6 + 3, 1] = 9.0  # the update gate of unit 3 reads the second input
    state["weight_hh_l0"][12 + 3, 5] = -8.0  # its candidate reads unit 5
    state["weight_hh_l0"][4, 3] = 7.0  # the reset gate of unit 4 reads unit 3
    report = unit_report(file_of(tmp_path, state), 3)
    assert [link.name.split()[0] for link in report.incoming_weights] == ["input"] * 3 + [
        "state"
    ] * 3
    first, second = report.incoming_weights[0], report.incoming_weights[3]
    assert (first.gate, first.name, first.weight) == ("update", "input 1", 9.0)
    assert (second.gate, second.name, second.weight) == ("candidate", "state 5", -8.0)
    reader = report.outgoing_weights[0]
    assert (reader.gate, reader.name, reader.weight) == ("reset", "unit 4", 7.0)
    assert len(report.outgoing_weights) == 6


def test_a_unit_of_a_lower_layer_is_read_from_above(tmp_path):
    torch.manual_seed(0)
    state = dict(torch.nn.GRU(2, 6, num_layers=2, bidirectional=True).state_dict())
    state["weight_ih_l1"][2, 6 + 1] = 5.0  # unit 2 of layer 1 reads unit 1 of the reverse direction
    report = unit_report(file_of(tmp_path, state), 1, "0r")
    assert (report.outgoing_weights[0].name, report.outgoing_weights[0].weight) == ("above 2", 5.0)
    assert (
        max(link.weight for link in unit_report(file_of(tmp_path, state), 1, "0").outgoing_weights)
        < 1
    )


def test_a_units_gates_and_state_are_those_of_the_trace(run):
    report = inspect_unit(run, 5)
    traced = trace(run, units=[5])
    values = traced.layers[0, "forward"][:, 0, 0]
    for gate in report.gates:
        column = values[:, traced.names.index(gate.symbol)]
        np.testing.assert_allclose(gate.values, column, rtol=1e-6)
    np.testing.assert_allclose(report.states, values[:, traced.names.index("h")], rtol=1e-6)
    assert report.times == traced.times
    assert len(report.inputs["level"]) == len(report.times)


@pytest.fixture(scope="module")
def by_segments(tmp_path_factory):
    """A model that reads seven rows at each step of its stack."""
    import grucli as library

    place = tmp_path_factory.mktemp("segments")
    write_wave(place / "wave.csv")
    (place / "wave.yaml").write_text(RECIPE)
    asked = ["model.layers=1", "model.decoder=segment", "model.segment=7", "train.epochs=1"]
    library.train(place / "wave.yaml", asked, run_dir=place / "run")
    return place / "run" / "best.pt"


def test_a_unit_of_segments_stands_beside_the_rows_of_the_table(by_segments):
    report = inspect_unit(by_segments, 0)
    level = np.array(report.inputs["level"])
    assert (len(level), len(report.states)) == (len(report.times), 2) == (14, 2)
    column = np.genfromtxt(by_segments.parent.parent / "wave.csv", delimiter=",", skip_header=1)
    expected = column[-14:, 1] - column[-1, 1]
    assert np.corrcoef(level, expected)[0, 1] > 1 - 1e-9
    assert (report.decoder_steps, len(report.decoder_weights)) == (7, 7)
    assert {link.name.split()[0] for link in report.incoming_weights} == {"segment", "state"}
    assert "7 steps that it forecasts at once" in drawn(render_unit(report, 80), 80)


def test_the_decoders_weights_and_the_way_from_the_start_are_those_of_the_unit(run):
    report = inspect_unit(run, 5)
    weights = torch.load(run)["weights"]
    assert report.decoder_weights == pytest.approx(weights["decoder.weight"][:, 5].tolist())
    assert report.learned_steps[0] == 0
    for gate in report.gates:
        assert gate.relative_changes[0] == 0.0
        assert gate.relative_changes[-1] > 0


def test_a_table_that_is_gone_leaves_the_weights_and_says_why(run, tmp_path):
    report = unit_report(file_of(tmp_path, dict(torch.nn.GRU(2, 6).state_dict())), 0)
    assert report.states == ()
    done = grucli("inspect-weights", tmp_path / "file.pt", "--unit", "0")
    assert done.returncode == 0
    assert "no table to run it on" in done.stdout


@pytest.mark.parametrize(
    ("unit", "layer", "said"),
    [(6, None, "--unit 6: no such unit; expected 0 to 5"), (0, "3", "--layer 3: no such layer")],
)
def test_a_unit_that_is_not_there_is_a_usage_error(tmp_path, unit, layer, said):
    file = file_of(tmp_path, dict(torch.nn.GRU(2, 6).state_dict()))
    with pytest.raises(UsageError, match=said):
        unit_report(file, unit, layer)


@pytest.mark.parametrize("width", [60, 80, 140])
def test_the_page_of_a_unit_fits_its_window(run, width):
    report = dataclasses.replace(inspect_unit(run, 5), path="runs/co2/best.pt")
    lines = drawn(render_unit(report, width), width).splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) <= 22


def test_the_page_is_one_document_too(run):
    document = json.loads(grucli("inspect-weights", run, "--unit", "5", "--json").stdout)
    assert (document["kind"], document["unit"]) == ("UnitReport", 5)


def test_explain_without_a_time_shows_the_same_page(run):
    pages = [grucli(verb, run, "--unit", "5", "--json") for verb in ("inspect-weights", "explain")]
    assert pages[0].stdout == pages[1].stdout != ""


def test_the_page_is_along_the_table_that_is_given(run, tmp_path):
    write_wave(tmp_path / "short.csv", 100)
    report = inspect_unit(run, 5, data=str(tmp_path / "short.csv"))
    assert report.times == trace(run, str(tmp_path / "short.csv")).times
    done = grucli("explain", run, tmp_path / "none.csv", "--unit", "5")
    assert (done.returncode, "none.csv" in done.stderr) == (3, True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "--at: missing; expected --at TIME for a step, or --unit N"),
        (["--unit", "5", "--column", "level"], "--column level: does nothing without --at"),
    ],
)
def test_explain_says_what_it_needs(run, options, said):
    done = grucli("explain", run, *options)
    assert done.returncode == 2
    assert said in done.stderr


def test_options_that_do_nothing_beside_a_unit_are_refused(run):
    done = grucli("inspect-weights", run, "--unit", "5", "--sort", "norm")
    assert done.returncode == 2
    assert "--sort: does nothing beside --unit" in done.stderr


@pytest.mark.parametrize(
    "change",
    [
        {"decoder": "segment", "segment": "/dev/zero"},
        {"decoder": ["segment"], "segment": 0},
        {"decoder": "segment", "segment": None},
        {"decoder": "recursive"},
    ],
)
def test_a_recipe_that_was_changed_says_nothing_of_the_decoder(run, change):
    file = read_file(run, None)
    recipe = file.recipe | {"model": file.recipe["model"] | change, "task": {"horizon": "x"}}
    report = unit_report(dataclasses.replace(file, recipe=recipe), 0)
    assert (report.decoder_steps, len(report.decoder_weights)) == (1, 3)
