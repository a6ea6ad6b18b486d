"""Gradients of numpy's computations beside torch's, also of gradients themselves."""

import numpy as np
import pytest
import torch

from grucli.tensors import lean

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(2, 3, 4))
Y = DRAW.normal(size=(2, 3, 4))
WIDE = DRAW.normal(size=(3, 1))
SQUARE = DRAW.normal(size=(4, 5))
TRUE = DRAW.random((2, 3, 4)) < 0.5


def functional(module):
    return torch.nn.functional if module is torch else lean.functional


ONE = {
    "signs": lambda t, x: [-x, x.abs(), abs(x)],
    "powers": lambda t, x: [x.square(), x.abs().sqrt(), t.exp(x), t.log(x.abs()), t.log1p(x * x)],
    "squashing": lambda t, x: [t.sigmoid(x), t.tanh(x), t.relu(x), functional(t).softplus(x * 20)],
    "bounds": lambda t, x: [x.clamp(min=-0.2), x.clamp(max=0.3), x.clamp(-0.1, 0.9), x.clip(0.1)],
    "numbers": lambda t, x: [2 + x, 2 - x, x - 2, 3 * x, x / 3, 3 / x, 1 / (1 + x * x)],
    "types": lambda t, x: [x.float().double(), x.to(t.float64)],
    "shapes": lambda t, x: [x.view(6, 4), x.reshape(3, 8), x.flatten(0, 1), x.view_as(x)],
    "axes": lambda t, x: [x.mT, x.transpose(0, 2), x.permute(2, 0, 1), x.unsqueeze(1)],
    "copies": lambda t, x: [
        x[:1].squeeze(0),
        x[:, :1].expand(-1, 5, -1),
        x.repeat_interleave(3, dim=1),
        x.contiguous(),
    ],
    "parts": lambda t, x: [
        x.unbind(1)[2] * x.unbind(1)[0],
        t.split(x, [1, 3], dim=-1)[1],
        x.chunk(2, dim=-1)[0],
        x.flip(0, 2),
    ],
    "places": lambda t, x: [x[0], x[..., 1:3], x[:, -1, None], x[[1, 0, 1]], x[:, [2, 0]]],
    "sums": lambda t, x: [x.sum(), x.sum(dim=1), x.mean(), x.mean(dim=-1, keepdim=True)],
    "running": lambda t, x: [x.cumsum(dim=1), x.cumsum(dim=-1)],
    "normed": lambda t, x: functional(t).layer_norm(x, (4,), x[0, 0], x[1, 1], 1e-3),
}
TWO = {
    "sums": lambda t, x, y: [x + y, x - y, y - x, t.add(x, y, alpha=3)],
    "products": lambda t, x, y: [x * y, x / y, t.addcmul(x, x, y), t.lerp(x, y, 0.3)],
    "matrices": lambda t, x, y: [x @ y.mT, y @ x.mT, functional(t).linear(x, y[0], y[1, :, 0])],
    "together": lambda t, x, y: [t.cat([x, y, x], dim=1), t.stack([x, y], dim=-1)],
    "larger": lambda t, x, y: [t.maximum(x, y), t.minimum(x, y), t.maximum(x, x)],
    "losses": lambda t, x, y: [
        functional(t).mse_loss(x, y),
        functional(t).l1_loss(x, y),
        functional(t).huber_loss(x, y),
        functional(t).huber_loss(x, y, reduction="none"),
    ],
}


def gradients(module, call, *arrays):
    """First and second derivatives by each array, of every result weighted unevenly."""
    found = []
    with module.enable_grad():
        tensors = [module.from_numpy(array.copy()).requires_grad_() for array in arrays]
        results = call(module, *tensors)
        for result in results if isinstance(results, list) else [results]:
            nothing = sum((tensor * 0.0).sum() for tensor in tensors)
            total = weighted(module, result) + nothing
            first = module.autograd.grad(total, tensors, create_graph=True)
            again = sum(weighted(module, part) for part in first)
            again += sum((tensor * 0.0).sum() for tensor in tensors)
            second = module.autograd.grad(again, tensors)
            found += [part.detach().numpy() for part in (*first, *second)]
    return found


def weighted(module, result):
    weights = np.linspace(0.5, 2.0, max(result.numel(), 1)).reshape(tuple(result.shape))
    return (result * module.from_numpy(weights)).sum()


def assert_torchs(call, *arrays):
    expected, found = (gradients(module, call, *arrays) for module in (torch, lean))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ONE)
def test_gradients_by_one_tensor_are_torchs(name):
    assert_torchs(ONE[name], X)


@pytest.mark.parametrize("name", TWO)
def test_gradients_by_two_tensors_are_torchs(name):
    assert_torchs(TWO[name], X, Y)


def test_a_gradient_is_summed_where_its_tensor_was_repeated():
    assert_torchs(lambda t, x, y: [x * y, y - x, x / y], X, WIDE)
    assert_torchs(lambda t, x, w: x @ w, X[0], SQUARE)


def test_a_gradient_goes_to_whichever_was_chosen():
    def chosen(t, x, y):
        condition = t.from_numpy(TRUE)
        return [t.where(condition, x, y), t.where(condition, 0.0, x), y.where(condition, x)]

    assert_torchs(chosen, X, Y)


def test_the_gradient_of_the_logarithm_of_gamma_is_torchs():
    values = np.concatenate([np.geomspace(1e-6, 1e6, 60), [1.0, 2.0, 7.999, 8.0]])
    lean_values, torch_values = lean.from_numpy(values), torch.from_numpy(values)
    with lean.enable_grad():
        x = lean_values.requires_grad_()
        total = lean.lgamma(x).sum()
    (found,) = lean.autograd.grad(total, [x])
    np.testing.assert_allclose(found.numpy(), torch.digamma(torch_values), rtol=1e-12)


def test_a_tensor_in_the_middle_has_its_gradient_too():
    def through(module):
        with module.enable_grad():
            x = module.from_numpy(X.copy()).requires_grad_()
            middle = x.tanh()
            view = middle.view_as(middle)
            total = (view * middle).sum()
        return [part.numpy() for part in module.autograd.grad(total, [view, middle, x])]

    for one, other in zip(through(lean), through(torch), strict=True):
        np.testing.assert_allclose(one, other)


def test_what_nothing_depends_on_has_no_gradient_or_zeros():
    with lean.enable_grad():
        x, y = (lean.from_numpy(array).requires_grad_() for array in (X, Y))
        total = x.sum()
    assert lean.autograd.grad(total, [y]) == (None,)
    (zeros,) = lean.autograd.grad(total, [y], materialize_grads=True)
    assert zeros.tolist() == np.zeros_like(Y).tolist()


def test_outside_of_a_block_no_way_back_is_kept():
    x = lean.from_numpy(X).requires_grad_()
    assert not (x * 2).requires_grad
    with lean.enable_grad():
        assert (x * 2).requires_grad
        with lean.no_grad():
            assert not (x * 2).requires_grad


@pytest.mark.parametrize(
    "call",
    [
        lambda t, x: x.softmax(dim=-1),
        lambda t, x: t.erf(x).sum(),
        lambda t, x: t.xlogy(x, x).sum(),
        lambda t, x: t.einsum("bij,bkj->bik", x, x).sum(),
        lambda t, x: x.expm1(),
    ],
)
def test_a_function_without_a_known_gradient_is_an_error_and_no_zero(call):
    with lean.enable_grad():
        x = lean.from_numpy(X).requires_grad_()
        with pytest.raises(RuntimeError, match="torch knows it"):
            lean.autograd.grad(call(lean, x), [x])
