"""The vectors of texts in a model: where they stand, what they learn."""

import pytest
import torch

from grucli.columns import Columns, vector_size
from grucli.nn import Forecaster, SequenceModel


# --- vectors ---------------------------------------------------------------------------------
def test_the_size_of_a_vector_is_half_the_classes_and_at_most_fifty():
    assert [vector_size(texts) for texts in (1, 2, 4, 7, 98, 10_000)] == [1, 2, 3, 4, 50, 50]


ROW = {"past_size": 2, "future_size": 2, "static_size": 1, "flag_size": 2}


def model_of(decoder="direct", **options):
    """Rows are y, rain, wind, price, promo, region and two flags."""
    torch.manual_seed(0)
    sizes = ROW | options
    return Forecaster(
        horizon=3, hidden=5, decoder=decoder, segment=2, categories={2: 4, 4: 3, 5: 2}, **sizes
    ).eval()


def contexts(batch=2, steps=4):
    torch.manual_seed(1)
    context = torch.randn(batch, steps, 8)
    context[..., 2] = torch.randint(0, 5, (batch, steps)).float()
    context[..., 4] = torch.randint(0, 4, (batch, steps)).float()
    context[..., 5] = 2.0
    context[..., 6:] = 1.0
    future = torch.randn(batch, 3, 2)
    future[..., 1] = torch.randint(0, 4, (batch, 3)).float()
    return context, future


def test_a_model_reads_the_vector_of_each_class_in_its_place():
    model, (context, future) = model_of(normalise="mean_std"), contexts()
    wide, ahead = model.categories(context, future)
    wind, promo, region = model.categories.vectors
    for rows, place, table, found in (
        (context, 2, wind, wide[..., 7:10]),
        (context, 4, promo, wide[..., 3:5]),
        (context, 5, region, wide[..., 5:7]),
        (future, 1, promo, ahead[..., 1:3]),
    ):
        known = rows[..., place] > 0
        torch.testing.assert_close(found[known], table[rows[..., place].long()][known])
        torch.testing.assert_close(found[~known], table[1:].mean(dim=0).expand_as(found[~known]))
    assert torch.equal(wide[..., :3], context[..., [0, 1, 3]])
    assert torch.equal(wide[..., 10:], context[..., 6:])


def test_vectors_of_the_past_are_not_normalised_with_what_is_measured():
    model, (context, _) = model_of(normalise="mean_std"), contexts()
    reads = model.normalised(context)
    torch.testing.assert_close(reads[..., 7:10], model.categories.read(context)[..., 7:10])
    assert not torch.equal(reads[..., :2], context[..., :2])


def test_names_of_inputs_stand_in_the_order_of_the_model():
    columns = Columns(
        ("y",), ("rain", "wind"), ("price", "promo"), (), ("region",), ("y", "rain"),
        ("wind", "promo", "region"),
    )  # fmt: skip
    texts = {"wind": 4, "promo": 3, "region": 2}
    assert columns.input_names(texts) == (
        *("y", "rain", "price", "promo[0]", "promo[1]", "region[0]", "region[1]"),
        *("wind[0]", "wind[1]", "wind[2]", "y measured", "rain measured"),
    )
    assert len(columns.input_names(texts)) == model_of().recurrent.input_size


@pytest.mark.parametrize("decoder", ["direct", "segment", "recursive"])
def test_a_text_known_in_advance_reaches_the_steps_of_its_horizon(decoder):
    options = {"past_size": 0, "categories": {2: 3, 3: 2}} if decoder == "recursive" else {}
    context, future = contexts()
    if options:
        torch.manual_seed(0)
        sizes = ROW | {"past_size": 0}
        model = Forecaster(
            horizon=3, hidden=5, decoder=decoder, categories={2: 3, 3: 2}, **sizes
        ).eval()
        context = context[..., [0, 3, 4, 5, 6, 7]]
    else:
        model = model_of(decoder)
    before = model(context, future)
    moved = future.clone()
    moved[:, 1, 1] = (moved[:, 1, 1] + 1) % 4
    change = (model(context, moved) - before).abs().sum(dim=(0, 2)) > 0
    assert (
        change.tolist()
        == {
            "direct": [False, True, False],
            "segment": [True, True, False],
            "recursive": [False, True, True],
        }[decoder]
    )


def test_independent_channels_share_the_vectors():
    model = model_of(target_size=2, past_size=0, static_size=2, flag_size=0, channels="independent")
    context, future = contexts()
    context = torch.cat([context[..., :1], context[..., [0, 3, 4, 5, 5]]], dim=-1)
    context[..., 3], context[..., 2] = 1.0, 2.0
    model = Forecaster(
        target_size=2, future_size=2, static_size=2, horizon=3, channels="independent",
        categories={3: 1, 5: 2},
    ).eval()  # fmt: skip
    future[..., 1] = 1.0
    both = model(context, future)
    swapped = model(context[..., [1, 0, 2, 3, 4, 5]], future)
    torch.testing.assert_close(both, swapped.flip(-1))


def test_a_text_never_seen_is_read_as_the_mean_and_its_vector_learns_only_where_it_stands():
    model, (context, future) = model_of(), contexts()
    context[..., 2] = 1.0
    future[..., 1] = context[..., 4] = 1.0
    model(context, future).square().sum().backward()
    wind, promo, _ = model.categories.vectors
    assert wind.grad[0].abs().sum() == promo.grad[0].abs().sum() == 0
    assert wind.grad[1].abs().sum() > 0
    context[0, 0, 2] = 0.0
    model.zero_grad()
    model(context, future).square().sum().backward()
    assert wind.grad[0].abs().sum() > 0


def test_a_classifier_reads_vectors_too():
    model = SequenceModel(3, 2, flag_size=1, categories={1: 2}).eval()
    rows = torch.tensor([[[0.5, 2.0, 1.0], [0.1, 1.0, 1.0]]])
    vectors = model.categories.vectors[0].detach()
    expected = [[0.5, *vectors[2].tolist(), 1.0], [0.1, *vectors[1].tolist(), 1.0]]
    torch.testing.assert_close(model.categories.read(rows)[0], torch.tensor(expected))
    assert model(rows, torch.tensor([2])).shape == (1, 2)


@pytest.mark.parametrize("places", [{0: 2}, {6: 2}, {1: 0}])
def test_places_without_a_covariate_are_refused(places):
    with pytest.raises(ValueError, match=r"^categories: "):
        Forecaster(past_size=2, future_size=2, static_size=1, categories=places)


def test_a_model_without_categories_draws_what_it_always_drew():
    names = [name for name, _ in Forecaster(past_size=2).named_parameters()]
    assert names[0].startswith("recurrent.")


def test_noise_is_added_to_numbers_only():
    model = SequenceModel(3, 2, flag_size=1, categories={1: 2})
    assert model.categories.is_number(torch.zeros(1, 2, 3)).tolist() == [1, 0, 1]
