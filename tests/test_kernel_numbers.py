"""The native kernel computes what the plain loop in float64 computes."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grucli.nn.native.binding import available, run_layer_native
from grucli.nn.native.problem import native
from grucli.nn.rules import LayerWeights
from tests.kernel_cases import VARIANTS, Case, make_case, run

pytestmark = pytest.mark.skipif(not available(), reason="installed without a compiler")

# One, small, odd, a vector and its neighbours.
SIZES = st.sampled_from([1, 2, 3, 5, 8, 13, 15, 16, 17, 31, 33, 48])
STEPS = st.sampled_from([1, 2, 3, 7])
INSTRUCTIONS = native.instruction_sets() if available() else ["none"]


def assert_as_exact_as_float32(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's error is of the size of the plain float32 loop's own."""
    native = run(case, native=True)
    exact = run(case.to(torch.float64), native=False)
    with monkeypatch.context() as patch:
        patch.setenv("GRUCLI_KERNEL", "torch")
        plain = run(case, native=False)
    assert native.keys() == exact.keys()
    slack = 3e-5 if case.h_BH.shape[-1] <= 3 else 1e-5  # units so few may differ by next to nothing
    for name, truth in exact.items():
        error = (native[name].double() - truth).abs().max()
        usual = (plain[name].double() - truth).abs().max()
        assert error <= 10 * usual + slack * max(1.0, truth.abs().max()), name


@settings(deadline=None, max_examples=250)
@given(
    instructions=st.sampled_from(INSTRUCTIONS),
    variant=st.sampled_from(VARIANTS),
    sizes=st.tuples(STEPS, SIZES, st.sampled_from([1, 2, 7, 16, 33, 40]), SIZES),
    bias=st.booleans(),
    zero_state=st.booleans(),
    reverse=st.booleans(),
    ragged=st.booleans(),
)
def test_outputs_and_all_gradients_equal_the_plain_loop(  # noqa: PLR0917 (drawn by name)
    instructions, variant, sizes, bias, zero_state, reverse, ragged
):
    case = make_case(
        variant, sizes, bias=bias, zero_state=zero_state, reverse=reverse, ragged=ragged
    )
    usual = native.instruction_set()
    native.use_instruction_set(instructions)
    try:
        assert_as_exact_as_float32(case, pytest.MonkeyPatch())
    finally:
        native.use_instruction_set(usual)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_wide_layer_over_several_blocks_equals_the_plain_loop(variant, monkeypatch):
    assert_as_exact_as_float32(make_case(variant, (9, 37, 70, 161)), monkeypatch)


@pytest.mark.parametrize("variant", VARIANTS)
def test_nothing_is_nan_at_a_zero_state_and_zero_inputs(variant):
    case = make_case(variant, (3, 2, 4, 6), zero_state=True)
    case.x_TBC.zero_()
    assert all(torch.isfinite(value).all() for value in run(case, native=True).values())


@pytest.mark.parametrize("variant", VARIANTS)
def test_gates_far_in_saturation_stay_finite(variant):
    case = make_case(variant, (3, 2, 4, 6))
    for value in case.parameters.values():
        value.mul_(1e4)
    assert all(torch.isfinite(value).all() for value in run(case, native=True).values())


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_nan_in_one_row_reaches_that_row_and_no_other(variant):
    case = make_case(variant, (4, 5, 3, 17))
    case.x_TBC[2, 3, 0] = torch.nan
    output_TBH = run(case, native=True)["output"]
    assert output_TBH[2:, 3].isnan().all()
    assert torch.isfinite(output_TBH[:, [0, 1, 2, 4]]).all()
    assert torch.isfinite(output_TBH[:2]).all()


@pytest.mark.parametrize("reverse", [False, True])
def test_steps_beyond_a_row_s_length_change_nothing(reverse):
    case = make_case(("gru", "split"), (6, 9, 3, 20), ragged=True, reverse=reverse)
    clean = run(case, native=True)
    for row, length in enumerate(case.lengths_B):
        case.x_TBC[length:, row] = torch.nan
        case.gradient_TBH[length:, row] = torch.nan
    spoilt = run(case, native=True)
    assert all(torch.equal(clean[name], spoilt[name]) for name in clean)


def test_a_batch_first_view_gives_the_same_bytes_as_its_copy():
    case = make_case(("gru", "split"), (5, 4, 7, 12))
    view_TBC = case.x_TBC.transpose(0, 1).contiguous().transpose(0, 1)
    weights = LayerWeights(**case.parameters)
    copied, _ = run_layer_native(case.rule, weights, case.x_TBC, case.state)
    viewed, _ = run_layer_native(case.rule, weights, view_TBC, case.state)
    assert torch.equal(copied, viewed)


def test_inference_gives_the_same_bytes_as_training():
    case = make_case(("gru", "sum"), (5, 4, 40, 12))
    with torch.inference_mode():
        output_TBH, _ = run_layer_native(
            case.rule, LayerWeights(**case.parameters), case.x_TBC, case.state
        )
    assert torch.equal(output_TBH, run(case, native=True)["output"])


def test_a_gradient_for_the_final_state_alone_is_enough():
    case = make_case(("gru", "split"), (5, 4, 3, 12))
    both = {name: value.clone() for name, value in case.parameters.items()}
    for value in both.values():
        value.requires_grad_()
    _, (final_BH,) = run_layer_native(case.rule, LayerWeights(**both), case.x_TBC, case.state)
    final_BH.backward(case.gradient_BH)
    case.gradient_TBH.zero_()
    expected = run(case, native=True)
    for name, value in both.items():
        assert torch.equal(value.grad, expected[name])


@pytest.mark.parametrize("variant", [("gru", "none"), ("gru", "split"), ("gru", "sum_joint")])
@pytest.mark.parametrize(("steps", "batch"), [(1000, 256), (4, 60_000)])
def test_gradients_of_vectors_stay_exact_over_many_steps_and_rows(variant, steps, batch):
    """A running sum over a quarter of a million rows would be off by some 1e-5."""
    case = make_case(variant, (steps, batch, 1, 3))
    case.gradient_TBH.fill_(1.0)
    found, exact = run(case, native=True), run(case.to(torch.float64), native=False)
    for kind in case.parameters:
        if not kind.startswith("weight"):
            error = (found[kind].double() - exact[kind]).abs().max()
            assert error <= 1e-6 * exact[kind].abs().max(), kind
