"""Every gate's matrices as small pictures side by side, with their singular values below."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, zip_longest

from rich.text import Text

from grucli.cli.kit.charts import sparkline
from grucli.cli.kit.gates import gate_style
from grucli.cli.kit.heat import Brush, largest, means
from grucli.cli.kit.numbers import digits
from grucli.cli.kit.page import GAP, MARGIN, Page
from grucli.results import MatrixFrames, WeightPictures

WIDE = 120
"""Columns from which on there is room for pictures."""

_LINES = 16
_MOST_COLUMNS = 2 * _LINES
_MOST_INPUTS = 6

Grid = list[list[float]]
Panel = list[Text]


def draw_maps(page: Page, pictures: WeightPictures) -> Iterator[Text]:
    """A row of panels for each layer and direction: W_x left of W_h, a row of pixels a unit.

    Colours of all gates have one scale for W_x and one for W_h.
    """
    spectra = {(s.module, s.name): s.values.get("now", ()) for s in pictures.spectra}
    for _, group in groupby(pictures.matrices, key=lambda m: (m.module, m.layer, m.direction)):
        yield Text("")
        yield from _row(page, list(group), spectra)


def _row(
    page: Page,
    matrices: Sequence[MatrixFrames],
    spectra: Mapping[tuple[str, str], Sequence[float]],
) -> Iterator[Text]:
    """One layer in one direction."""
    gates = list(dict.fromkeys(item.gate for item in matrices))
    room = (page.width - MARGIN + GAP) // len(gates) - GAP - _MOST_INPUTS - 1
    most = {"ih": _MOST_INPUTS, "hh": min(room, _MOST_COLUMNS)}
    lines = Brush.on(page, top=0).rows * _LINES
    cells = {m.name: means(_grid(m), rows=lines, columns=most[m.part]) for m in matrices}
    together: dict[str, Grid] = {}
    for item in matrices:
        together.setdefault(item.part, []).extend(cells[item.name])
    brushes = {part: Brush.on(page, top=largest(every)) for part, every in together.items()}
    panels = []
    for gate in gates:
        own = [item for item in matrices if item.gate == gate]
        pictures = [list(brushes[item.part].lines(cells[item.name])) for item in own]
        panels.append(_panel(own, pictures, spectra))
    yield from _beside(panels)
    signs = "; blue negative, red positive" if page.colour and not page.ascii_only else ""
    words = f"W_x left, W_h right; rows: units, columns: what they read{signs}; below: singular"
    yield page.line(f"  {words} values of W_h", style="dim")


def _panel(
    own: Sequence[MatrixFrames],
    pictures: Sequence[Sequence[Text]],
    spectra: Mapping[tuple[str, str], Sequence[float]],
) -> Panel:
    names = " ".join(item.symbol for item in own)
    style = gate_style(own[0].cell, own[0].gate)
    lines = [Text(f"{names} {own[0].gate}", style=style)]
    for parts in zip_longest(*pictures, fillvalue=Text("")):
        lines.append(Text(" ").join(parts))
    states = next((item for item in own if item.part == "hh"), own[-1])
    values = spectra.get((states.module, states.name), ())
    if values:
        ends = f" {digits(values[0], 3)} to {digits(values[-1], 3)}"
        width = max(max(line.cell_len for line in lines) - len(ends), 1)
        lines.append(Text(sparkline(values, width) + ends))
    return lines


def _beside(panels: Sequence[Panel]) -> Iterator[Text]:
    widths = [max(line.cell_len for line in panel) for panel in panels]
    for parts in zip_longest(*panels, fillvalue=Text("")):
        line = Text(" " * MARGIN)
        for part, width in zip(parts, widths, strict=True):
            line.append_text(part).append(" " * (width - part.cell_len + GAP))
        line.rstrip()
        yield line


def _grid(item: MatrixFrames) -> Grid:
    rows, columns = item.grid
    flat = item.frames[0]
    return [list(flat[row * columns : (row + 1) * columns]) for row in range(rows)]
