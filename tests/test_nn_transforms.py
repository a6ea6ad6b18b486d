"""Forward-mode derivatives and torch.func: the numbers that an ordinary backward pass gives."""

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, vmap

from grucli.nn import MODULES
from grucli.nn.layer import run_layer
from grucli.nn.rules import LayerWeights
from tests.kernel_cases import EVERY_VARIANT, make_case

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script")  # torch's own, forwards

T, B, C, H = 7, 2, 3, 5
CHUNKS = pytest.mark.parametrize("recompute_steps", [None, 3])
CELLS = pytest.mark.parametrize("cell", MODULES)


def make(cell="gru", layer_norm="none", **settings):
    torch.manual_seed(0)
    return MODULES[cell](C, H, 2, layer_norm=layer_norm, **settings)


def random(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def like_torchs(module):
    """torch's own module with the same weights."""
    theirs = getattr(torch.nn, type(module).__name__)(C, H, 2)
    theirs.load_state_dict(module.state_dict())
    return theirs


def loss_of(module, x, **options):
    return module(x, **options)[0].square().sum()


def backward(module, x) -> dict[str, Tensor]:
    """Gradients of the loss by an ordinary backward pass."""
    x = x.clone().requires_grad_()
    values = {"x": x, **dict(module.named_parameters())}
    return dict(zip(values, torch.autograd.grad(loss_of(module, x), values.values()), strict=True))


@CHUNKS
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(("cell", "norm"), EVERY_VARIANT)
def test_jvp_is_the_backward_passs_gradient_times_the_tangent(
    cell, norm, bidirectional, recompute_steps
):
    module = make(cell, norm, bidirectional=bidirectional)
    module.recompute_steps = None if bidirectional else recompute_steps
    x, tangent = random(T, B, C), random(C, B, T).permute(2, 1, 0)
    _, found = jvp(lambda x: loss_of(module, x), (x,), (tangent,))
    expected = (backward(module, x)["x"] * tangent).sum()
    assert abs(expected) > 1e-3
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["gru", "rnn"])
def test_tangents_are_those_of_torchs_module(name):
    module = make(name)
    x, tangent = random(T, B, C), random(T, B, C).flip(0)
    found, expected = (
        jvp(lambda x, m=m: m(x)[0], (x,), (tangent,))[1] for m in (module, like_torchs(module))
    )
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("gradients", [False, True])
@CHUNKS
@CELLS
def test_dual_tensors_carry_their_tangents_through_sequences_and_steps(
    cell, recompute_steps, gradients
):
    module = make(cell, recompute_steps=recompute_steps)
    x, tangent = random(T, B, C), random(T, B, C).flip(0)
    runs = [
        lambda x: module(x)[0],
        lambda x: module(x, final_only=True)[0],
        lambda x: module.step(x[0])[0],
    ]
    for run in runs:
        with forward_ad.dual_level(), torch.set_grad_enabled(gradients):
            found = forward_ad.unpack_dual(run(forward_ad.make_dual(x, tangent))).tangent
        rows = torch.autograd.functional.jacobian(run, x).reshape(-1, x.numel())
        torch.testing.assert_close(found.flatten(), rows @ tangent.flatten(), rtol=1e-4, atol=1e-5)


def test_final_states_of_long_sequences_carry_tangents(monkeypatch):
    monkeypatch.setattr("grucli.nn.chunks.READ_CELLS", 3 * B * H)
    module, x = make(), random(T, B, C)
    with torch.no_grad():
        whole = jvp(lambda x: module(x)[0][-1], (x,), (x,))
        final = jvp(lambda x: module(x, final_only=True)[0][0], (x,), (x,))
    torch.testing.assert_close(final, whole)


