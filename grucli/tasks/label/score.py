"""Score labels of rows, and those of the baselines, where the truth is known."""

import numpy as np
from numpy.typing import NDArray

from grucli.nn import SequenceModel
from grucli.results import ClassMetrics, ClassScores, NumberMetrics, NumberScores, SplitName
from grucli.tasks.indicators import with_indicators
from grucli.tasks.label.baselines import Lagged, Told, fit_ridge
from grucli.tasks.label.data import LabelData
from grucli.tasks.label.samples import Pieces
from grucli.tasks.sequences.class_metrics import class_metrics, confusion
from grucli.tasks.sequences.features import Floats
from grucli.tasks.sequences.numbers import number_metrics, said_numbers, some_pairs
from grucli.tensors import torch

Classes = NDArray[np.int64]


def score_model(
    model: SequenceModel, data: LabelData, *, split: SplitName
) -> ClassScores | NumberScores:
    """The model and every baseline on the rows of a part whose label is known.

    Ridge regression needs training and validation rows beside them: not with ``all``, and not on a
    table that is judged whole.
    """
    pieces = data.samples(split)
    rows, outputs = (torch.cat(parts).numpy() for parts in zip(*pieces.outputs(model), strict=True))
    is_known = ~np.isnan(data.labels[rows])
    rows, outputs = rows[is_known], outputs[is_known]
    score = _class_scores if data.is_class else _number_scores
    return score(data, pieces, rows, outputs, split=split)


def _sequences(data: LabelData, rows: Classes) -> int:
    return len(np.unique(data.panel.series_of(rows)))


def _class_scores(
    data: LabelData, pieces: Pieces, rows: Classes, outputs: Floats, *, split: SplitName
) -> ClassScores:
    truth, count = data.told.cpu().numpy()[rows], len(data.classes)
    chances = torch.from_numpy(outputs).softmax(dim=-1).numpy()
    said = chances.argmax(axis=1)
    counts = np.array(data.learned.facts["counts"], float)
    shares = np.broadcast_to(counts / counts.sum(), (len(truth), count))
    baselines = {"majority": _class_metrics(truth, shares)}
    ridge = _ridge(data, pieces, rows, split=split)
    if ridge is not None:
        labels = ridge.argmax(axis=1)
        baselines["ridge"] = class_metrics(truth, labels, classes=count, probabilities=None)
    return ClassScores(
        split=split,
        sequences=_sequences(data, rows),
        classes=data.classes,
        model=_class_metrics(truth, chances),
        baselines=baselines,
        confusion=tuple(map(tuple, confusion(truth, said, count).tolist())),
        rows=len(rows),
    )


def _class_metrics(truth: Classes, chances: Floats) -> ClassMetrics:
    said = chances.argmax(axis=1)
    return class_metrics(truth, said, classes=chances.shape[1], probabilities=chances)


def _number_scores(
    data: LabelData, pieces: Pieces, rows: Classes, outputs: Floats, *, split: SplitName
) -> NumberScores:
    facts, truth = data.learned.facts, data.labels[rows]
    said = said_numbers(facts, torch.from_numpy(outputs))
    baselines: dict[str, NumberMetrics] = {
        "mean": number_metrics(truth, np.full(len(truth), facts["mean"]))
    }
    ridge = _ridge(data, pieces, rows, split=split)
    if ridge is not None:
        baselines["ridge"] = number_metrics(truth, said_numbers(facts, torch.from_numpy(ridge)))
    return NumberScores(
        split=split,
        label=data.recipe.label.label,
        sequences=_sequences(data, rows),
        model=number_metrics(truth, said),
        baselines=baselines,
        pairs=some_pairs(truth, said),
        rows=len(rows),
    )


def _ridge(data: LabelData, pieces: Pieces, rows: Classes, *, split: SplitName) -> Floats | None:
    """What ridge regression says of some rows [n, K]; None where there is nothing to learn from."""
    if split == "all" or not len(data.span_rows("train")):
        return None
    seen = Lagged(data.panel, with_indicators(pieces.data).cpu().numpy())
    train, valid = (_told(data, part) for part in ("train", "valid"))
    error = _mistakes if data.is_class else _squares
    return seen.said(rows, fit_ridge(seen, train, valid, error))


def _told(data: LabelData, part: str) -> Told:
    rows = data.span_rows(part)
    rows = rows[~np.isnan(data.labels[rows])]
    truth = data.told.cpu().numpy()[rows]
    if data.is_class:
        truth = np.where(truth[:, None] == np.arange(len(data.classes)), 1.0, -1.0)
    return Told(rows, truth.astype(np.float64))


def _mistakes(said: Floats, truth: Floats) -> float:
    return float((said.argmax(axis=1) != truth.argmax(axis=1)).mean())


def _squares(said: Floats, truth: Floats) -> float:
    return float(np.square(said - truth).sum())
