"""Matrices and their singular values as pictures need them: small enough to draw."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.cells.address import MatrixAddress
from grucli.results import (
    MatrixFrames,
    MatrixSpectrum,
    Snapshot,
    WeightPictures,
)
from grucli.weights.lines import snapshot_values
from grucli.weights.stacks import WeightFile
from grucli.weights.statistics.estimates import fast_singular_values

MOST_CELLS = 256

Address = tuple[str, str]
Pairs = Mapping[Address, tuple[MatrixAddress, NDArray[Any]]]


def picture_weights(files: Sequence[WeightFile], moments: Sequence[str]) -> WeightPictures:
    """Every matrix that all ``files`` have in the same shape; ``moments`` names the files.

    The title says which file is which, by as much of its path as tells it from the others.
    Matrices with more than 256 rows or columns are kept as the means of blocks.
    """
    found = [matrices_by_address(file) for file in files]
    shared = [
        key
        for key, (_, values) in found[0].items()
        if all(key in other and other[key][1].shape == values.shape for other in found)
    ]
    return WeightPictures(
        title=" and ".join(_titles([Path(file.path) for file in files], moments)),
        moments=tuple(moments),
        matrices=tuple(_frames(key, [pairs[key] for pairs in found]) for key in shared),
        spectra=tuple(
            spectrum_of(key, dict(zip(moments, (pairs[key] for pairs in found), strict=True)))
            for key in shared
        ),
    )


def _titles(paths: Sequence[Path], moments: Sequence[str]) -> list[str]:
    longest = max(len(path.parts) for path in paths)
    cuts = [["/".join(path.parts[-n:]) for path in paths] for n in range(2, max(longest, 2) + 1)]
    names = next((cut for cut in cuts if len(set(cut)) == len(paths)), cuts[0])
    if len(paths) == 1:
        return names
    return [f"{moment} {name}" for moment, name in zip(moments, names, strict=True)]


def matrices_by_address(file: WeightFile) -> Pairs:
    """Every matrix, no vectors, by the stack's prefix (empty for a single stack) and its name."""
    single = len(file.modules) == 1
    return {
        ("" if single else module.prefix, name.long): (name, values)
        for module in file.modules
        for name, values in module.matrices()
        if values.ndim == 2
    }


def spectrum_of(
    key: Address, moments: Mapping[str, tuple[MatrixAddress, NDArray[Any]]]
) -> MatrixSpectrum:
    """The singular values of one matrix at each moment."""
    values = {
        moment: tuple(fast_singular_values(matrix.astype(np.float64)).tolist())
        for moment, (_, matrix) in moments.items()
        if np.isfinite(matrix).all()
    }
    name = next(iter(moments.values()))[0]
    return MatrixSpectrum(**name.labels, module=key[0], values=values)


def film_frames(snapshots: Sequence[Snapshot], file: WeightFile) -> tuple[MatrixFrames, ...]:
    """The matrices of a run's snapshots, one frame for each of them."""
    names = {key[1]: name for key, (name, _) in matrices_by_address(file).items()}
    frames = []
    for index, kept in enumerate(snapshots[0].matrices):
        name = names[kept.name]
        flat = (snapshot_values(shot.matrices[index]).ravel() for shot in snapshots)
        frames.append(
            MatrixFrames(
                **name.labels,
                shape=kept.shape,
                grid=kept.grid,
                frames=tuple(tuple(values.tolist()) for values in flat),
            )
        )
    return tuple(frames)


def spectra_of_run(file: WeightFile, first: Snapshot | None) -> tuple[MatrixSpectrum, ...]:
    """Singular values of every matrix now and, where the first snapshot holds it whole, at first.

    A snapshot has three significant digits (float16).
    """
    start = {kept.name: kept for kept in first.matrices} if first is not None else {}
    spectra = []
    for key, (name, values) in matrices_by_address(file).items():
        moments = {}
        kept = start.get(name.long)
        if kept is not None and kept.grid == kept.shape:
            moments["at initialisation"] = (name, snapshot_values(kept))
        spectra.append(spectrum_of(key, moments | {"now": (name, values)}))
    return tuple(spectra)


def _frames(key: Address, pairs: Sequence[tuple[MatrixAddress, NDArray[Any]]]) -> MatrixFrames:
    name, first = pairs[0]
    grids = [block_means(values.astype(np.float64)) for _, values in pairs]
    rows, columns = grids[0].shape
    return MatrixFrames(
        **name.labels,
        module=key[0],
        shape=(first.shape[0], first.shape[1]),
        grid=(rows, columns),
        frames=tuple(tuple(grid.ravel().tolist()) for grid in grids),
    )


def block_means(values: NDArray[np.float64], most: int = MOST_CELLS) -> NDArray[np.float64]:
    """A matrix [H, C] as at most ``most`` by ``most`` means of neighbouring entries."""
    for axis, size in enumerate(values.shape):
        if size > most:
            edges = np.arange(most) * size // most
            counts = np.diff(np.append(edges, size))
            sums = np.add.reduceat(values, edges, axis=axis)
            values = sums / np.expand_dims(counts, 1 - axis)
    return values
