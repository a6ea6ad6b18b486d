"""Files of weights that others wrote."""

import torch


def saved(tmp_path, value, name="file.pt"):
    path = tmp_path / name
    torch.save(value, path)
    return path


def with_prefix(prefix, state):
    return {prefix + name: value for name, value in state.items()}
