"""Score a regressor and the baselines on the same sequences."""

from collections.abc import Mapping

import numpy as np

from grucli.nn import SequenceModel
from grucli.results import NumberMetrics, NumberScores, SplitName
from grucli.tasks.regress.baselines import fit_ridge, mean
from grucli.tasks.regress.data import RegressData
from grucli.tasks.sequences.features import Floats, features_of
from grucli.tasks.sequences.numbers import number_metrics, said_numbers, some_pairs
from grucli.tasks.sequences.outputs import outputs_of
from grucli.tasks.sequences.samples import Sequences
from grucli.tensors import torch


def score_model(model: SequenceModel, data: RegressData, *, split: SplitName) -> NumberScores:
    """The model and every baseline on the sequences of a part.

    Ridge regression needs training and validation sequences beside them: not with ``all``, and not
    on a table that is judged whole.
    """
    sequences, truth = data.samples(split), data.numbers[data.places(split)]
    said = said_numbers(data.learned.facts, outputs_of(model, sequences))
    return NumberScores(
        split=split,
        label=data.recipe.regress.label,
        sequences=len(sequences),
        model=number_metrics(truth, said),
        baselines=_baselines(data, sequences, truth, split=split),
        pairs=some_pairs(truth, said),
    )


def _baselines(
    data: RegressData, sequences: Sequences, truth: Floats, *, split: SplitName
) -> Mapping[str, NumberMetrics]:
    facts = data.learned.facts
    rows = {"mean": number_metrics(truth, mean(facts["mean"], len(truth)))}
    if split == "all" or not len(data.parts["train"]):
        return rows
    train, valid = (_told(data.samples(part)) for part in ("train", "valid"))
    said = features_of(sequences) @ fit_ridge(train, valid)
    rows["ridge"] = number_metrics(truth, said_numbers(facts, torch.from_numpy(said)))
    return rows


def _told(sequences: Sequences) -> tuple[Floats, Floats]:
    scaled = sequences.truth(torch.arange(len(sequences))).cpu().numpy()
    return features_of(sequences), np.asarray(scaled, np.float64)
