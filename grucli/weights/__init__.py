"""What the weights of a recurrent model say; numpy alone, no torch."""

from grucli.weights.foreign import RecurrentModule, WeightFile, read_weights
from grucli.weights.report import build_weight_report

__all__ = ["RecurrentModule", "WeightFile", "build_weight_report", "read_weights"]
