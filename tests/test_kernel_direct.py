"""Plain tensors go straight to the kernel; what has to be seen, laid out or refused does not."""

from contextlib import nullcontext

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from grucli.nn import GRU
from grucli.nn.native import operators
from grucli.nn.native.binding import available, run_layer_native
from grucli.nn.native.problem import TENSORS
from grucli.nn.rules import LayerWeights
from tests.kernel_cases import VARIANTS, make_case, run

pytestmark = pytest.mark.skipif(not available(), reason="installed without a compiler")


def refuse(*_):
    raise AssertionError("torch's dispatcher was asked")


def refuse_dispatcher(monkeypatch):
    monkeypatch.setattr(operators, "FORWARD", refuse)
    monkeypatch.setattr(operators, "_BACKWARD", refuse)


def dispatched(case):
    """The results by name of the operators themselves."""
    with FlopCounterMode(display=False):
        return run(case, native=True)


def expect_same_bytes(found, expected):
    assert found.keys() == expected.keys()
    different = [name for name in found if not torch.equal(found[name], expected[name])]
    assert different == []


@pytest.mark.parametrize(
    ("sizes", "ragged"), [((3, 4, 40, 20), False), ((3, 4, 40, 20), True), ((3, 4, 5, 36), False)]
)
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_layer_and_its_gradients_need_no_dispatcher_and_have_the_operators_bytes(
    variant, sizes, ragged, monkeypatch
):
    case = make_case(variant, sizes, ragged=ragged)
    expected = dispatched(case)
    refuse_dispatcher(monkeypatch)
    expect_same_bytes(run(case, native=True), expected)


@pytest.mark.parametrize("through", [nullcontext, lambda: FlopCounterMode(display=False)])
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_state_that_is_not_given_is_one_of_zeros(variant, through):
    case = make_case(variant, (3, 4, 5, 20), zero_state=True)
    results = []
    for state in (case.state, None):
        leaves = {k: value.clone().requires_grad_() for k, value in case.parameters.items()}
        with through():
            output, final = run_layer_native(case.rule, LayerWeights(**leaves), case.x_TBC, state)
            loss = sum((part * part).sum() for part in (output, *final))
            results.append([output, *final, *torch.autograd.grad(loss, list(leaves.values()))])
    assert all(map(torch.equal, *results))


@pytest.mark.parametrize(("hidden", "floats"), [(32, 0), (33, 3 * 48)])
def test_h_u_of_few_units_is_not_kept(hidden, floats):
    case, sizes = make_case(("gru", "split"), (3, 4, 5, hidden)), []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: sizes.append(t.shape), lambda _: None):
        run_layer_native(
            case.rule,
            LayerWeights(**{k: value.requires_grad_() for k, value in case.parameters.items()}),
            case.x_TBC,
            case.state,
        )
    assert ((3, 4, floats) in sizes) == (floats > 0)
    assert (3, 4, hidden) in sizes


def test_rows_of_any_stride_need_no_dispatcher(monkeypatch):
    refuse_dispatcher(monkeypatch)
    model = GRU(5, 8, batch_first=True, layer_norm="split")
    x_BTC = torch.randn(3, 6, 5, requires_grad=True)
    output_BTH, _ = model(x_BTC)
    output_BTH.backward(torch.randn(3, 6, 8))
    assert x_BTC.grad is not None
    with torch.no_grad():
        assert torch.equal(model(x_BTC)[0], output_BTH)


@pytest.mark.parametrize("name", [*TENSORS[:3], "bias_h", "h"])
def test_a_tensor_without_plain_rows_is_laid_out_by_the_operator(name):
    case = make_case(("gru", "split"), (3, 2, 4, 6))
    kind = {"bias_h": "bias_hh"}.get(name, name)
    expected = run(case, native=True)
    holder, key = {"x": (case.__dict__, "x_TBC"), "h": (case.__dict__, "h_BH")}.get(
        name, (case.parameters, kind)
    )
    holder[key] = torch.stack([holder[key], torch.zeros_like(holder[key])], dim=-1)[..., 0]
    weights = LayerWeights(**case.parameters)
    found, _ = run_layer_native(case.rule, weights, case.x_TBC, case.state)
    assert torch.equal(found, expected["output"])


