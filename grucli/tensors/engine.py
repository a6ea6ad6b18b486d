"""The names of whichever computes; types are checked against torch's (``engine.pyi``)."""

from grucli.computing import takes_torch

IS_TORCH = takes_torch()
if IS_TORCH:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
    from torch.nn.utils import rnn as packing
else:
    from grucli.tensors import lean as torch
    from grucli.tensors.lean import Tensor, functional, nn, packing

__all__ = ["IS_TORCH", "Tensor", "functional", "nn", "packing", "torch"]
