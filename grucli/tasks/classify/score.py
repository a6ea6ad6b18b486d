"""Score a classifier and the baselines on the same sequences."""

from collections.abc import Mapping

import numpy as np

from grucli.nn import SequenceModel
from grucli.results import ClassMetrics, ClassScores, SplitName
from grucli.tasks.classify.baselines import (
    Classes,
    fit_ridge_classifier,
    majority,
)
from grucli.tasks.classify.data import ClassifyData
from grucli.tasks.classify.predict import probabilities
from grucli.tasks.sequences.class_metrics import class_metrics, confusion
from grucli.tasks.sequences.features import Floats, features_of
from grucli.tasks.sequences.samples import Sequences
from grucli.tensors import torch


def score_model(model: SequenceModel, data: ClassifyData, *, split: SplitName) -> ClassScores:
    """The model and every baseline on the sequences of a part.

    Ridge regression needs training and validation sequences beside them: not with ``all``, and not
    on a table that is judged whole.
    """
    sequences = data.samples(split)
    classes, truth = data.classes, _truth(sequences)
    said = probabilities(model, sequences).numpy()
    return ClassScores(
        split=split,
        sequences=len(sequences),
        classes=classes,
        model=_metrics(truth, said),
        baselines=_baselines(data, sequences, split),
        confusion=tuple(
            tuple(row) for row in confusion(truth, said.argmax(axis=1), len(classes)).tolist()
        ),
    )


def _metrics(truth: Classes, said: Floats) -> ClassMetrics:
    return class_metrics(truth, said.argmax(axis=1), classes=said.shape[1], probabilities=said)


def _baselines(
    data: ClassifyData, sequences: Sequences, split: SplitName
) -> Mapping[str, ClassMetrics]:
    truth, count = _truth(sequences), len(data.classes)
    shares = majority(np.array(data.learned.facts["counts"]))
    rows = {"majority": _metrics(truth, np.tile(shares, (len(truth), 1)))}
    if split == "all" or not len(data.parts["train"]):
        return rows
    train, valid = (_labelled(data.samples(part)) for part in ("train", "valid"))
    ridge = fit_ridge_classifier(train, valid, classes=count)
    labels = ridge(features_of(sequences))
    rows["ridge"] = class_metrics(truth, labels, classes=count, probabilities=None)
    return rows


def _labelled(sequences: Sequences) -> tuple[Floats, Classes]:
    return features_of(sequences), _truth(sequences)


def _truth(sequences: Sequences) -> Classes:
    return sequences.truth(torch.arange(len(sequences))).cpu().numpy()
