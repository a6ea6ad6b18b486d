"""The names of whichever computes; types are checked against torch's (``engine.pyi``)."""

import os
from functools import partial

from grucli.computing import takes_torch

IS_TORCH = takes_torch()
if IS_TORCH:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
    from torch.nn.utils import rnn as packing

    # OpenMP's threads do not come along: a child that asks for them would wait for ever.
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=partial(torch.set_num_threads, 1))
else:
    from grucli.tensors import lean as torch
    from grucli.tensors.lean import Tensor, functional, nn, packing

__all__ = ["IS_TORCH", "Tensor", "functional", "nn", "packing", "torch"]
