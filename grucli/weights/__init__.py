"""What the weights of a recurrent model say; numpy alone, no torch."""

from grucli.weights.compare import compare_weights
from grucli.weights.foreign import NeedsNoLayoutError, read_weights
from grucli.weights.history import read_history
from grucli.weights.lines import read_epochs, read_snapshots, snapshot_values
from grucli.weights.members import SEEDS, OneModelError, member_weights
from grucli.weights.movement import read_movement
from grucli.weights.numbers import comparison_numbers, long_names, report_numbers
from grucli.weights.pictures import film_frames, picture_weights, spectra_of_run
from grucli.weights.report import build_weight_report
from grucli.weights.select import select_matrix
from grucli.weights.stacks import RecurrentModule, WeightFile
from grucli.weights.unit import unit_report

__all__ = [
    "SEEDS",
    "NeedsNoLayoutError",
    "OneModelError",
    "RecurrentModule",
    "WeightFile",
    "build_weight_report",
    "compare_weights",
    "comparison_numbers",
    "film_frames",
    "long_names",
    "member_weights",
    "picture_weights",
    "read_epochs",
    "read_history",
    "read_movement",
    "read_snapshots",
    "read_weights",
    "report_numbers",
    "select_matrix",
    "snapshot_values",
    "spectra_of_run",
    "unit_report",
]