def test_what_torch_has_yet_to_negate_is_negated():
    model, spectrum_TB = GRU(1, 8), torch.randn(6, 4, dtype=torch.complex64)
    view_TBC, laid_out_TBC = spectrum_TB.conj().imag.unsqueeze(-1), -spectrum_TB.imag.unsqueeze(-1)
    assert view_TBC.is_neg() > laid_out_TBC.is_neg()
    with torch.no_grad():
        assert torch.equal(model(view_TBC)[0], model(laid_out_TBC)[0])
    found, expected = (
        torch.autograd.grad(model(x_TBC)[0].sum(), list(model.parameters()))
        for x_TBC in (view_TBC, laid_out_TBC)
    )
    assert all(map(torch.equal, found, expected))


def test_zeros_that_torch_keeps_without_memory_are_zeros():
    model, none_TBC = GRU(4, 8), torch._efficientzerotensor(6, 2, 4)
    with torch.no_grad():
        assert torch.equal(model(none_TBC)[0], model(torch.zeros(6, 2, 4))[0])


@pytest.mark.parametrize("sizes", [(3, 2, 4, 1), (1, 1, 1, 1), (0, 2, 4, 6), (3, 0, 4, 6)])
def test_single_units_and_empty_batches_are_computed(sizes):
    case = make_case(("gru", "none"), sizes)
    found, expected = run(case, native=True), run(case, native=False) if sizes[0] else None
    assert found["output"].shape == (*sizes[:2], sizes[3])
    if expected is not None:
        torch.testing.assert_close(found["output"], expected["output"])


def test_rows_of_a_large_batch_have_the_bytes_that_they_have_alone():
    model, x_TBC = GRU(3, 5, layer_norm="split"), torch.randn(4, 600, 3)
    with torch.no_grad():
        together, alone = model(x_TBC)[0], model(x_TBC[:, 250:270])[0]
    assert torch.equal(together[:, 250:270], alone)


def test_a_profiler_sees_the_operators():
    model, x_TBC = GRU(5, 8, layer_norm="split"), torch.randn(6, 3, 5)
    with torch.profiler.profile() as profile:
        model(x_TBC)[0].sum().backward()
    names = {event.name for event in profile.events()}
    assert {"grucli::recurrent_forward", "grucli::recurrent_backward"} <= names


@pytest.mark.parametrize("asks", ["forward", "step"])
@pytest.mark.parametrize("without_numbers", ["weights", "state"])
def test_numbers_are_not_mixed_with_tensors_that_have_none(asks, without_numbers):
    model, x_TBC, state = GRU(4, 8, layer_norm="split"), torch.randn(6, 2, 4), torch.zeros(1, 2, 8)
    if without_numbers == "weights":
        model = model.to("meta")
    else:
        state = state.to("meta")
    with torch.no_grad(), pytest.raises(RuntimeError, match="x is on cpu, others on meta"):
        model.step(x_TBC[0], state) if asks == "step" else model(x_TBC, state)


@pytest.mark.parametrize("name", ["weight_hh_l0", "bias_ih_l0"])
@pytest.mark.parametrize("asks", ["forward", "step"])
def test_a_parameter_whose_memory_was_freed_is_refused(asks, name):
    model, x_TBC = GRU(4, 8, layer_norm="split"), torch.randn(6, 2, 4)
    getattr(model, name).untyped_storage().resize_(0)
    with torch.no_grad(), pytest.raises(RuntimeError, match="has no memory"):
        model.step(x_TBC[0]) if asks == "step" else model(x_TBC)
