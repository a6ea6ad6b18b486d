"""Sequences as samples: what a model reads of them, its loss and metrics, and their parts."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from grucli.columns import Columns
from grucli.data import Scaler, build_panel, build_tensors, parse_table
from grucli.data.readers.wanted import Wanted
from grucli.errors import DataError
from grucli.nn import SequenceModel
from grucli.recipe import SplitRecipe
from grucli.tasks.classify.baselines import fit_ridge_classifier, majority
from grucli.tasks.sequences.class_losses import class_weights, cross_entropy
from grucli.tasks.sequences.class_metrics import class_metrics, confusion
from grucli.tasks.sequences.features import features
from grucli.tasks.sequences.objective import SequenceObjective
from grucli.tasks.sequences.parts import deal
from grucli.tasks.sequences.samples import Sequences


# --- the model -------------------------------------------------------------------------------
def sequences(lengths, columns=3):
    values = torch.randn(len(lengths), max(lengths), columns)
    return values, torch.tensor(lengths)


@pytest.mark.parametrize("cell", ["gru", "rnn", "lstm"])
@pytest.mark.parametrize("pooling", [("last",), ("mean",), ("max",), ("last", "mean", "max")])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_sequence_is_read_as_if_it_were_alone(cell, pooling, bidirectional):
    torch.manual_seed(0)
    settings = {"cell": cell, "hidden": 5, "layers": 2, "bidirectional": bidirectional}
    model = SequenceModel(3, 4, pooling=pooling, **settings).eval()
    values, lengths = sequences([4, 7, 1])
    together = model(values, lengths)
    for row, length in enumerate(lengths.tolist()):
        alone = model(values[row : row + 1, :length], lengths[row : row + 1])
        torch.testing.assert_close(together[row], alone[0])


@pytest.mark.parametrize(("name", "expected"), [("mean", "mean"), ("max", "amax")])
def test_pooling_is_over_the_steps_of_a_sequence(name, expected):
    torch.manual_seed(0)
    model = SequenceModel(3, 2, hidden=5, pooling=(name,)).eval()
    values, lengths = sequences([6, 6])
    pooled = getattr(model.recurrent(values)[0], expected)(dim=1)
    torch.testing.assert_close(model(values, lengths), model.head(pooled))


def test_steps_that_are_computed_again_give_the_same_gradient():
    gradients = []
    for steps in (None, 2):
        torch.manual_seed(0)
        model = SequenceModel(3, 2, hidden=5, pooling=("mean",), recompute_steps=steps)
        model(*sequences([9, 4])).square().sum().backward()
        gradients.append(model.recurrent.weight_hh_l0.grad)
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("pooling", [(), ("sum",)])
def test_an_unknown_pooling_is_refused(pooling):
    with pytest.raises(ValueError, match="pooling: found"):
        SequenceModel(3, 2, pooling=pooling)


def test_labels_of_every_step_have_a_row_for_each():
    model = SequenceModel(3, 2, hidden=5, each_step=True)
    assert model(*sequences([6, 2])).shape == (2, 6, 2)


# --- the loss and the metrics, against others' -----------------------------------------------
def test_the_loss_is_torchs_cross_entropy_with_balanced_classes():
    torch.manual_seed(0)
    logits, truth = torch.randn(6, 3), torch.tensor([0, 0, 0, 1, 1, 2])
    weights = class_weights("balanced", torch.bincount(truth).float())
    assert weights.tolist() == pytest.approx([6 / 9, 1.0, 2.0])
    loss, count = cross_entropy(logits, truth, weights_K=weights, smoothing=0.1)
    expected = functional.cross_entropy(logits, truth, weight=weights, label_smoothing=0.1)
    assert (float(loss), float(count)) == pytest.approx((float(expected), 6.0))
    assert class_weights("none", torch.ones(3)) is None


def test_metrics_are_those_of_their_definitions():
    truth, said = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 1, 0])
    probabilities = np.full((6, 3), 0.2)
    probabilities[np.arange(6), said] = 0.6
    metrics = class_metrics(truth, said, classes=3, probabilities=probabilities)
    assert metrics.accuracy == pytest.approx(4 / 6)
    assert metrics.balanced_accuracy == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert metrics.macro_f1 == pytest.approx((2 / 3 + 4 / 5 + 0) / 3)
    assert metrics.log_loss == pytest.approx(-(4 * np.log(0.6) + 2 * np.log(0.2)) / 6)
    assert metrics.calibration_error == pytest.approx(abs(4 / 6 - 0.6))
    assert confusion(truth, said, 3).tolist() == [[2, 1, 0], [0, 2, 0], [1, 0, 0]]


def test_features_are_the_mean_and_deviation_of_each_sequence():
    values = np.arange(10.0).reshape(5, 2)
    rows = features(values, np.array([2, 3]))
    for row, part in zip(rows, (values[:2], values[2:]), strict=True):
        np.testing.assert_allclose(row, [*part.mean(axis=0), *part.std(axis=0), 1.0])


def test_ridge_tells_classes_apart_by_their_means_and_majority_says_the_shares():
    draw = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2], 20)
    rows = np.column_stack([truth + draw.normal(0, 0.05, 60), truth == 1, np.ones(60)])
    ridge = fit_ridge_classifier((rows[::2], truth[::2]), (rows[::2], truth[::2]), classes=3)
    assert (ridge(rows[1::2]) == truth[1::2]).all()
    assert majority(np.array([1, 3])).tolist() == [0.25, 0.75]


# --- sequences and parts ---------------------------------------------------------------------
def panel_of(labels, *, part=None):
    """One series for each label, of 2, 3, 4, ... rows, whose values count from 1."""
    rows = [
        f"s{place},{step},{place + 1},{label},{part[place] if part else '-'}"
        for place, label in enumerate(labels)
        for step in range(place % 3 + 2)
    ]
    text = "\n".join(["id,t,x,kind,part", *rows]) + "\n"
    texts = ("id", "kind", "part")
    table = parse_table(text.encode(), Wanted("t", columns=("x",), texts=texts), source="f")
    return build_panel(table, Columns((), ("x",)), series=("id",))


def test_a_batch_is_padded_with_zeros_behind_each_sequence():
    panel = panel_of("aba")
    scaler = Scaler("none", ("x",), np.zeros(1), np.ones(1))
    data = build_tensors(panel, scaler, torch.device("cpu"))
    some = Sequences.of_series(data, np.array([1, 2]), torch.tensor([1, 0]))
    values, lengths = some.inputs(torch.tensor([1, 0]))
    assert (lengths.tolist(), some.steps) == ([4, 3], 4)
    assert values[..., 0].tolist() == [[3, 3, 3, 3], [2, 2, 2, 0]]
    assert some.truth(torch.tensor([1, 0])).tolist() == [0, 1]


def test_a_batch_is_told_of_by_names_times_and_columns():
    scaler = Scaler("none", ("x",), np.zeros(1), np.ones(1))
    data = build_tensors(panel_of("aba"), scaler, torch.device("cpu"))
    some = Sequences.of_series(data, np.array([1, 2]), torch.tensor([1, 0]))
    objective = SequenceObjective(None, None, 0.0, some, some)
    assert objective.words(torch.tensor([1, 0])) == (
        "its batch is from series s1, s2, 0 to 3, its largest scaled values: x 3"
    )


class SpoiltBy(nn.Module):
    """A model whose answer to sequences longer than two steps is not finite."""

    width = 1

    def forward(self, _values_BTC, lengths_B):
        return torch.where(lengths_B > 2, torch.inf, 0.0)


def test_a_validation_loss_that_is_not_finite_is_told_of_by_its_first_sequence():
    scaler = Scaler("none", ("x",), np.zeros(1), np.ones(1))
    data = build_tensors(panel_of("abab"), scaler, torch.device("cpu"))
    some = Sequences.of_series(data, np.array([0, 3, 2, 1]), torch.tensor([1, 0, 1, 0]))
    loss = lambda answers, _truth: (answers.mean(), len(answers))  # noqa: E731
    objective = SequenceObjective(SpoiltBy(), loss, 0.0, some, some)
    assert objective.validation_words() == (
        "its batch is from series s2, 0 to 3, its largest scaled values: x 3"
    )


def parts_of(labels, *, part=None, **split):
    panel = panel_of(labels, part=part)
    found = deal(panel, labels, SplitRecipe(**split))
    return {name: places.tolist() for name, places in found.items()}


def test_whole_series_are_dealt_out_with_kinds_in_proportion():
    labels = "a" * 20 + "b" * 10
    parts = parts_of(labels, valid=0.2, test=6)
    assert sorted([*parts["train"], *parts["valid"], *parts["test"]]) == list(range(30))
    counts = {name: (sum(p < 20 for p in places), len(places)) for name, places in parts.items()}
    assert counts == {"test": (4, 6), "valid": (3, 4), "train": (13, 20)}


def test_the_seed_of_the_split_decides_and_nothing_else():
    labels = "ab" * 15
    assert parts_of(labels) == parts_of(labels)
    assert parts_of(labels) != parts_of(labels, seed=1)


def test_one_of_each_class_stays_to_be_learned():
    parts = parts_of("aaaaaaaab", valid=2, test=3)
    assert 8 in parts["train"]


def test_a_column_says_the_part_of_every_series():
    words = ["train", "test", "valid", "train"]
    parts = parts_of("abab", part=words, column="part")
    assert parts == {"train": [0, 3], "valid": [2], "test": [1]}


def test_a_column_without_valid_leaves_it_to_be_drawn_from_train():
    words = ["train"] * 8 + ["test"] * 2
    parts = parts_of("ab" * 5, part=words, column="part", valid=0.25)
    assert parts["test"] == [8, 9]
    assert len(parts["valid"]) == 2
    assert len({place % 2 for place in parts["valid"]}) == 2


def test_another_word_in_the_column_is_named():
    with pytest.raises(DataError, match=r"column 'part': 'dev' in series 's1'; expected train"):
        parts_of("ab", part=["train", "dev"], column="part")


def test_a_split_without_a_series_for_a_part_is_refused():
    with pytest.raises(DataError, match="leaves none of 4 series for valid; expected"):
        parts_of("abab", valid=0.1, test=1)
