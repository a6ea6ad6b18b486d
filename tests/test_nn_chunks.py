"""Sequences run in chunks that the backward pass computes again: same numbers, little memory."""

import json
import subprocess
import sys

import pytest
import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence

from grucli.nn import GRU, MODULES, Forecaster, chunks
from grucli.nn.native.binding import available
from tests.kernel_cases import EVERY_VARIANT
from tests.kernel_cases import VARIANTS as NATIVE

T, B, C, H = 23, 4, 3, 6
CHUNKS = pytest.mark.parametrize("steps", [1, 5, T - 1, T, T + 9])


def make(cell="gru", layer_norm="split", *, recompute_steps=None, **settings):
    torch.manual_seed(0)
    return MODULES[cell](
        C, H, 2, layer_norm=layer_norm, recompute_steps=recompute_steps, **settings
    )


def random(*shape, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=dtype)


def parts_of(state):
    return [state] if isinstance(state, Tensor) else list(state)


def results_of(module, x, hx=None, *, lengths=None, **options) -> dict[str, Tensor]:
    """Outputs, final state, and gradients of inputs, initial state and parameters."""
    torch.manual_seed(5)
    x = x.clone().requires_grad_()
    starts = [part.clone().requires_grad_() for part in parts_of(hx)] if hx is not None else []
    packed = x if lengths is None else pack_padded_sequence(x, lengths, enforce_sorted=False)
    start = None if hx is None else starts[0] if len(starts) == 1 else tuple(starts)
    output, final = module(packed, start, **options)
    output = output if lengths is None else output.data
    weighted = [(part * random(*part.shape, dtype=part.dtype)).sum() for part in parts_of(final)]
    (output.square().sum() + sum(weighted)).backward()
    gradients = {name: p.grad for name, p in module.named_parameters()}
    gradients |= {"x": x.grad} | {f"start {i}": s.grad for i, s in enumerate(starts)}
    finals = {f"final {i}": part.detach() for i, part in enumerate(parts_of(final))}
    return {"output": output.detach(), **finals, **gradients}


def assert_equal_results(found, expected, **tolerance):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, **tolerance, msg=lambda m, n=name: n + m)


