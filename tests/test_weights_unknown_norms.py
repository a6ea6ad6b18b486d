"""Of files that may hold a layer normalisation nothing is guessed, and what is unknown is said."""

import numpy as np
import pytest
import torch

from grucli.cells.layouts import parse_layout
from grucli.errors import CheckpointError
from grucli.nn import MODULES
from grucli.weights import build_weight_report, read_weights
from tests.foreign_weights import saved, with_prefix


def beside(**vectors):
    """Weights of a cell with torch's names, and vectors beside them."""
    torch.manual_seed(0)
    state = torch.nn.GRUCell(3, 5).state_dict()
    return with_prefix("net.cell.", state | {k.replace("__", "."): v for k, v in vectors.items()})


GAINS = {
    "one for each side": {"gamma_ih": torch.ones(15), "gamma_hh": torch.ones(15)},
    "one for each gate": {f"layernorm_{g}__weight": torch.ones(5) for g in "rzn"},
    "both sides in one": {"gamma": torch.ones(2, 15)},
    "short names": {"ln_x__weight": torch.ones(15)},
}


@pytest.mark.parametrize("gains", GAINS.values(), ids=GAINS)
def test_gains_beside_torchs_names_make_the_form_unknown_and_nothing_is_judged(tmp_path, gains):
    state = beside(**gains)
    state["net.cell.weight_hh"] *= 50
    state["net.cell.bias_hh"] += 20
    path = saved(tmp_path, state)
    report = build_weight_report(read_weights(path))
    assert report.layer_norm == "unknown"
    assert report.time_constants == ()
    assert report.findings == ()
    note = next(note for note in report.notes if "in a form that is not known" in note)
    assert note.startswith("Something in net.cell is normalised, in a form that is not known: net.")
    plain = build_weight_report(read_weights(path, parse_layout("torch")))
    assert "time_constant_steps" in {finding.quantity for finding in plain.findings}
    assert plain.layer_norm == "none"


def test_a_radius_is_judged_only_where_nothing_unknown_is_normalised(tmp_path):
    state = torch.nn.RNNCell(3, 5).state_dict() | {"gain": torch.ones(5)}
    path = saved(tmp_path, state | {"weight_hh": 3 * torch.eye(5)})
    for layout, expected in ((None, set()), (parse_layout("torch"), {"spectral_radius"})):
        report = build_weight_report(read_weights(path, layout))
        assert {finding.quantity for finding in report.findings} == expected


@pytest.mark.parametrize(
    "state",
    [
        beside(head__weight=torch.ones(5)),
        beside(norm__weight=torch.ones(7)),
        beside() | {"net.norm.weight": torch.ones(5)},
        beside(scale=torch.tensor(1.0)),
    ],
    ids=["no normalisation", "of another size", "not below the cell", "a number"],
)
def test_other_tensors_beside_a_cell_leave_it_plain(tmp_path, state):
    assert read_weights(saved(tmp_path, state)).modules[0].layer_norm == "none"


def test_a_known_layout_is_named_where_its_gains_are_beside_torchs_names(tmp_path):
    gains = {f"layernorm_{g}__{part}": torch.ones(5) for g in "rin" for part in ("weight", "bias")}
    path = saved(tmp_path, beside(**gains))
    file = read_weights(path)
    assert "--layout (icefall fits; torch where these belong" in file.notes[0]
    assert file.obstacles == file.notes
    assert read_weights(path, parse_layout("icefall")).modules[0].layer_norm == "sum"


def own_names(norm):
    """A state dictionary of ours without its recipe."""
    torch.manual_seed(1)
    return MODULES["gru"](3, 5, layer_norm=norm).state_dict()


@pytest.mark.parametrize(("norm", "other"), [("sum_joint", "sum"), ("ba2016", "split")])
def test_what_acts_is_shown_once_the_layer_normalisation_is_named(tmp_path, norm, other):
    path = saved(tmp_path, own_names(norm))
    untold, named, wrong = (
        build_weight_report(read_weights(path, layout and parse_layout(layout)))
        for layout in (None, norm, other)
    )
    radii = [
        [item.effective_spectral_radius for item in report.matrices if item.part == "hh"]
        for report in (untold, named, wrong)
    ]
    assert radii[0] == [None] * 3
    assert None not in radii[1]
    assert not np.allclose(radii[1], radii[2])
    assert "The file does not say which it was: what acts is left out." in untold.notes[0]
    assert norm in untold.notes[0]
    assert untold.findings == ()


def test_eps_is_that_of_the_layout(tmp_path):
    path = saved(tmp_path, own_names("sum"))
    small, large = (
        build_weight_report(read_weights(path, parse_layout(f"sum,eps={eps}"))).matrices[0]
        for eps in (1e-9, 0.1)
    )
    assert large.layer_norm_standard_deviation == pytest.approx(
        np.sqrt(small.layer_norm_standard_deviation**2 + 0.1), rel=1e-6
    )


def test_a_layer_normalisation_that_the_gains_do_not_fit_is_refused(tmp_path):
    path = saved(tmp_path, own_names("sum"))
    with pytest.raises(CheckpointError, match="are those of layer_norm sum or sum_joint; expected"):
        read_weights(path, parse_layout("split"))
