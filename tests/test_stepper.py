"""Steps in the native kernel: the bytes of a whole sequence, and never those of older weights."""

import copy
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from torch import nn

from grucli.nn import GRU, MODULES, Forecaster, available
from grucli.nn.native import stepper
from grucli.nn.native.problem import native
from tests.kernel_cases import VARIANTS

needs_native = pytest.mark.skipif(not available(), reason="installed without a compiler")
SHAPES = [(1, 1, 64, 1), (3, 5, 17, 3), (40, 7, 64, 2)]


def make(variant=("gru", "split"), sizes=(3, 8, 2), *, bias=True):
    """A stack with random gains and biases too; sizes are C, H and layers."""
    torch.manual_seed(0)
    cell, norm, activation = (*variant, None)[:3]
    stack = MODULES[cell](*sizes, layer_norm=norm, activation=activation, bias=bias).eval()
    with torch.no_grad():
        for parameter in stack.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    return stack


def steps(stack, x_TBC):
    """Outputs [T, B, H] and the final state, row by row."""
    outputs, state = [], None
    for x_BC in x_TBC:
        output, state = stack.step(x_BC, state)
        outputs.append(output)
    return torch.stack(outputs), state


def assert_steps_are_the_sequence(stack, x_TBC):
    expected, final = stack(x_TBC)
    found, state = steps(stack, x_TBC)
    assert torch.equal(found, expected)
    assert torch.equal(torch.stack(list(state)), torch.stack(list(final)))


def is_used(stack):
    """Whether the kernel has run a step of a stack."""
    return stack._stepper._native is not None


@needs_native
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_steps_have_the_bytes_of_a_whole_sequence(variant, shape, bias):
    batch, inputs, hidden, layers = shape
    stack = make(variant, (inputs, hidden, layers), bias=bias)
    with torch.inference_mode():
        assert_steps_are_the_sequence(stack, torch.randn(9, batch, inputs))
    assert is_used(stack)


@needs_native
@pytest.mark.parametrize("variant", [("gru", "split"), ("lstm", "split_state")])
def test_dense_tensors_reach_the_kernel_without_their_addresses(variant, monkeypatch):
    stack, x_TBC = make(variant), torch.randn(5, 2, 3)
    monkeypatch.setattr(stepper, "_address", None)
    with torch.inference_mode():
        assert_steps_are_the_sequence(stack, x_TBC)


@needs_native
def test_a_negated_view_of_one_number_steps_as_its_copy():
    """Its memory holds the opposite, and it has the strides of any number."""
    stack = make(sizes=(1, 8, 1))
    x_BC = torch.randn(1, 1, dtype=torch.complex64).conj().imag
    assert x_BC.is_neg()
    with torch.inference_mode():
        assert torch.equal(stack.step(x_BC)[0], stack.step(x_BC.resolve_neg())[0])


@needs_native
def test_rows_of_a_batch_first_tensor_step_too():
    stack = make()
    x_BTC = torch.randn(4, 6, 3)
    with torch.no_grad():
        assert_steps_are_the_sequence(stack, x_BTC.transpose(0, 1))
    assert is_used(stack)


@needs_native
def test_forecasts_of_steps_have_the_bytes_of_forecasts_of_whole_contexts():
    model = Forecaster(hidden=24, layers=2, horizon=4, layer_norm="sum", decoder="recursive").eval()
    rows = torch.randn(1, 12, 1)
    state = None
    with torch.inference_mode():
        for step in range(12):
            forecast, state = model.step(rows[:, step], state)
            assert torch.equal(forecast, model(rows[:, : step + 1]))
    assert is_used(model.recurrent)


def change_in_place(stack):
    with torch.no_grad():
        stack.weight_hh_l1.mul_(-1)


def change_in_inference_mode(stack):
    with torch.inference_mode():
        stack.weight_hh_l1.mul_(-1)


def change_data(stack):
    stack.gain_hh_l1.data[5] += 1


def replace_data(stack):
    stack.weight_ih_l1.data = -stack.weight_ih_l1.data


def transpose_data(stack):
    stack.weight_hh_l0.data = stack.weight_hh_l0.data.flip(0).T.contiguous().T


def write_through_numpy(stack):
    stack.bias_ih_l0.detach().numpy()[3] = 2


def replace_parameter(stack):
    stack.weight_hh_l0 = nn.Parameter(torch.randn(24, 8))


def load(stack):
    stack.load_state_dict({name: value + 1 for name, value in stack.state_dict().items()})


def optimise(stack):
    optimiser = torch.optim.Adam(stack.parameters(), fused=True)
    stack(torch.randn(3, 2, 3))[0].sum().backward()
    optimiser.step()


CHANGES = [
    change_in_place,
    change_in_inference_mode,
    change_data,
    replace_data,
    transpose_data,
    write_through_numpy,
    replace_parameter,
    load,
    optimise,
]


@needs_native
@pytest.mark.parametrize("change", CHANGES)
def test_changed_weights_are_never_missed(change):
    stack, x_TBC = make(), torch.randn(5, 2, 3)
    with torch.inference_mode():
        before, _ = steps(stack, x_TBC)
    change(stack)
    with torch.inference_mode():
        assert_steps_are_the_sequence(stack, x_TBC)
        assert not torch.equal(steps(stack, x_TBC)[0], before)


