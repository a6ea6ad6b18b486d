"""The label of every row of a table."""

from typing import Any

import numpy as np

from grucli.nn import SequenceModel
from grucli.results import Labels, Numbers
from grucli.tasks.label.data import LabelData
from grucli.tasks.precision import float32_digits, original
from grucli.tasks.sequences.numbers import answer_scaler
from grucli.tensors import torch


def label_table(model: SequenceModel, data: LabelData) -> Labels | Numbers:
    """The label of every row, and the probability of each class; or its number."""
    panel = data.panel
    outputs = torch.cat([said for _, said in data.everything().outputs(model)])
    series = panel.series_of(np.arange(len(panel.values))).tolist()
    where: dict[str, Any] = {
        "ids": {name: tuple(texts[place] for place in series) for name, texts in data.ids.items()},
        "label": data.recipe.label.label,
        "time": panel.time,
        "timestamps": tuple(map(panel.frequency.format, panel.timestamps)),
    }
    if not data.is_class:
        said = original(answer_scaler(data.learned.facts), outputs)[:, 0]
        return Numbers(values=tuple(said.tolist()), **where)
    chances, classes = outputs.softmax(dim=-1), data.classes
    return Labels(
        classes=classes,
        labels=tuple(classes[number] for number in chances.argmax(dim=-1).tolist()),
        probabilities=tuple(map(tuple, float32_digits(chances).tolist())),
        **where,
    )
