import torch as torch
from torch import Tensor as Tensor
from torch import nn as nn
from torch.nn import functional as functional
from torch.nn.utils import rnn as packing

__all__ = ["IS_TORCH", "Tensor", "functional", "nn", "packing", "torch"]

IS_TORCH: bool
