"""Where figures are drawn and how they become a file. Needs matplotlib, which is optional."""

import io
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grucli.errors import GrucliError, UsageError, pip_install
from grucli.page.render import render_plot_page
from grucli.text import shorten

ENDINGS = (".png", ".svg", ".html")
DOTS_PER_INCH = 130
COLOURS = ("#0b6aa8", "#c2540a", "#00795a", "#a3478a", "#5a646e")
ACCENT, TRUTH, QUIET = COLOURS[0], COLOURS[1], COLOURS[4]
DIVERGING = ("#0b3c73", "#4c93c6", "#f5f5f3", "#dd7350", "#7d1128")
"""From negative to positive, zero in the middle: those of the page about a run."""

_STYLE: Any = {
    "svg.hashsalt": "grucli",
    "text.parse_math": False,
    "axes.formatter.use_mathtext": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "grid.color": "#d9dee3",
    "grid.linewidth": 0.6,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "font.family": "DejaVu Sans",
}


@dataclass(frozen=True)
class Drawing:
    """A figure to be drawn: its title, a sentence on what is seen, and what draws it.

    ``size`` is width and height in inches; ``draw`` fills an empty matplotlib figure.
    """

    title: str
    caption: str
    size: tuple[float, float]
    draw: Callable[[Any], None]


def check_plot(path: Path) -> None:
    """Raise UsageError for an ending that cannot be drawn, GrucliError without matplotlib."""
    if path.suffix.lower() not in ENDINGS:
        found = repr(path.suffix) if path.suffix else "no ending"
        raise UsageError(f"--plot {path}: {found}; expected {', '.join(ENDINGS[:2])} or .html")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise GrucliError(
            f"--plot {path}: matplotlib is not installed; expected it for figures; "
            f"run {pip_install('plot')}"
        ) from None


def render(drawing: Drawing, ending: str) -> bytes:
    """The figure as a .png, an .svg, or an .html page around the SVG, in letters of any case.

    SVG and HTML are the same bytes for the same drawing and release of matplotlib.
    """
    ending = ending.lower()
    if ending == ".html":
        svg = _drawn(drawing, "svg", title="")
        return render_plot_page(svg, title=drawing.title, caption=drawing.caption)
    return _drawn(drawing, ending.removeprefix("."), title=plain(drawing.title, 120))


def _drawn(drawing: Drawing, form: str, *, title: str) -> bytes:
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    buffer = io.BytesIO()
    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=drawing.size, layout="constrained")
        FigureCanvasAgg(figure)
        if title:
            figure.suptitle(title, fontsize=11, x=0.01, ha="left")
        drawing.draw(figure)
        stamp = {"Date": None, "Creator": None} if form == "svg" else {"Software": None}
        figure.savefig(buffer, format=form, dpi=DOTS_PER_INCH, metadata=stamp)
    return buffer.getvalue()


def plain(text: str, width: int = 60) -> str:
    """A foreign name as one line that a figure can show: nothing unprintable, not too long."""
    safe = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
    return shorten(safe, width)


def time_ticks(axes: Any, places: Sequence[float], times: Sequence[str], *, count: int = 4) -> None:
    """Label a few places of an axis with their times."""
    last = len(places) - 1
    picked = sorted({round(index * last / (count - 1)) for index in range(count)})
    axes.set_xticks([places[at] for at in picked], [plain(times[at], 20) for at in picked])


def logarithmic(axes: Any, values: Sequence[float]) -> None:
    """A logarithmic vertical axis for ``values``, its numbers plain text, not mathematics.

    Stays linear where no value is positive.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    positive = [value for value in values if value > 0 and math.isfinite(value)]
    if not positive:
        return
    is_wide = max(positive) > 200 * min(positive)
    axes.set_yscale("log", nonpositive="mask")
    axes.yaxis.set_major_locator(LogLocator(subs=(1,) if is_wide else (1, 2, 5), numticks=6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def step_ticks(axes: Any, last: int) -> None:
    """A logarithmic axis of steps that begins at 0, linear up to 1."""
    axes.set_xscale("symlog", linthresh=1)
    powers = [10**power for power in range(len(str(max(last, 1))))]
    axes.set_xticks([0, *powers], ["0", *map(str, powers)])
    axes.set_xticks([], minor=True)


def whole_ticks(size: int, most: int = 5) -> range:
    """At most about ``most`` whole places from 0 to below ``size``."""
    step = next(
        factor * 10**power for power in range(9) for factor in (1, 2, 5)
        if factor * 10**power * most >= size
    )  # fmt: skip
    return range(0, size, step)
