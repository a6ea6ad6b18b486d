"""Figures of matrices: heat maps by gate, singular values, and two files beside each other."""

import math
from collections.abc import Sequence
from typing import Any

from grucli.figures.canvas import COLOURS, DIVERGING, QUIET, Drawing, plain, whole_ticks
from grucli.results import MatrixFrames, MatrixSpectrum, MatrixValues, WeightPictures

Grid = list[list[float]]
_FEW_COLUMNS = 12


def draw_weights(pictures: WeightPictures) -> Drawing:
    """A row for each layer and part: a heat map for each gate, then their singular values."""
    groups: dict[tuple[str, int, str, str], list[int]] = {}
    for place, m in enumerate(pictures.matrices):
        groups.setdefault((m.module, m.layer, m.direction, m.part), []).append(place)
    gates = max(map(len, groups.values()))

    def draw(figure: Any) -> None:
        rows = figure.subplots(len(groups), gates + 1, squeeze=False)
        for row, places in zip(rows, groups.values(), strict=True):
            matrices = [pictures.matrices[place] for place in places]
            _heat_maps(figure, row[: len(places)], [(_title(m), _grid(m, 0)) for m in matrices])
            for axes, m in zip(row, matrices, strict=False):
                _axis_words(axes, m)
            for axes in row[len(places) : gates]:
                axes.set_axis_off()
            _spectra(row[-1], [pictures.spectra[place] for place in places])

    return Drawing(
        title=f"Weights of {pictures.title}",
        caption="Each matrix with one colour scale for the gates of a row, centred on zero, and "
        "their singular values. Matrices above 256 are means of blocks, in which single large "
        "entries fade. Below a layer normalisation the size of a matrix has no effect.",
        size=(2.9 * (gates + 1) + 0.6, 2.7 * len(groups) + 0.5),
        draw=draw,
    )


def draw_change(pictures: WeightPictures) -> Drawing:
    """A row for each matrix that two files share: A, B, the difference, the singular values."""
    before, after = pictures.moments

    def draw(figure: Any) -> None:
        rows = figure.subplots(len(pictures.matrices), 4, squeeze=False)
        for row, m, spectrum in zip(rows, pictures.matrices, pictures.spectra, strict=True):
            a, b = _grid(m, 0), _grid(m, 1)
            change = [
                [y - x for x, y in zip(one, other, strict=True)]
                for one, other in zip(a, b, strict=True)
            ]
            _heat_maps(figure, row[:2], [(f"{_title(m)}: {before}", a), (after, b)])
            _heat_maps(figure, row[2:3], [(f"{after} - {before}", change)])
            for axes in row[:3]:
                _axis_words(axes, m)
            _spectra(row[3], [spectrum])

    return Drawing(
        title=f"Weights of {pictures.title}, and their difference",
        caption=f"{before} and {after} share one colour scale; the difference has its own, so that "
        "a small change fills it as well: read its numbers.",
        size=(11.6, 2.6 * len(pictures.matrices) + 0.5),
        draw=draw,
    )


def draw_matrix(matrix: MatrixValues) -> Drawing:
    """One matrix as a heat map, with its columns named where they are few."""
    rows, columns = len(matrix.rows), len(matrix.columns)

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        values = [list(row) for row in matrix.values]
        _heat_maps(figure, [axes], [(f"{matrix.gate} · {rows} × {columns}", values)])
        axes.set_ylabel("unit")
        axes.set_xlabel("column")
        if columns <= _FEW_COLUMNS:
            names = [plain(name, 14) for name in matrix.columns]
            axes.set_xticks(range(columns), names, rotation=30 if columns > 3 else 0)

    return Drawing(
        title=f"{matrix.symbol} ({matrix.name})",
        caption="The entries of one matrix: a row for each unit of the gate, a column for each "
        "value it reads. Colour is centred on zero; one large entry makes all others pale.",
        size=(6.4, 5.6),
        draw=draw,
    )


def _title(matrix: MatrixFrames) -> str:
    reverse = ", reverse" if matrix.direction == "reverse" else ""
    return f"{plain(matrix.module, 12)}{matrix.symbol} {matrix.gate}, layer {matrix.layer}{reverse}"


def _axis_words(axes: Any, matrix: MatrixFrames) -> None:
    blocks = " (blocks)" if matrix.grid != matrix.shape else ""
    source = "input" if matrix.layer == 0 else "layer below"
    axes.set_xlabel((source if matrix.part == "ih" else "state before") + blocks)
    axes.set_ylabel("unit" + blocks)


def _grid(matrix: MatrixFrames, moment: int) -> Grid:
    flat, columns = matrix.frames[moment], matrix.grid[1]
    return [list(flat[start : start + columns]) for start in range(0, len(flat), columns)]


def _heat_maps(figure: Any, places: Sequence[Any], maps: Sequence[tuple[str, Grid]]) -> None:
    """Heat maps with one scale, centred on zero, and its bar; grey is not finite."""
    from matplotlib.colors import LinearSegmentedColormap

    finite = [abs(v) for _, grid in maps for row in grid for v in row if math.isfinite(v)]
    limit = max(finite, default=0.0) or 1.0
    blue_to_red = LinearSegmentedColormap.from_list("diverging", DIVERGING)
    colours = blue_to_red.with_extremes(bad="#808080")
    image = None
    for axes, (title, grid) in zip(places, maps, strict=True):
        aspect = "equal" if len(grid) == len(grid[0]) else "auto"
        image = axes.imshow(
            grid, cmap=colours, vmin=-limit, vmax=limit, aspect=aspect, interpolation="nearest"
        )
        axes.set_title(title, fontsize=9)
        axes.grid(visible=False)
        axes.set_xticks(whole_ticks(len(grid[0])))
        axes.set_yticks(whole_ticks(len(grid)))
    bar = figure.colorbar(image, ax=list(places), shrink=0.9, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=7)


def _spectra(axes: Any, spectra: Sequence[MatrixSpectrum]) -> None:
    styles = ("-",) if all(len(s.values) < 2 for s in spectra) else ("--", "-")
    for spectrum, colour in zip(spectra, COLOURS, strict=False):
        for (moment, values), style in zip(spectrum.values.items(), styles, strict=False):
            label = spectrum.symbol if len(styles) == 1 else moment
            ranks = range(1, len(values) + 1)
            marker = "." if len(values) < 3 else None
            axes.plot(ranks, values, style, color=colour, linewidth=1.3, label=label, marker=marker)
    axes.set_title("singular values", fontsize=9)
    axes.set_xlabel("rank")
    curves = [values for spectrum in spectra for values in spectrum.values.values()]
    if curves:
        axes.set_ylim(0, 1.08 * max(values[0] for values in curves) or 1)
        axes.set_xticks([1, *whole_ticks(len(curves[0]) + 1)[1:]])
        axes.set_xlim(0.5, len(curves[0]) + 0.5)
        axes.legend(loc="best")
    else:
        axes.text(0.5, 0.5, "not finite", color=QUIET, ha="center", transform=axes.transAxes)
