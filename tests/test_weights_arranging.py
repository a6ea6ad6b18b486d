"""--layer, --gate and --sort show what was asked for, in the report and between two files."""

import json
import math

import pytest
import torch

from grucli.errors import UsageError
from grucli.runs import inspection
from grucli.runs.arranging import (
    Wanted,
    arrange_comparison,
    arrange_pictures,
    arrange_report,
)
from tests.conftest import grucli


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Two layers in both directions, and the same with one matrix grown."""
    place = tmp_path_factory.mktemp("both")
    torch.manual_seed(0)
    state = dict(torch.nn.GRU(3, 8, num_layers=2, bidirectional=True).state_dict())
    torch.save(state, place / "a.pt")
    grown = state["weight_hh_l1"].clone()
    grown[8:16] *= 9
    torch.save(state | {"weight_hh_l1": grown}, place / "b.pt")
    grown = grown.clone()
    grown[8] = 0
    torch.save(state | {"weight_hh_l1": grown}, place / "c.pt")
    return place


@pytest.fixture(scope="module")
def report(both):
    """A unit of the update gate hears nothing."""
    return inspection.inspect_weights(both / "c.pt")


def names(items):
    return [item.name for item in items]


def test_nothing_named_is_everything(report):
    assert arrange_report(report, Wanted()) == report


def test_layers_and_gates_narrow_a_report(report):
    shown = arrange_report(report, Wanted(layers=["1r", "0"], gates=["z", "candidate"]))
    assert {(item.name.split(".")[0], item.gate) for item in shown.matrices} == {
        (place, gate) for place in ("0", "1r") for gate in ("update", "candidate")
    }
    assert [(item.layer, item.direction) for item in shown.time_constants] == [
        (0, "forward"),
        (1, "reverse"),
    ]
    assert arrange_report(report, Wanted(gates=["r"])).time_constants == ()


def test_findings_go_with_their_matrices(report):
    about = {finding.matrix for finding in report.findings}
    assert "1.update.hh" in about
    assert names(arrange_report(report, Wanted(layers=["0"])).matrices)
    assert arrange_report(report, Wanted(layers=["0"])).findings == ()
    assert arrange_report(report, Wanted(gates=["n"])).findings == ()
    assert arrange_report(report, Wanted(layers=["1"], gates=["z"])).findings == report.findings


def test_what_all_gates_have_in_common_is_said_only_when_all_are_shown(tmp_path):
    state = torch.nn.GRU(3, 8).state_dict()
    state["weight_ih_l0"][:, 1] *= 0.001
    torch.save(state, tmp_path / "deaf.pt")
    report = inspection.inspect_weights(tmp_path / "deaf.pt")
    assert [finding.matrix for finding in report.findings] == ["0.ih"]
    assert arrange_report(report, Wanted(layers=["0"])).findings == report.findings
    assert arrange_report(report, Wanted(gates=["update"])).findings == ()


def test_sorting_puts_the_largest_first_and_the_undefined_last(report):
    found = arrange_report(report, Wanted(sort="spectral_radius")).matrices
    assert found[0].name == "1.update.hh"
    values = [item.spectral_radius for item in found]
    defined = [value for value in values if value is not None]
    assert defined == sorted(defined, reverse=True)
    assert values[len(defined) :] == [None] * (len(values) - len(defined))
    assert sorted(names(found)) == sorted(names(report.matrices))


def test_a_comparison_is_narrowed_and_sorted(both):
    comparison = inspection.compare(both / "a.pt", both / "b.pt")
    found = arrange_comparison(comparison, Wanted(gates=["update"], sort="relative_change"))
    assert found.changes[0].name == "1.update.hh"
    assert {item.gate for item in found.changes} == {"update"}
    assert math.isclose(found.changes[0].relative_change, 8, rel_tol=1e-5)


def test_matrices_that_one_file_lacks_are_narrowed_too(both, tmp_path):
    torch.save(torch.nn.GRU(3, 8).state_dict(), tmp_path / "one.pt")
    comparison = inspection.compare(both / "a.pt", tmp_path / "one.pt")
    found = arrange_comparison(comparison, Wanted(layers=["1"], gates=["z"]))
    assert found.changes == ()
    assert found.only_before == tuple(
        f"1.update.{part}" for part in ("ih", "hh", "bias_ih", "bias_hh")
    )


def test_pictures_are_narrowed(both):
    found = arrange_pictures(inspection.picture(both / "a.pt"), Wanted(layers=["1"], gates=["z"]))
    assert names(found.matrices) == names(found.spectra) == ["1.update.ih", "1.update.hh"]


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (Wanted(layers=["2"]), "--layer 2: no such layer; expected one of 0, 0r, 1, 1r"),
        (
            Wanted(gates=["x"]),
            "--gate x: no gate of a gru; expected one of r, z, n, reset, update, candidate",
        ),
        (Wanted(sort="radius"), "--sort radius: no such statistic; did you mean spectral_radius?"),
        (
            Wanted(sort="conditon"),
            "did you mean condition_number? expected one of mean, standard_deviation",
        ),
        (Wanted(sort="relative_change"), "no such statistic; expected one of mean"),
    ],
)
def test_what_does_not_exist_is_named_with_what_does(report, wanted, says):
    with pytest.raises(UsageError) as caught:
        arrange_report(report, wanted)
    assert says in str(caught.value)


def test_a_comparison_has_statistics_of_its_own(both):
    comparison = inspection.compare(both / "a.pt", both / "b.pt")
    with pytest.raises(
        UsageError, match="expected one of frobenius_norm_before, frobenius_norm_after, relative"
    ):
        arrange_comparison(comparison, Wanted(sort="spectral_radius"))


def test_gates_of_two_cells_are_known_by_their_own_words(tmp_path):
    model = torch.nn.ModuleDict({"a": torch.nn.GRU(3, 5), "b": torch.nn.LSTM(3, 5)})
    torch.save(model.state_dict(), tmp_path / "two.pt")
    report = inspection.inspect_weights(tmp_path / "two.pt")
    shown = arrange_report(report, Wanted(gates=["z", "forget"]))
    assert {(item.module, item.gate) for item in shown.matrices} == {
        ("a.", "update"),
        ("b.", "forget"),
    }
    with pytest.raises(UsageError, match="no gate of a gru or lstm; expected one of r, z, n, i, f"):
        arrange_report(report, Wanted(gates=["x"]))


def test_the_command_narrows_its_json_and_its_screen_alike(both):
    options = ("inspect-weights", both / "b.pt", "--layer", "1", "--gate", "z", "--sort", "norm")
    document = json.loads(grucli(*options, "--json").stdout)
    assert [row["symbol"] for row in document["matrices"]] == ["W_hz", "W_xz", "b_xz", "b_hz"]
    lines = [line.split()[0] for line in grucli(*options).stdout.splitlines() if line.split()]
    entries, maps = ["W_hz", "W_xz", "b_xz", "b_hz"], ["W_hz", "W_xz"]
    assert [word for word in lines if word[:2] in ("W_", "b_")][:6] == entries + maps


def test_checks_look_at_every_matrix_shown_or_not(both):
    check = ("--fail-if", "W_h*.spectral_radius>1.5")
    assert grucli("inspect-weights", both / "b.pt", "--layer", "0", *check).returncode == 6
    assert grucli("inspect-weights", both / "a.pt", "--layer", "0", *check).returncode == 0


@pytest.mark.parametrize(
    ("check", "says"),
    [
        ("1.update.hh.spectral_radius>1.5", "1.update.hh.spectral_radius is"),
        ("*r.*.bias_hh.norm>0", "0r.reset.bias_hh.norm is"),
    ],
)
def test_checks_know_matrices_by_their_addresses(both, check, says):
    done = grucli("inspect-weights", both / "b.pt", "--fail-if", check)
    assert done.returncode == 6
    assert done.stderr.startswith(f'error: --fail-if "{check}": {says}')


@pytest.mark.parametrize(
    ("check", "code", "says"),
    [
        ("*.relative_change>0.5", 6, "W_hz.1.relative_change is 8"),
        ("1.update.hh.relative_change>9", 0, ""),
        ("0*.relative_change>0", 0, ""),
        ("*.cosine<0.99", 0, ""),
        ("differences>0", 0, ""),
        ("unmatched>0", 0, ""),
        ("relative_change>0.5", 2, "did you mean *.relative_change?"),
    ],
)
def test_a_comparison_can_be_checked(both, check, code, says):
    done = grucli("inspect-weights", "a.pt", "b.pt", "--gate", "r", "--fail-if", check, cwd=both)
    assert done.returncode == code
    assert says in done.stderr
    assert bool(done.stderr) == bool(code)


def test_a_comparison_counts_what_else_differs(both, tmp_path):
    state = torch.load(both / "a.pt", weights_only=True)
    for name, lr, rows in (("a", 0.1, 3), ("b", 0.2, 4)):
        data = {"path": "t.csv", "rows": rows, "sha256": "0"}
        content = {"recipe": {"train": {"lr": lr, "clip": lr}}, "data": data}
        torch.save(
            {"format": "grucli checkpoint", "weights": state} | content, tmp_path / f"{name}.pt"
        )
    found, _ = inspection.numbers(inspection.compare(tmp_path / "a.pt", tmp_path / "b.pt"))
    sections = {name: value for name, value in found.items() if name.startswith("diff")}
    assert sections == {
        "differences": 3,
        "differences.recipe": 2,
        "differences.data": 1,
        **dict.fromkeys((f"differences.{word}" for word in ("scaler", "columns")), 0),
        **dict.fromkeys(
            (f"differences.{word}" for word in ("versions", "progress", "deviations")), 0
        ),
    }
    torch.save(torch.nn.GRU(3, 8).state_dict(), tmp_path / "one.pt")
    fewer = inspection.compare(both / "a.pt", tmp_path / "one.pt")
    assert inspection.numbers(fewer)[0]["unmatched"] == 36


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_comparison_with_weights_that_are_not_finite_is_shown_and_refused(both, tmp_path, value):
    state = torch.load(both / "a.pt", weights_only=True)
    state["weight_hh_l1"] = state["weight_hh_l1"].clone()
    state["weight_hh_l1"][9, 2] = value
    torch.save(state, tmp_path / "broken.pt")
    check = ("--fail-if", "*.relative_change>0.5")
    done = grucli("inspect-weights", tmp_path / "broken.pt", tmp_path / "broken.pt", *check)
    assert done.returncode == 4
    assert "1.update.hh" in done.stdout
    lines = done.stderr.splitlines()
    assert len(lines) == 2
    assert all("broken.pt: 1.update.hh (W_hz): entries are not finite" in line for line in lines)


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_matrix_goes_into_its_file_whether_or_not_json_is_asked_for(both, tmp_path, options):
    asked = ("inspect-weights", both / "a.pt", "--matrix", "1.update.hh")
    done = grucli(*asked, "-o", tmp_path / "w.csv", *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (grucli(*asked, "--json").stdout if options else "")
    assert (tmp_path / "w.csv").read_text() == grucli(*asked, "-o", "-").stdout


@pytest.mark.parametrize(
    ("arguments", "idle"),
    [
        (["b.pt", "--exact"], "--exact: does nothing beside a second checkpoint"),
        (["b.pt", "--matrix", "W_hz"], "--matrix: does nothing beside a second checkpoint"),
        (["--matrix", "W_hz", "--sort", "norm"], "--sort: does nothing beside --matrix"),
        (["--matrix", "W_hz", "--layer", "0", "--exact"], "--layer, --exact: does nothing beside"),
        (["--history", "--gate", "z"], "--gate: does nothing beside --history"),
        (["-o", "w.csv"], "--output: does nothing beside the report of all matrices"),
    ],
)
def test_options_that_would_do_nothing_are_refused(both, arguments, idle):
    done = grucli("inspect-weights", "a.pt", *arguments, cwd=both)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {idle}")
    assert len(done.stderr.splitlines()) == 1


def test_a_wrong_layer_is_refused_before_anything_is_drawn(both, tmp_path):
    plot = tmp_path / "weights.png"
    done = grucli("inspect-weights", both / "a.pt", "--layer", "7", "--plot", plot)
    assert done.returncode == 2
    assert not plot.exists()


@pytest.mark.parametrize(
    ("cell", "word", "gate"),
    [
        ("GRU", "u", "update"),
        ("GRU", "W_u", "update"),
        ("GRU", "W_hz", "update"),
        ("GRU", "h", "candidate"),  # Keras and ONNX
        ("GRU", "c", "candidate"),
        ("LSTM", "c", "cell"),
        ("LSTM", "W_i", "input"),
    ],
)
def test_letters_of_other_texts_are_understood(tmp_path, cell, word, gate):
    torch.save(getattr(torch.nn, cell)(3, 4).state_dict(), tmp_path / "w.pt")
    report = inspection.inspect_weights(tmp_path / "w.pt")
    shown = arrange_report(report, Wanted(gates=[word])).matrices
    assert {item.gate for item in shown} == {gate}
    letter = shown[0].symbol[-1]
    theirs = word.removeprefix("W_").removeprefix("h") or word
    picked = inspection.pick_matrix(tmp_path / "w.pt", f"W_h{theirs}")
    assert picked.symbol == f"W_h{letter}"


@pytest.mark.parametrize(
    ("cell", "word", "said"),
    [
        ("GRU", "i", "a gru has no input gate: 1 - z lets the new in; say update (z)"),
        ("GRU", "W_i", "a gru has no input gate"),
        ("GRU", "forget", "a gru has no forget gate: z keeps the old state; say update (z)"),
        ("LSTM", "candidate", "what a gru calls candidate is the cell gate here; say cell (g)"),
        ("LSTM", "u", "an lstm has no update gate: f keeps, i lets in"),
    ],
)
def test_a_gate_that_another_cell_has_is_answered_with_what_is_meant(tmp_path, cell, word, said):
    torch.save(getattr(torch.nn, cell)(3, 4).state_dict(), tmp_path / "w.pt")
    report = inspection.inspect_weights(tmp_path / "w.pt")
    with pytest.raises(UsageError) as error:
        arrange_report(report, Wanted(gates=[word]))
    assert said in str(error.value)
    symbol = word if word.startswith("W_") else f"W_{word}"
    with pytest.raises(UsageError) as error:
        inspection.pick_matrix(tmp_path / "w.pt", symbol)
    assert said in str(error.value)


def test_a_symbol_without_its_side_is_answered_with_both(tmp_path):
    torch.save(torch.nn.GRU(3, 4).state_dict(), tmp_path / "w.pt")
    with pytest.raises(UsageError) as error:
        inspection.pick_matrix(tmp_path / "w.pt", "W_u")
    assert str(error.value) == (
        "W_u: of which side? expected one of W_xz (0.update.ih), W_hz (0.update.hh)"
    )


def test_the_normalised_state_of_an_lstm_is_known_as_a_gate(tmp_path):
    state = dict(torch.nn.LSTM(3, 4).state_dict())
    state |= {f"gain_{side}_l0": torch.ones(16) for side in ("ih", "hh")}
    state |= {"gain_state_l0": torch.ones(4), "bias_state_l0": torch.zeros(4)}
    torch.save(state, tmp_path / "w.pt")
    report = inspection.inspect_weights(tmp_path / "w.pt")
    shown = arrange_report(report, Wanted(gates=["cell_state"])).matrices
    assert {item.symbol for item in shown} == {"g_c", "b_c"}
