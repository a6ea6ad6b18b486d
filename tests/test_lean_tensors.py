"""Numpy by torch's names, call by call beside torch: shapes, types and numbers."""

import numpy as np
import pytest
import torch

from grucli import computing
from grucli.errors import MissingPackageError
from grucli.tensors import lean

DRAW = np.random.default_rng(0)
A = DRAW.normal(size=(4, 3, 5)).astype(np.float32)
B = DRAW.normal(size=(4, 3, 5))
WHOLE = DRAW.integers(-3, 4, (4, 3, 5))
SMALL = DRAW.integers(0, 9, (4, 3, 5)).astype(np.uint8)
TRUE = DRAW.random((4, 3, 5)) < 0.5
ROW = DRAW.normal(size=5).astype(np.float32)
POSITIVE = np.abs(B) + 0.1
PLACES = np.array([2, 0, 3, 2])
LENGTHS = np.array([2, 3, 1, 3])


def both(call, *arrays):
    """What a call gives with torch and with numpy: plain arrays."""
    return [
        flat(call(module, *(module.from_numpy(array.copy()) for array in arrays)))
        for module in (torch, lean)
    ]


def flat(result):
    if isinstance(result, torch.Tensor | lean.Tensor):
        return [result.numpy()]
    return [part for each in result for part in flat(each) if each is not None]


def assert_same(call, *arrays):
    expected, found = both(call, *arrays)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        np.testing.assert_allclose(one, other, rtol=2e-6, atol=1e-6)


OPERATORS = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
    "<=": lambda x, y: x <= y,
    "==": lambda x, y: x == y,
}
KINDS = {"float32": A, "float64": B, "int64": WHOLE, "uint8": SMALL}


@pytest.mark.parametrize("sign", OPERATORS)
@pytest.mark.parametrize("own", KINDS)
def test_an_operator_gives_the_type_that_torch_gives(sign, own):
    for other in [*KINDS.values(), np.array(1.5), np.array(2)]:
        assert_same(lambda _, x, y: OPERATORS[sign](x, y), KINDS[own], other)
    for number in (2, 0.5, np.float64(0.5), np.int64(2)):
        assert_same(lambda _, x, n=number: OPERATORS[sign](x, n), KINDS[own])
        assert_same(lambda _, x, n=number: OPERATORS[sign](n, x), KINDS[own])


def test_truths_are_joined_and_turned():
    assert_same(
        lambda _, x, y: [x & y, x | y, ~x, x.any(), x.all(dim=1), x.sum()], TRUE, TRUE[::-1]
    )


ALONE = {
    "sizes": lambda t, x: [x.abs(), abs(x), -x, x.square(), x**2, 2**x, x.clamp(min=-0.5, max=0.5)],
    "rounding": lambda t, x: [x.round(), x.floor(), t.ceil(x), x.clip(0.0), x % 2],
    "squashing": lambda t, x: [t.sigmoid(x), t.tanh(x), t.relu(x), x.softmax(dim=-1)],
    "hyperbolic": lambda t, x: [t.sinh(x), t.cosh(x), t.asinh(x), t.acosh(x.abs() + 1)],
    "exponents": lambda t, x: [t.exp(x), t.expm1(x), t.log(x.abs()), t.log1p(x.abs()), x.exp()],
    "roots": lambda t, x: [
        x.sqrt().isnan(),
        x.abs().sqrt(),
        x.reciprocal(),
        t.isfinite(1 / (x - x)),
    ],
    "errors": lambda t, x: [t.erf(x), t.lgamma(x.abs() + 0.1), t.xlogy(x.clamp(min=0), x.abs())],
    "sums": lambda t, x: [x.sum(), x.sum(dim=1), x.mean(), x.mean(dim=1, keepdim=True), x.mean(0)],
    "ends": lambda t, x: [x.amax(dim=1), x.max(), x.min(), x.argmax(dim=-1), x.cumsum(dim=-2)],
    "spread": lambda t, x: [
        *t.var_mean(x, dim=1, keepdim=True, correction=0),
        *t.var_mean(x, correction=0),
        x.argmax(),
    ],
    "casts": lambda t, x: [x.double(), x.float(), x.long(), x.int(), x.bool(), x.to(t.float64)],
    "views": lambda t, x: [x.view(4, -1), x.reshape((2, 2, 3, 5)), x.flatten(), x.flatten(0, 1)],
    "axes": lambda t, x: [x.unsqueeze(1), x[:1].squeeze(0), x.squeeze(0), x.mT, x.permute(2, 0, 1)],
    "copies": lambda t, x: [
        x[:1].expand(6, -1, -1),
        x.repeat(2, 1, 1),
        x.repeat_interleave(2, dim=1),
    ],
    "parts": lambda t, x: [t.split(x, 2), t.split(x, [1, 4], dim=-1), x.chunk(2), x.unbind(-2)],
    "order": lambda t, x: [x.flip(0), x.diff(dim=1), x.transpose(0, 2).contiguous()],
    "runs": lambda t, x: [
        x.view(-1).unfold(0, 10, 5),
        x[0],
        x[..., 1:3],
        x[:, -1, None],
        x[[1, 0]],
    ],
    "new": lambda t, x: [x.new_zeros(2, 3), x.new_ones((2,)), x.new_tensor([1, 2]), t.ones_like(x)],
}


@pytest.mark.parametrize("name", ALONE)
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_functions_of_one_tensor_are_torchs(name, kind):
    assert_same(ALONE[name], KINDS[kind])


