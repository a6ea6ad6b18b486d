"""From tables to tensors: reading, checking, splitting, scaling, samples. No models."""

from grucli.data.calendar import add_calendar, check_calendar
from grucli.data.categories import (
    check_texts,
    fit_vocabularies,
    number_texts,
    put_classes,
    unseen_ahead,
    unseen_texts,
    vocabulary_notes,
)
from grucli.data.clock_changes import place_in_zone
from grucli.data.coarseness import coarse_columns
from grucli.data.column_checks import check_logarithms, check_numbers, check_static
from grucli.data.frequency import Frequency
from grucli.data.horizon import Horizon
from grucli.data.marks import Judged, number_of_series, number_words, with_words
from grucli.data.panel import Panel
from grucli.data.readers.files import expand, folders_left_out
from grucli.data.readers.frame import read_frame
from grucli.data.readers.stream import stream_blocks
from grucli.data.readers.table import parse_table, read_table
from grucli.data.readers.vocabulary import Classes
from grucli.data.readers.wanted import Wanted
from grucli.data.regular import frequency_of, regularise
from grucli.data.samples import Samples
from grucli.data.scaler_fitting import fit_scaler
from grucli.data.scaling import SCALER_FORM, Scaler
from grucli.data.series import build_panel, join_panels
from grucli.data.series_scaling import AnyScaler, SeriesScaler, scaler_from_plain
from grucli.data.sniffing.look import Look, look_at
from grucli.data.split import Span, Split, measured_columns, split_panel, whole_span
from grucli.data.tensors import PanelTensors, build_tensors, in_float64
from grucli.data.values import Row, RowBlock, Table

__all__ = [
    "SCALER_FORM",
    "AnyScaler",
    "Classes",
    "Frequency",
    "Horizon",
    "Judged",
    "Look",
    "Panel",
    "PanelTensors",
    "Row",
    "RowBlock",
    "Samples",
    "Scaler",
    "SeriesScaler",
    "Span",
    "Split",
    "Table",
    "Wanted",
    "add_calendar",
    "build_panel",
    "build_tensors",
    "check_calendar",
    "check_logarithms",
    "check_numbers",
    "check_static",
    "check_texts",
    "coarse_columns",
    "expand",
    "fit_scaler",
    "fit_vocabularies",
    "folders_left_out",
    "frequency_of",
    "in_float64",
    "join_panels",
    "look_at",
    "measured_columns",
    "number_of_series",
    "number_texts",
    "number_words",
    "parse_table",
    "place_in_zone",
    "put_classes",
    "read_frame",
    "read_table",
    "regularise",
    "scaler_from_plain",
    "split_panel",
    "stream_blocks",
    "unseen_ahead",
    "unseen_texts",
    "vocabulary_notes",
    "whole_span",
    "with_words",
]
