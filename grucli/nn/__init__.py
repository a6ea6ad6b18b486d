"""Recurrent modules for torch: sizes and strings in, no recipes and no tables."""

from grucli.nn.cells import GRU, LSTM, MODULES, RNN
from grucli.nn.deviations import mean_deviations
from grucli.nn.ensemble import ensemble_of
from grucli.nn.forecast_each import forecast_each
from grucli.nn.forecaster import Forecaster
from grucli.nn.initialise import copy_matrices, initialise
from grucli.nn.model import RecurrentModel
from grucli.nn.native.binding import (
    available,
    choose_kernel,
    chosen_kernel,
    kernel_words,
    limit_threads,
    precision_problem,
)
from grucli.nn.sequence_model import SequenceModel
from grucli.nn.stack import Recurrent
from grucli.nn.states import State

__all__ = [
    "GRU",
    "LSTM",
    "MODULES",
    "RNN",
    "Forecaster",
    "Recurrent",
    "RecurrentModel",
    "SequenceModel",
    "State",
    "available",
    "choose_kernel",
    "chosen_kernel",
    "copy_matrices",
    "ensemble_of",
    "forecast_each",
    "initialise",
    "kernel_words",
    "limit_threads",
    "mean_deviations",
    "precision_problem",
]
