"""Products in bfloat16: the numbers of a plain loop with rounded factors, and where they are."""

from dataclasses import replace

import pytest
import torch

from grucli.nn import GRU, LSTM
from grucli.nn.native.binding import run_layer_native
from grucli.nn.native.problem import native
from grucli.nn.rules import LayerWeights
from tests.bfloat16_reference import reference
from tests.kernel_cases import BFLOAT16_SETS, VARIANTS, make_case, needs_bfloat16, run

every_set = pytest.mark.parametrize("instructions", BFLOAT16_SETS, indirect=True)


@pytest.fixture
def instructions(request):
    """An instruction set for bfloat16, in use for one test."""
    usual = native.instruction_set(native.Precision.bfloat16)
    native.use_instruction_set(request.param)
    yield request.param
    native.use_instruction_set(usual)


def bfloat16_case(variant, sizes, **where):
    """A layer in bfloat16 with random numbers in it."""
    case = make_case(variant, sizes, **where)
    return replace(case, rule=replace(case.rule, precision="bfloat16"))


@needs_bfloat16
@every_set
@pytest.mark.parametrize(
    ("sizes", "where"),
    [
        ((2, 1, 1, 1), {}),
        ((3, 2, 5, 7), {"reverse": True, "bias": False}),
        ((4, 33, 33, 16), {"ragged": True}),
        ((2, 19, 3, 64), {"zero_state": True}),
        ((3, 50, 40, 161), {"ragged": True, "reverse": True}),
    ],
    ids=["one of all", "small", "a vector", "whole tiles", "wide"],
)
@pytest.mark.parametrize("variant", VARIANTS)
def test_outputs_and_gradients_equal_the_loop_with_rounded_factors(
    instructions, variant, sizes, where
):
    case = bfloat16_case(variant, sizes, **where)
    found = run(case, native=True)
    expected = reference(case, found["output"])
    assert found.keys() == expected.keys()
    for name, truth in expected.items():
        error, size = (found[name].double() - truth).norm(), truth.norm()
        # The kernel's gradients differ in a last bit, which turns a rounding here and there.
        is_result = name in {"output", "final", "final c"}
        assert error <= (2e-6 if is_result else 4e-4) * max(size, 1e-2), name


@needs_bfloat16
@every_set
@pytest.mark.parametrize("variant", [("gru", "split"), ("gru", "sum_joint"), ("lstm", "none")])
def test_no_byte_of_a_row_depends_on_threads_or_on_the_rows_beside_it(variant, instructions):
    case = bfloat16_case(variant, (7, 53, 21, 70))
    weights, usual = LayerWeights(**case.parameters), torch.get_num_threads()

    def output(rows):
        x_TBC, state = case.x_TBC[:, rows], tuple(part[rows] for part in case.state)
        return run_layer_native(case.rule, weights, x_TBC, state)[0]

    whole = output(slice(None))
    for threads in (2, 3):
        torch.set_num_threads(threads)
        assert torch.equal(output(slice(None)), whole)
    torch.set_num_threads(usual)
    for rows in (slice(0, 1), slice(3, 23), slice(10, 50)):
        assert torch.equal(output(rows), whole[:, rows])


@needs_bfloat16
@every_set
@pytest.mark.parametrize("module", [GRU, LSTM])
def test_single_steps_give_the_bytes_of_the_sequence(module, instructions):
    torch.manual_seed(0)
    model, x_TBC = module(5, 33, num_layers=2, precision="bfloat16"), torch.randn(4, 3, 5)
    with torch.inference_mode():
        output_TBH, _ = model(x_TBC)
        state = None
        for t, x_BC in enumerate(x_TBC):
            output_BH, state = model.step(x_BC, state)
            assert torch.equal(output_BH, output_TBH[t])


@needs_bfloat16
def test_a_module_in_bfloat16_keeps_float32_weights_and_says_what_it_is():
    torch.manual_seed(0)
    rough, exact = GRU(5, 48, precision="bfloat16"), GRU(5, 48)
    exact.load_state_dict(rough.state_dict())
    assert repr(rough) == "GRU(5, 48, precision='bfloat16')"
    assert {parameter.dtype for parameter in rough.parameters()} == {torch.float32}
    x_TBC = torch.randn(9, 4, 5)
    difference = (rough(x_TBC)[0] - exact(x_TBC)[0]).abs().max()
    assert 1e-5 < difference < 1e-2


@needs_bfloat16
def test_what_the_compiled_kernel_does_not_run_is_float32(monkeypatch):
    torch.manual_seed(0)
    rough, exact, x_TBC = GRU(5, 8, precision="bfloat16"), GRU(5, 8), torch.randn(4, 3, 5)
    exact.load_state_dict(rough.state_dict())
    monkeypatch.setenv("GRUCLI_KERNEL", "torch")
    assert torch.equal(rough(x_TBC)[0], exact(x_TBC)[0])


@needs_bfloat16
@pytest.mark.parametrize("settings", [{"kernel": "torch"}, {"norm_bias": True}])
def test_a_layer_that_the_kernel_has_not_is_refused(settings):
    with pytest.raises(ValueError, match="precision: found bfloat16, which is the compiled kernel"):
        GRU(5, 8, layer_norm="sum", precision="bfloat16", **settings)


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="precision: 'half' is unknown; expected one of float32"):
        GRU(5, 8, precision="half")


def test_a_processor_without_bfloat16_is_named(without_bfloat16):
    with pytest.raises(RuntimeError, match=r"this processor has no instructions for bfloat16"):
        GRU(5, 8, precision="bfloat16")