@CHUNKS
@pytest.mark.parametrize(("cell", "norm"), EVERY_VARIANT)
def test_results_and_gradients_are_those_of_the_whole_sequence(cell, norm, steps):
    x, h = random(T, B, C), random(2, B, H)
    hx = (h, h.flip(0)) if cell == "lstm" else h
    whole, chunked = (make(cell, norm, recompute_steps=n).double() for n in (None, steps))
    expected = results_of(whole, x, hx)
    assert_equal_results(results_of(chunked, x, hx), expected, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("kernel", ["auto", "torch"])
@pytest.mark.parametrize(("cell", "norm"), EVERY_VARIANT)
def test_float32_agrees_with_either_kernel(cell, norm, kernel, monkeypatch):
    monkeypatch.setenv("GRUCLI_KERNEL", kernel)
    x = random(T, B, C, dtype=torch.float32)
    expected = results_of(make(cell, norm), x)
    found = results_of(make(cell, norm, recompute_steps=5), x)
    assert_equal_results(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.skipif(not available(), reason="installed without a compiler")
@pytest.mark.parametrize(("cell", "norm", "activation"), NATIVE)
def test_running_a_chunk_again_gives_the_bytes_of_keeping_it(cell, norm, activation):
    """Beside chunks one after another with all their steps kept: sums in the same order."""
    x = random(20, B, C, dtype=torch.float32)
    kept, again = (make(cell, norm, activation=activation) for _ in range(2))
    again.recompute_steps = 5
    state, loss = None, 0.0
    for chunk in x.split(5):
        output, state = kept(chunk, state)
        loss = loss + output.square().sum()
    loss.backward()
    again(x)[0].square().sum().backward()
    for name, parameter in again.named_parameters():
        assert torch.equal(parameter.grad, kept.get_parameter(name).grad), name


@pytest.mark.parametrize("steps", [1, 4, 10])
@pytest.mark.parametrize("cell", MODULES)
def test_rows_that_end_early_agree(cell, steps):
    lengths = torch.tensor([3, T, 8, 1])
    norm = "none" if cell == "lstm" else "ba2016"
    x, h = random(T, B, C), random(2, B, H)
    hx = (h, h.flip(0)) if cell == "lstm" else h
    whole, chunked = (make(cell, norm, recompute_steps=n).double() for n in (None, steps))
    expected = results_of(whole, x, hx, lengths=lengths)
    found = results_of(chunked, x, hx, lengths=lengths)
    assert_equal_results(found, expected, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_gradients_are_those_of_the_forward_pass(dropout):
    """By finite differences, which see the dropout that was drawn going forward."""
    module = make(recompute_steps=4, dropout=dropout).double()
    names, values = zip(*module.named_parameters(), strict=True)

    def call(x, hx, *parameters):
        torch.manual_seed(3)
        return torch.func.functional_call(
            module, dict(zip(names, parameters, strict=True)), (x, hx)
        )

    x, hx = random(9, 2, C).requires_grad_(), random(2, 2, H).requires_grad_()
    assert torch.autograd.gradcheck(call, (x, hx, *values))


@pytest.mark.parametrize("cell", MODULES)
def test_second_derivatives_are_refused_in_plain_torch_too(cell):
    module, x = make(cell, "none", recompute_steps=4).double(), random(T, B, C).requires_grad_()
    with pytest.raises(RuntimeError, match="recompute_steps has no second derivatives"):
        torch.autograd.grad(module(x)[0].sum(), x, create_graph=True)


def test_the_backward_pass_draws_no_number_of_its_own():
    module = make(recompute_steps=4, dropout=0.5)
    output, _ = module(random(T, B, C, dtype=torch.float32))
    before = torch.get_rng_state()
    output.sum().backward()
    assert torch.equal(torch.get_rng_state(), before)


def test_each_chunk_draws_its_own_numbers_and_the_same_ones_going_back(monkeypatch):
    drawn = []

    def noted(x, _):
        drawn.append(tuple(torch.rand(3).tolist()))
        return x

    monkeypatch.setattr(torch.nn.functional, "dropout", noted)
    module, x = make(recompute_steps=8, dropout=0.5), random(T, B, C, dtype=torch.float32)
    for _ in range(2):
        module(x)[0].sum().backward()
    first, first_back, second, second_back = drawn[:3], drawn[3:6], drawn[6:9], drawn[9:]
    assert first_back == first[::-1]
    assert second_back == second[::-1]
    assert len({*first, *second}) == 6


def test_dropout_stays_what_it_was_when_the_module_changes_mode_before_the_backward_pass():
    gradients = []
    for change in (False, True):
        module = make(recompute_steps=4, dropout=0.5)
        torch.manual_seed(3)
        output, _ = module(random(T, B, C, dtype=torch.float32))
        module.train(not change)
        output.sum().backward()
        gradients.append(module.weight_hh_l0.grad)
    assert torch.equal(*gradients)


def test_frozen_parameters_and_inputs_get_no_gradient():
    module = make(recompute_steps=4)
    module.weight_ih_l0.requires_grad_(False)
    x = random(T, B, C, dtype=torch.float32)
    module(x)[0].sum().backward()
    assert module.weight_ih_l0.grad is None
    assert x.grad is None
    assert module.weight_hh_l0.grad.abs().sum() > 0


@pytest.mark.parametrize("recompute_steps", [None, 5])
@pytest.mark.parametrize("cell", MODULES)
def test_final_only_gives_the_last_step_and_the_same_gradients(cell, recompute_steps):
    norm = "none" if cell == "lstm" else "sum"
    x, whole = random(T, B, C), make(cell, norm).double()
    chunked = make(cell, norm, recompute_steps=recompute_steps).double()
    output, state = chunked(x, final_only=True)
    expected, expected_state = whole(x)
    torch.testing.assert_close(output, expected[-1:])
    output.square().sum().backward()
    expected[-1].square().sum().backward()
    for name, parameter in whole.named_parameters():
        torch.testing.assert_close(chunked.get_parameter(name).grad, parameter.grad)
    for part, other in zip(parts_of(state), parts_of(expected_state), strict=True):
        torch.testing.assert_close(part, other)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_final_only_of_a_packed_sequence_gives_the_end_of_every_row(bidirectional):
    lengths = torch.tensor([3, T, 8, 1])
    module = make(bidirectional=bidirectional, batch_first=True).double()
    packed = pack_padded_sequence(random(B, T, C), lengths, batch_first=True, enforce_sorted=False)
    output, state = module(packed, final_only=True)
    rows = torch.nn.utils.rnn.pad_packed_sequence(output, batch_first=True)[0]
    last = torch.cat(list(state[-module.directions :]), dim=-1)
    assert torch.equal(rows[:, 0], last)
    assert torch.equal(module(packed)[1], state)


@pytest.mark.parametrize("cell", MODULES)
def test_reading_without_gradients_in_chunks_changes_nothing(cell, monkeypatch):
    module = make(cell, "none")
    x = random(T, B, C, dtype=torch.float32)
    with torch.inference_mode():
        whole = module(x, final_only=True)
        monkeypatch.setattr(chunks, "READ_CELLS", 3 * B * H)
        chunked = module(x, final_only=True)
    for part, other in zip(parts_of(chunked[1]), parts_of(whole[1]), strict=True):
        torch.testing.assert_close(part, other)
    torch.testing.assert_close(chunked[0], whole[0])


@pytest.mark.parametrize("decoder", ["direct", "recursive"])
@pytest.mark.parametrize("tbptt_steps", [None, 11])
def test_a_forecaster_learns_the_same(decoder, tbptt_steps):
    gradients = []
    for recompute_steps in (None, 4):
        torch.manual_seed(0)
        model = Forecaster(
            hidden=H,
            layers=2,
            horizon=3,
            decoder=decoder,
            tbptt_steps=tbptt_steps,
            recompute_steps=recompute_steps,
        ).double()
        model(random(B, T, 1)).square().sum().backward()
        gradients.append([p.grad for p in model.parameters()])
    for found, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"recompute_steps": 0}, "recompute_steps: 0 is too small; expected at least 1"),
        ({"recompute_steps": 3, "bidirectional": True}, "bidirectional: excludes recompute_steps"),
    ],
)
def test_chunks_that_cannot_be_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        GRU(C, H, **settings)