@needs_native
def test_weights_follow_the_instruction_set_in_use():
    stack, x_TBC = make(sizes=(3, 40, 1)), torch.randn(5, 2, 3)
    before = native.instruction_set()
    try:
        for name in native.instruction_sets():
            native.use_instruction_set(name)
            with torch.inference_mode():
                assert_steps_are_the_sequence(stack, x_TBC)
    finally:
        native.use_instruction_set(before)


@needs_native
def test_a_result_is_not_written_again_by_the_next_step():
    stack, x_BC = make(), torch.randn(2, 3)
    with torch.inference_mode():
        output, state = stack.step(x_BC)
        kept = output.clone(), state.clone()
        stack.step(x_BC, state)
        output.zero_()
    assert torch.equal(state, kept[1])
    assert not torch.equal(output, kept[0])


def test_gradients_are_kept_where_they_are_asked_for():
    stack = make()
    steps(stack, torch.randn(4, 2, 3))[0].sum().backward()
    assert not is_used(stack)
    assert stack.weight_hh_l0.grad.abs().sum() > 0


def test_other_precisions_cells_and_kernels_step_as_before(monkeypatch):
    monkeypatch.setenv("GRUCLI_KERNEL", "torch")
    plain = make()
    with torch.inference_mode():
        steps(plain, torch.randn(4, 2, 3))
        monkeypatch.delenv("GRUCLI_KERNEL")
        double = make().double()
        steps(double, torch.randn(4, 2, 3, dtype=torch.float64))
        inner = GRU(3, 8, layer_norm="split", norm_bias=True)
        steps(inner, torch.randn(4, 2, 3))
        with torch.autocast("cpu"):
            cast = make()
            steps(cast, torch.randn(4, 2, 3))
    assert not any(is_used(stack) for stack in (plain, double, inner, cast))


def test_dropout_between_layers_acts_in_training():
    stack = GRU(3, 8, num_layers=2, dropout=0.9).train()
    x_BC = torch.randn(2, 3)
    with torch.no_grad():
        assert not torch.equal(stack.step(x_BC)[0], stack.step(x_BC)[0])


@needs_native
def test_a_tracer_sees_the_operator():
    from torch.fx.experimental.proxy_tensor import make_fx

    stack, x_BC = make(), torch.randn(2, 3)
    with torch.no_grad():
        stack.step(x_BC)
        graph = make_fx(lambda x: stack.step(x)[0])(x_BC)
        compiled = torch.compile(lambda x: stack.step(x)[0], fullgraph=True, backend="aot_eager")
        assert "recurrent_forward" in graph.code
        torch.testing.assert_close(compiled(x_BC), stack.step(x_BC)[0])


def test_vmap_steps_as_one_by_one():
    stack, x_NBC = make(), torch.randn(4, 2, 3)
    with torch.no_grad():
        found = torch.vmap(lambda x_BC: stack.step(x_BC)[0])(x_NBC)
        expected = torch.stack([stack.step(x_BC)[0] for x_BC in x_NBC])
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("state", [torch.zeros(2, 3, 8), torch.zeros(1, 2, 8)])
def test_a_state_that_does_not_fit_is_an_error(state):
    with torch.inference_mode(), pytest.raises(RuntimeError, match="initial state has shape"):
        make().step(torch.randn(2, 3), state)


def test_inputs_that_do_not_fit_are_an_error():
    with torch.inference_mode():
        with pytest.raises(RuntimeError, match="input has 4 columns; expected 3"):
            make().step(torch.randn(2, 4))
        with pytest.raises(ValueError, match=r"input is torch\.float64"):
            make().step(torch.randn(2, 3, dtype=torch.float64))


@needs_native
def test_copies_and_pickles_of_a_module_step_by_themselves():
    stack, x_TBC = make(), torch.randn(5, 2, 3)
    with torch.inference_mode():
        expected, _ = steps(stack, x_TBC)
        for twin in (copy.deepcopy(stack), pickle.loads(pickle.dumps(stack))):
            assert not is_used(twin)
            assert torch.equal(steps(twin, x_TBC)[0], expected)


@needs_native
def test_threads_that_share_a_module_take_turns():
    stack = make(sizes=(3, 33, 2))
    series = list(torch.randn(8, 60, 1, 3))

    def run(x_TBC):
        with torch.inference_mode():
            return steps(stack, x_TBC)[0]

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(run, series))
    assert all(torch.equal(found, run(x)) for found, x in zip(together, series, strict=True))


ROWS = """
import torch
from pathlib import Path
from grucli.nn import Forecaster

def resident_mebibytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

torch.set_num_threads(1)
model = Forecaster(hidden=64, horizon=2, layer_norm="split").eval()
row, state = torch.randn(1, 1), None
with torch.inference_mode():
    for step in range(20_000):
        _, state = model.step(row, state)
        if step == 2_000:
            before = resident_mebibytes()
print(resident_mebibytes() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads Linux's /proc")
def test_memory_does_not_grow_with_the_rows():
    done = subprocess.run([sys.executable, "-c", ROWS], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 2  # one state kept at each step: 4.4
