"""Files of weights for tests that read them."""

import torch

from grucli.weights import WeightFile, read_weights


def file_of(tmp_path, state, name="file.pt", **facts) -> WeightFile:
    """A state dictionary saved and read again, with ``facts`` as a checkpoint of ours has them."""
    path = tmp_path / name
    content = dict(state)
    if facts:
        content = {"format": "grucli checkpoint", "weights": content, **facts}
    torch.save(content, path)
    return read_weights(path)
