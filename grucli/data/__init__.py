"""From a table to tensors: reading, checking, splitting, scaling, windows. No models."""

from grucli.data.frequency import Frequency
from grucli.data.panel import Panel, build_panel
from grucli.data.readers.stream import stream_rows
from grucli.data.readers.table import parse_table, read_table
from grucli.data.scaling import Scaler, fit_scaler
from grucli.data.split import Span, Split, split_panel
from grucli.data.values import Row, Table
from grucli.data.windows import Batch, Windows, build_windows, latest_context

__all__ = [
    "Batch",
    "Frequency",
    "Panel",
    "Row",
    "Scaler",
    "Span",
    "Split",
    "Table",
    "Windows",
    "build_panel",
    "build_windows",
    "fit_scaler",
    "latest_context",
    "parse_table",
    "read_table",
    "split_panel",
    "stream_rows",
]