@CHUNKS
@pytest.mark.parametrize(("cell", "norm"), EVERY_VARIANT)
def test_grad_over_inputs_and_parameters_is_that_of_a_backward_pass(cell, norm, recompute_steps):
    module, x = make(cell, norm, recompute_steps=recompute_steps), random(T, B, C)
    expected = backward(module, x)

    def loss(values):
        parameters = {name: value for name, value in values.items() if name != "x"}
        return functional_call(module, parameters, (values["x"],))[0].square().sum()

    found = grad(loss)({"x": x, **{n: p.detach() for n, p in module.named_parameters()}})
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        size = value.abs().max()  # the rounding of a sum is as large as its largest terms allow
        torch.testing.assert_close(found[name] / size, value / size, rtol=0, atol=2e-5)


@CELLS
def test_gradients_of_each_sample_come_in_one_call(cell):
    module, x = make(cell), random(T, B, C)
    parameters = {name: p.detach() for name, p in module.named_parameters()}

    def loss(parameters, x_TC):
        return functional_call(module, parameters, (x_TC,))[0].square().sum()

    found = vmap(grad(loss), in_dims=(None, 1))(parameters, x)
    for sample in range(B):
        expected = backward(module, x[:, sample : sample + 1])
        for name, value in found.items():
            torch.testing.assert_close(value[sample], expected[name], rtol=1e-4, atol=1e-5)


@CELLS
def test_jacobians_forwards_and_back_are_one(cell):
    module, x = make(cell), random(T, B, C)

    def final(x):
        return module(x)[0][-1]

    expected = torch.autograd.functional.jacobian(final, x)
    torch.testing.assert_close(jacrev(final)(x), expected)
    torch.testing.assert_close(jacfwd(final)(x), expected)


def test_the_hessian_is_that_of_torchs_module():
    module, x = make(), random(T, B, C)
    found, expected = (
        hessian(lambda x, m=m: loss_of(m, x))(x) for m in (module, like_torchs(module))
    )
    torch.testing.assert_close(found, expected)


@CELLS
def test_vmap_runs_a_batch_of_batches(cell):
    module, x_NTBC = make(cell), random(4, T, B, C)
    expected = torch.stack([module(x_TBC)[0] for x_TBC in x_NTBC])
    torch.testing.assert_close(vmap(lambda x: module(x)[0])(x_NTBC), expected)


@pytest.mark.parametrize("reverse", [False, True])
@CELLS
def test_rows_that_end_early_have_their_gradients_too(cell, reverse):
    case = make_case((cell, "none"), (T, 3, C, H), ragged=True)
    state = (case.h_BH, case.h_BH.flip(0)) if cell == "lstm" else (case.h_BH,)

    def loss(x_TBC):
        output_TBH, final = run_layer(
            case.rule,
            LayerWeights(**case.parameters),
            x_TBC,
            state,
            reverse=reverse,
            lengths_B=case.lengths_B,
        )
        return output_TBH.square().sum() + sum(part.square().sum() for part in final)

    x_TBC = case.x_TBC.requires_grad_()
    (expected,) = torch.autograd.grad(loss(x_TBC), x_TBC)
    torch.testing.assert_close(grad(loss)(x_TBC.detach()), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("transform", [grad, jacfwd, vmap])
def test_a_compiler_sees_transforms_of_a_layer(transform):
    module, x = make(), random(T, B, C)
    run = (
        vmap(lambda x: module(x)[0])
        if transform is vmap
        else transform(lambda x: loss_of(module, x))
    )
    x = x.unsqueeze(0) if transform is vmap else x
    compiled = torch.compile(run, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x), run(x))


@CHUNKS
def test_a_backward_pass_of_dual_tensors_is_refused(recompute_steps):
    module, x = make(recompute_steps=recompute_steps), random(T, B, C).requires_grad_()
    output, _ = module(x)
    with forward_ad.dual_level():
        weight = forward_ad.make_dual(torch.ones_like(output), torch.ones_like(output))
        with pytest.raises(RuntimeError, match="no batched or forward-mode gradients"):
            torch.autograd.grad(output, x, weight)
