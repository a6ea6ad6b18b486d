"""What a cell says of itself hangs together, and agrees with torch and with its equations."""

from itertools import chain

import pytest

from grucli.cells import CELLS
from grucli.cells.address import PARTS
from grucli.nn import MODULES

ALL = pytest.mark.parametrize("spec", CELLS.values(), ids=CELLS)


def test_every_cell_has_equations_and_a_module():
    assert list(MODULES) == list(CELLS)
    assert [module.equations.spec for module in MODULES.values()] == list(CELLS.values())


@ALL
def test_gates_stand_once_in_every_order(spec):
    gates = sorted(spec.gate_names)
    assert len(set(spec.letters)) == len(set(gates)) == len(gates)
    assert sorted(spec.keras.letters) == sorted(spec.onnx.order) == gates


@ALL
def test_what_is_said_of_a_gate_is_said_of_one_that_there_is(spec):
    named = {spec.keeps, *spec.chrono} - {""}
    assert named <= set(spec.gate_names)
    assert {gate.reset_by for gate in spec.gates} - {""} <= set(spec.letters)
    assert bool(spec.keeps) == bool(spec.chrono)


@ALL
def test_a_state_follows_from_the_gates_or_is_one(spec):
    lines = () if spec.next_state is None else spec.next_state.lines
    assert {f"{part}'" for part in spec.state} == {symbol for symbol, _ in lines} or (
        set(spec.state) <= set(spec.letters)
    )
    assert spec.state[0] == "h"


@ALL
def test_every_layer_normalisation_takes_every_gate_once(spec):
    assert spec.norm_names[0] == "none"
    assert not spec.layer_norms[0].groups
    for norm in spec.layer_norms[1:]:
        assert tuple(chain(*norm.groups)) == spec.gate_names
        assert set(norm.first_biases) <= set(spec.gate_names)


@ALL
def test_parameters_are_of_kinds_that_have_a_name_and_tell_their_layer_normalisations(spec):
    for norm in spec.layer_norms:
        kinds = set(spec.parameters(norm, bias=True))
        assert kinds <= set(PARTS)
        assert norm in spec.norms_with(kinds)


@ALL
def test_an_unknown_layer_normalisation_is_an_error_with_those_there_are(spec):
    known = ", ".join(spec.norm_names)
    with pytest.raises(ValueError, match=f"'batch' does not exist for {spec.name}.*{known}"):
        spec.layer_norm("batch")


@ALL
def test_an_activation_takes_the_place_of_the_cells_own(spec):
    assert spec.activations[0] == spec.activation
    for choice in spec.activations:
        other = spec.activated(choice.name)
        assert other.activation == choice
        kept = [gate.activation != spec.activation for gate in spec.gates]
        for gate, before, keeps in zip(other.gates, spec.gates, kept, strict=True):
            assert gate.activation == (before.activation if keeps else choice)
