"""What computes: torch, or where a process only reads models, numpy by torch's names.

A network, its decoders, what samples are cut from and scores are summed in are written once, in
torch's words, and take these names from here. Training needs torch itself: it imports torch. Of a
process that only predicts or scores, ``lean`` is enough: what those equations use of torch, on
numpy arrays and without gradients; layers that the compiled kernel knows run in it either way.
"""

from grucli.tensors.engine import IS_TORCH, Tensor, functional, nn, packing, torch

__all__ = ["IS_TORCH", "Tensor", "functional", "nn", "packing", "torch"]
