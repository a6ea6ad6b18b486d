"""All parameters as one vector, and optimisers over it that do what torch's do."""

import pytest
import torch

from grucli.nn import GRU
from grucli.training.flat import FlatParameters
from grucli.training.optimizers import OPTIMIZERS


@pytest.fixture
def model():
    torch.manual_seed(0)
    return GRU(3, 5, num_layers=2, layer_norm="split")


def loss_of(model, seed=0):
    """A loss that differs from step to step."""
    generator = torch.Generator().manual_seed(seed)
    output, _ = model(torch.randn(4, 2, 3, generator=generator))
    return (output - torch.randn(output.shape, generator=generator)).square().mean()


def test_parameters_keep_their_values_and_become_views_of_one_vector(model):
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    flat = FlatParameters(model)
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())
    flat.values.zero_()
    assert all(not p.any() for p in model.parameters())


def test_a_frozen_model_is_refused_and_a_partly_frozen_one_keeps_what_is_frozen(model):
    model.requires_grad_(False)
    with pytest.raises(ValueError, match="GRU: no parameter is trainable; expected at least one"):
        FlatParameters(model)
    model.weight_hh_l1.requires_grad_()
    assert FlatParameters(model).values.shape == (model.weight_hh_l1.numel(),)


def test_weights_loaded_into_the_model_reach_the_vector(model):
    flat = FlatParameters(model)
    model.load_state_dict({name: torch.ones_like(p) for name, p in model.state_dict().items()})
    assert bool((flat.values == 1).all())


def test_the_gradient_is_that_of_autograd_and_replaces_the_last_one(model):
    loss_of(model).backward()
    expected = {name: p.grad.clone() for name, p in model.named_parameters()}
    flat = FlatParameters(model)
    flat.backpropagate(loss_of(model, seed=1))
    flat.backpropagate(loss_of(model))
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter.grad, expected[name])
    total = torch.linalg.vector_norm(torch.cat([g.flatten() for g in expected.values()]))
    torch.testing.assert_close(flat.gradient_norm(), total)


@pytest.mark.parametrize(("limit", "expected"), [(0.01, 0.01), (100.0, None)])
def test_a_gradient_is_shortened_to_the_limit_and_never_lengthened(model, limit, expected):
    flat = FlatParameters(model)
    flat.backpropagate(loss_of(model))
    before = float(flat.gradient_norm())
    flat.clip(before, limit)
    assert float(flat.gradient_norm()) == pytest.approx(expected or before, rel=1e-5)


CASES = [
    ("adam", torch.optim.Adam, {}),
    ("adam", torch.optim.Adam, {"weight_decay": 0.1}),
    ("adamw", torch.optim.AdamW, {"weight_decay": 0.1}),
    ("rmsprop", torch.optim.RMSprop, {"weight_decay": 0.1}),
    ("rmsprop", torch.optim.RMSprop, {"momentum": 0.9}),
    ("sgd", torch.optim.SGD, {"weight_decay": 0.1}),
    ("sgd", torch.optim.SGD, {"momentum": 0.9}),
    ("sgd", torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
]


@pytest.mark.parametrize(("kind", "theirs", "options"), CASES)
def test_every_optimiser_takes_the_steps_of_torchs_class(model, kind, theirs, options):
    twin = GRU(3, 5, num_layers=2, layer_norm="split")
    twin.load_state_dict(model.state_dict())
    ours = OPTIMIZERS[kind](FlatParameters(model), lr=0.01, **options)
    groups = [{"params": twin.parameters()}]
    if kind == "adamw":
        matrices = [p for p in twin.parameters() if p.dim() > 1]
        vectors = [p for p in twin.parameters() if p.dim() == 1]
        groups = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
    reference = theirs(groups, lr=0.01, **options)
    for step in range(5):
        ours.lr = 0.01 / (step + 1)
        for group in reference.param_groups:
            group["lr"] = ours.lr
        ours.parameters.backpropagate(loss_of(model, step))
        ours.step()
        reference.zero_grad()
        loss_of(twin, step).backward()
        reference.step()
    for ours_p, theirs_p in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(ours_p, theirs_p, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["adam", "rmsprop", "sgd"])
def test_a_saved_state_goes_on_with_the_same_bytes(model, kind):
    options = {} if kind == "adam" else {"momentum": 0.9}
    first = OPTIMIZERS[kind](FlatParameters(model), lr=0.01, **options)
    twin = GRU(3, 5, num_layers=2, layer_norm="split")
    second = OPTIMIZERS[kind](FlatParameters(twin), lr=0.01, **options)

    def step(optimizer, model, seed):
        optimizer.parameters.backpropagate(loss_of(model, seed))
        optimizer.step()

    step(first, model, 0)
    twin.load_state_dict(model.state_dict())
    second.load_state_dict({name: value.clone() for name, value in first.state_dict().items()})
    step(first, model, 1)
    step(second, twin, 1)
    assert torch.equal(first.parameters.values, second.parameters.values)


def test_decay_by_itself_leaves_a_gain_without_a_gradient_where_it_is(model):
    optimizer = OPTIMIZERS["adamw"](FlatParameters(model), lr=0.1, weight_decay=0.5)
    matrices = {name: p.detach().clone() for name, p in model.named_parameters() if p.dim() > 1}
    vectors = {name: p.detach().clone() for name, p in model.named_parameters() if p.dim() == 1}
    optimizer.step()
    after = dict(model.named_parameters())
    assert all(torch.equal(after[name], value) for name, value in vectors.items())
    for name, value in matrices.items():
        torch.testing.assert_close(after[name], value * 0.95)
