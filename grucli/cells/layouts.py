"""Layouts by their names: what a foreign file is said to hold, since shapes alone do not tell.

Where an update gate u brings the new in, h' = u * n + (1 - u) * h, ours is z = 1 - u. Its matrices
and bias change their sign, below a layer normalisation gain and bias, for s(-a) = 1 - s(a). The
Dreamers take a fixed 1 from that gate's argument, u = s(a - 1), so that z = s(1 - a): b_z is 1
minus their bias.
"""

from dataclasses import dataclass, replace

from grucli.cells import NORM_NAMES
from grucli.cells.published import PUBLISHED, Published

PLAIN = "torch"
"""Torch's names and nothing normalised: what lies beside them does not belong there."""


@dataclass(frozen=True)
class Layout:
    """``rows`` are the published cells of this name.

    Without rows the parameters have our own names, and ``norm`` is their layer normalisation.
    ``eps`` is None where none was named.
    """

    name: str
    rows: tuple[Published, ...] = ()
    norm: str = ""
    eps: float | None = None


LAYOUT_NAMES: tuple[str, ...] = (
    *dict.fromkeys(row.layout for row in PUBLISHED),
    PLAIN,
    *(name for name in NORM_NAMES if name != "none"),
)


def parse_layout(text: str) -> Layout:
    """Such as ``haste``, ``sum_joint`` or ``sum_joint,eps=1e-5``.

    Raises ValueError for a name that is none, or an eps that is no number in (0, 1].
    """
    name, comma, rest = text.partition(",")
    if name not in LAYOUT_NAMES:
        raise ValueError(f"{text!r} is no layout; expected one of {', '.join(LAYOUT_NAMES)}")
    eps = _eps(text, rest) if comma else None
    rows = tuple(row for row in PUBLISHED if row.layout == name)
    if rows:
        return Layout(name, tuple(replace(row, eps=eps or row.eps) for row in rows), eps=eps)
    return Layout(name, norm="none" if name == PLAIN else name, eps=eps)


def _eps(text: str, word: str) -> float:
    key, _, value = word.partition("=")
    try:
        eps = float(value)
    except ValueError:
        eps = 0.0
    if key != "eps" or not 0 < eps <= 1:
        raise ValueError(f"{text!r}: expected eps=NUMBER, up to 1, after the comma")
    return eps