TOGETHER = {
    "joined": (lambda t, x, y: [t.cat([x, y], dim=1), t.stack([x, x], dim=-1)], A, B),
    "chosen": (lambda t, c, x: [t.where(c, x, 0.0), t.where(c, 1.0, x), x.where(c, 2)], TRUE, A),
    "masked": (lambda t, c, x: [x.masked_fill(c, float("nan")), x[c], c.nonzero()], TRUE, A),
    "bounds": (
        lambda t, x, y: [t.maximum(x, y), t.minimum(x, y), t.lerp(x, x.square(), 0.7)],
        B,
        A,
    ),
    "added": (lambda t, x, y: [t.addcmul(x, y, y), t.add(x, y, alpha=3), x @ y.mT], A, A[::-1]),
    "picked": (lambda t, x, i: [x.index_select(0, i), x[i], x[i, 1:]], A, PLACES),
    "gathered": (lambda t, x, i: x[0].gather(0, i[:, None] % 3), A, PLACES),
    "found": (lambda t, i: t.searchsorted(t.arange(3), i, right=True), PLACES),
    "sorted": (
        lambda t, i: [t.argsort(i, stable=True), t.argsort(i, descending=True, stable=True)],
        PLACES,
    ),
    "products": (lambda t, x, y: t.einsum("btc,ckt->bkc", x.mT, y[:3]), A, A[:, :, :5]),
    "sums of products": (lambda t, x, y: t.einsum("bcf,bcg->cfg", x, y), B, B),
    "solved": (
        lambda t, x, y: t.linalg.solve(x[:3, :, :3] + 9 * t.eye(3, dtype=t.float64), y[:3]),
        B,
        B,
    ),
    "linear": (lambda t, x, w, b: functional(t).linear(x, w, b), A, A[:, 0], A[:, 0, 0]),
    "normalised": (lambda t, x, g: functional(t).layer_norm(x, (5,), g, None, 1e-5), A, ROW),
    "bent": (lambda t, x: [functional(t).softplus(x * 30), functional(t).relu(x)], A),
    "vectors": (lambda t, i, w: functional(t).embedding(i, w), PLACES, A[:, 0]),
}


def functional(module):
    return torch.nn.functional if module is torch else lean.functional


@pytest.mark.parametrize("name", TOGETHER)
def test_functions_of_several_tensors_are_torchs(name):
    call, *arrays = TOGETHER[name]
    assert_same(call, *arrays)


@pytest.mark.parametrize("batch_first", [True, False])
def test_sequences_are_packed_as_torch_packs_them(batch_first):
    values = A if batch_first else A.swapaxes(0, 1)

    def call(module, values, lengths):
        packing = torch.nn.utils.rnn if module is torch else lean.packing
        packed = packing.pack_padded_sequence(
            values, lengths, batch_first=batch_first, enforce_sorted=False
        )
        return packed, packing.pad_packed_sequence(packed, batch_first, total_length=5)

    assert_same(call, values, LENGTHS)


def test_slices_are_views_that_are_written_through():
    for module in (torch, lean):
        whole = module.from_numpy(A.copy())
        whole[:, 0][1:] = 7.0
        whole[0, 1].copy_(whole[1, 0])
        assert whole[1, 0].tolist() == whole[0, 1].tolist() == [7.0] * 5


def test_numbers_of_pythons_become_the_types_that_torch_gives_them():
    for made in (
        lambda t: [t.tensor([1, 2]), t.tensor([0.5]), t.as_tensor(np.float64(2)), t.as_tensor(B)],
        lambda t: [
            t.arange(1, 4),
            t.linspace(0, 5, 4),
            t.arange(3, dtype=t.float64),
            t.zeros(2, dtype=t.long),
        ],
    ):
        assert_same(lambda module, call=made: call(module))


def test_a_module_that_is_built_as_an_outline_has_no_numbers_until_it_is_given_some():
    with lean.device("meta"):
        layer = lean.nn.Linear(3, 1 << 40)
    assert layer.weight.shape == (1 << 40, 3)
    layer.weight.normal_()
    layer.load_state_dict({"weight": lean.tensor([[1.0, 2.0, 3.0]]), "bias": lean.tensor([4.0])})
    assert layer(lean.tensor([[1.0, 1.0, 1.0]])).tolist() == [[10.0]]


@pytest.mark.parametrize(
    ("is_installed", "error", "said"),
    [
        (False, MissingPackageError, "^the package torch is not installed; "),
        (True, RuntimeError, "^drawing weights needs torch, which GRUCLI_KERNEL=torch takes; "),
    ],
)
def test_weights_are_drawn_by_torch_alone(monkeypatch, is_installed, error, said):
    monkeypatch.setattr(computing, "_has_torch", lambda: is_installed)
    with pytest.raises(error, match=said):
        lean.nn.Linear(3, 2)


@pytest.mark.parametrize("shape", [(2, 8), (1, 64, 4), (3, 7, 4), (17,)])
def test_the_same_seed_draws_torchs_numbers(shape):
    for seed in (0, 7):
        assert_same(lambda t, s=seed: t.randn(shape, generator=t.Generator().manual_seed(s)))


def test_a_few_numbers_are_drawn_too():
    drawn = lean.randn((3, 3), generator=lean.Generator().manual_seed(0))
    assert drawn.shape == (3, 3)
    assert np.isfinite(drawn.numpy()).all()