def test_the_setting_is_shown():
    assert repr(GRU(C, H, recompute_steps=9)) == "GRU(3, 6, recompute_steps=9)"


ADDED_MEMORY = """
import json, sys, torch
from pathlib import Path
from grucli.nn import Forecaster

def peak_kib():
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").open())
    return int(status["VmHWM"].split()[0])

torch.set_num_threads(1)
steps, batch, learns, settings = json.loads(sys.argv[1])
model = Forecaster(hidden=64, layer_norm="split", **settings).train(learns)
model(torch.randn(batch, 10, 1)).sum().backward()
context = torch.randn(batch, steps, 1)
before = peak_kib()
if learns:
    model(context).sum().backward()
else:
    with torch.inference_mode():
        model(context)
print((peak_kib() - before) / 1024)
"""


def added_mib(steps, batch, *, learns=True, **settings) -> float:
    """MiB that a train step or a forecast adds to a process that has made one on 10 steps."""
    arguments = json.dumps([steps, batch, learns, settings])
    command = [sys.executable, "-c", ADDED_MEMORY, arguments]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def reads_peak(test):
    reason = "the formula is that of the compiled kernel"
    test = pytest.mark.skipif(not available(), reason=reason)(test)
    return pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")(test)


@reads_peak
@pytest.mark.parametrize(
    ("steps", "batch", "layers", "chunk", "dropout"),
    [
        (20_000, 8, 2, 500, 0.0),
        (20_000, 1, 2, 4, 0.2),
        pytest.param(100_000, 1, 1, 1000, 0.0, marks=pytest.mark.slow),
        pytest.param(100_000, 8, 1, 1000, 0.0, marks=pytest.mark.slow),
        pytest.param(100_000, 8, 2, 1000, 0.2, marks=pytest.mark.slow),
    ],
)
def test_memory_of_a_train_step_stays_under_its_formula(steps, batch, layers, chunk, dropout):
    """Context three times, one chunk, the borders; 8 MiB for weights, gradients and the heap."""
    values = 3 * steps + layers * 64 * (8 * chunk + steps / chunk)
    bound = 4 * batch * values / 2**20 + 8
    kept = 4 * batch * layers * 64 * 4 * steps / 2**20
    settings = {"layers": layers, "dropout": dropout, "recompute_steps": chunk}
    assert added_mib(steps, batch, **settings) < bound < kept


@reads_peak
@pytest.mark.parametrize(
    ("learns", "settings"), [(False, {}), (True, {"tbptt_steps": 100, "layers": 2})]
)
def test_steps_that_no_gradient_reaches_take_a_bounded_share_of_memory(learns, settings):
    """Outputs of a chunk of READ_CELLS values, of two layers at once; all would be 195 MiB."""
    steps, batch = 100_000, 8
    bound = 4 * (3 * steps * batch + 2 * chunks.READ_CELLS) / 2**20 + 8
    assert (
        added_mib(steps, batch, learns=learns, **settings) < bound < 4 * steps * batch * 64 / 2**20
    )


def test_an_empty_batch_has_an_empty_final_state():
    with torch.no_grad():
        output_TBH, h_LBH = GRU(3, 5)(torch.randn(7, 0, 3), final_only=True)
    assert (output_TBH.shape, h_LBH.shape) == ((1, 0, 5), (1, 0, 5))


def test_a_layer_runs_on_plain_tensors_instead_of_its_parameters():
    layer, x_TBC = GRU(3, 5), torch.randn(7, 4, 3)
    doubled = {name: 2 * p.detach() for name, p in layer.named_parameters()}
    found = torch.func.functional_call(layer, doubled, (x_TBC,))[0]
    layer.load_state_dict(doubled)
    torch.testing.assert_close(found, layer(x_TBC)[0].detach())
