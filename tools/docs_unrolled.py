"""The unrolled cell as SVG: three weeks of one unit, with the numbers of a traced run."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

STEPS, STEP_WIDTH, LEFT, TOP, BOX, HEIGHT = 3, 250, 120, 60, 190, 400
WIDTH = LEFT + STEPS * STEP_WIDTH + 110
INK, QUIET, BACK = "#1f2933", "#5a646e", "#c2540a"
GATES = {"r": ("reset", "#0b6aa8"), "z": ("update", "#c2540a"), "n": ("candidate", "#00795a")}

Row = Mapping[str, str]


def unrolled(rows: Sequence[Row]) -> str:
    """Draw the rows of ``grucli trace -o FILE.csv`` of layer 0: its last weeks, and the unit that
    moves most in them.
    """
    first = [row for row in rows if row["layer"] == "0" and row["direction"] == "forward"]
    times = sorted({row["time"] for row in first})[-STEPS - 1 :]
    of_unit: dict[str, dict[str, Row]] = {}
    for row in first:
        if row["time"] in times:
            of_unit.setdefault(row["unit"], {})[row["time"]] = row
    unit = max(of_unit, key=lambda name: _moved([of_unit[name][time] for time in times]))
    steps = [of_unit[unit][time] for time in times]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="DejaVu Sans, Arial, sans-serif" '
        f'font-size="13" fill="{INK}">'
    )
    return "\n".join([head, _arrowheads(), *_lines(unit, steps), "</svg>", ""])


def _moved(steps: Sequence[Row]) -> float:
    return abs(float(steps[-1]["h"]) - float(steps[0]["h"]))


def _arrowheads() -> str:
    def head(name: str, colour: str) -> str:
        return (
            f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
            f'markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z" fill="{colour}"/></marker>'
        )

    return f"<defs>{head('on', INK)}{head('back', BACK)}</defs>"


def _lines(unit: str, steps: Sequence[Row]) -> Iterator[str]:
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    yield _text(20, 28, f"One unit, h{unit}, in the last {STEPS} weeks of a context", weight="bold")
    state = TOP + 40
    for at, (before, now) in enumerate(pairwise(steps)):
        x = LEFT + at * STEP_WIDTH
        yield _arrow(x - 60, state, x - 2, state)
        yield _text(x - 62, state - 8, f"h {_short(before['h'])}")
        yield _box(x, now, float(before["h"]))
        yield _arrow(x + BOX / 2, TOP + 262, x + BOX / 2, TOP + 212)
        yield _text(x + BOX / 2 + 8, TOP + 240, "x, and h of all units")
        yield _text(x + BOX / 2, TOP + 280, now["time"], anchor="middle", colour=QUIET)
    end = LEFT + STEPS * STEP_WIDTH - 60
    yield _arrow(end, state, end + 58, state)
    yield _text(end - 2, state - 8, f"h {_short(steps[-1]['h'])}")
    yield _text(end + 64, state + 4, "decoder,")
    yield _text(end + 64, state + 22, "forecasts,")
    yield _text(end + 64, state + 40, "loss")
    low = HEIGHT - 32
    yield _arrow(end + 90, low, LEFT - 60, low, colour=BACK, marker="back", dash="5 4")
    words = "backpropagation through time: the same way back, each week adds to the gradients of "
    yield _text(LEFT, low + 20, words + "the same six matrices", colour=BACK)


def _box(x: float, now: Row, before: float) -> str:
    parts = [
        f'<rect x="{x}" y="{TOP}" width="{BOX}" height="210" rx="10" fill="#f4f6f8" '
        f'stroke="{QUIET}"/>'
    ]
    for line, (letter, (name, colour)) in enumerate(GATES.items()):
        y, value = TOP + 30 + 34 * line, float(now[letter])
        parts.append(_text(x + 12, y, f"{letter} {name}", colour=colour, weight="bold"))
        parts.append(_text(x + BOX - 12, y, _short(now[letter]), anchor="end"))
        length = (BOX - 24) * abs(value)
        parts.append(
            f'<rect x="{x + 12}" y="{y + 6}" width="{BOX - 24}" height="5" fill="#dde2e7"/>'
            f'<rect x="{x + 12}" y="{y + 6}" width="{length:.1f}" height="5" fill="{colour}"/>'
        )
    z, n, h = float(now["z"]), float(now["n"]), float(now["h"])
    parts.append(_text(x + 12, TOP + 142, "h' = z h + (1 - z) n"))
    parts.append(_text(x + 12, TOP + 164, f"   = {z:.2f} ({before:.3f})", size=12))
    parts.append(_text(x + 12, TOP + 182, f"     + {1 - z:.2f} ({n:.3f})", size=12))
    parts.append(_text(x + 12, TOP + 200, f"   = {h:.3f}", size=12))
    return "\n".join(parts)


def _short(value: str) -> str:
    return f"{float(value):.3f}"


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", colour: str = INK, **style: object
) -> str:
    weight, size = style.get("weight", "normal"), style.get("size", 13)
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="{colour}" font-size="{size}" '
        f'font-weight="{weight}" xml:space="preserve">{words}</text>'
    )


def _arrow(x1: float, y1: float, x2: float, y2: float, **style: str) -> str:
    colour, marker = style.get("colour", INK), style.get("marker", "on")
    dash = f' stroke-dasharray="{style["dash"]}"' if "dash" in style else ""
    return (
        f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{colour}" '
        f'stroke-width="1.6" marker-end="url(#{marker})"{dash}/>'
    )
