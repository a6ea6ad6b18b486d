"""Matrices as pictures: their values from one moment to the next, and how they stretch."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from grucli.results.matrices import MatrixResult

Numbers = tuple[float, ...]


@dataclass(frozen=True)
class MatrixFrames(MatrixResult):
    """One gate's matrix at one or more moments.

    ``shape`` is that of the matrix, ``grid`` (rows, columns) that of the values kept: the same, or
    the means of blocks where the matrix is larger. ``frames`` has one grid for each moment, flat,
    row by row. ``module`` is the prefix of the recurrent stack where a file has several.
    """

    shape: tuple[int, int]
    grid: tuple[int, int]
    frames: tuple[Numbers, ...]
    module: str = ""


@dataclass(frozen=True)
class MatrixSpectrum(MatrixResult):
    """The singular values of one matrix, largest first, at each moment where they are known.

    ``values`` maps the name of the moment to them; a matrix with entries that are not finite has
    none.
    """

    values: Mapping[str, Numbers]
    module: str = ""


@dataclass(frozen=True)
class WeightPictures:
    """Every matrix of one file, or the matrices that several files share, one moment a file."""

    title: str
    moments: tuple[str, ...]
    matrices: tuple[MatrixFrames, ...]
    spectra: tuple[MatrixSpectrum, ...]


@dataclass(frozen=True)
class ForecastExample:
    """One forecast beside what it was made from and what came, in original units.

    ``times`` has a text for each of the ``context`` rows and then for each row of the horizon.
    ``truth`` is None where a value was never measured, and empty beyond the end of the table.
    ``series`` names one of many, and is empty where the table is one series. ``bands`` has the ends
    of intervals by their level as it is written, lower and upper ones.
    """

    column: str
    time: str
    times: tuple[str, ...]
    context: Numbers
    truth: tuple[float | None, ...]
    forecast: Numbers
    series: str = ""
    bands: Mapping[str, tuple[Numbers, Numbers]] = field(default_factory=dict)
