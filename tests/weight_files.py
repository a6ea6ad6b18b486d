"""Files of weights for tests that read them."""

import torch

from grucli.cells.layouts import parse_layout
from grucli.weights import WeightFile, read_weights


def file_of(tmp_path, state, name="file.pt", *, layout=None, **facts) -> WeightFile:
    """A state dictionary saved and read again, with ``facts`` as a checkpoint of ours has them.

    Without facts it is a foreign one, of which ``layout`` may say what it is.
    """
    path = tmp_path / name
    content = dict(state)
    if facts:
        content = {"format": "grucli checkpoint", "weights": content, **facts}
    torch.save(content, path)
    return read_weights(path, layout and parse_layout(layout))
