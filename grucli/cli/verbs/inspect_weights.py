"""``grucli inspect-weights``."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from grucli.cli.kit.options import (
    Checkpoint,
    FailIf,
    Gates,
    Json,
    Layers,
    NoColor,
    Plot,
    Quiet,
    Verbose,
)
from grucli.cli.kit.plots import check_plot, write_plot
from grucli.cli.kit.weight_asked import COMPARISON, HISTORY, MATRIX, REPORT, UNIT, Asked
from grucli.cli.kit.weight_options import (
    All,
    Exact,
    History,
    Layout,
    Matrix,
    Member,
    Names,
    Other,
    Output,
    Sort,
    Unit,
)


def inspect_weights(
    checkpoint: Checkpoint,
    other: Other = None,
    layer: Layers = [],  # noqa: B006
    gate: Gates = [],  # noqa: B006
    sort: Sort = None,
    names: Names = "symbols",
    matrix: Matrix = None,
    output: Output = None,
    unit: Unit = None,
    history: History = False,
    layout: Layout = None,
    member: Member = None,
    all_: All = False,
    exact: Exact = False,
    fail_if: FailIf = [],  # noqa: B006
    plot: Plot = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Show every matrix by layer and gate: its size, spread, spectrum and memory.

    Also reads state dictionaries of torch GRU, LSTM and RNN modules,
    safetensors, and the GRU, LSTM and RNN nodes of ONNX; with --layout cells of
    Haste, Keras, Flax, the Dreamers and others, or which layer normalisation it
    is and its eps: sum_joint,eps=1e-5. --layer and --gate can be given several
    times.

    --fail-if looks at every matrix, shown or not: "nan>0", "W_hz.frobenius_norm>9",
    "*.hh.spectral_radius>1.5"; with OTHER at what differs:
    "*.relative_change>0.5", "differences.recipe>0". Names are those of --json.

    Example: grucli inspect-weights runs/co2/best.pt --gate update --sort spectral_radius
    """
    # A report of small matrices is slower, not faster, with several threads that wait by spinning.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    looks = (checkpoint, other, layer, gate, sort, names, matrix, output, unit, history)
    which: dict[str, Any] = {"layout": layout, "member": member}
    asked = Asked(*looks, **which, all=all_, exact=exact, fail_if=fail_if, plot=plot, json=json)
    asked.check_fit()
    check_plot(plot)
    _check_outputs({"--output": output, "--plot": plot}, checkpoint, other)
    _SHOWING[asked.shown](asked)


def _check_outputs(outputs: dict[str, str | Path | None], *checkpoints: str | None) -> None:
    """Refuse to write over what is read."""
    if any(outputs.values()):
        from grucli.runs import outputs as written

        written.check_outputs(outputs, *checkpoints)


def _show(asked: Asked, value: Any, render: Callable[..., Any]) -> None:
    """Put a report on standard output: as JSON, or drawn by ``render`` with the names asked for."""
    from grucli.cli.kit.console import show

    show(value, json=asked.json, render=lambda width: render(value, width, naming=asked.names))


def _show_report(asked: Asked) -> None:
    from grucli.cli.kit.checks import check
    from grucli.cli.views.weights import render_weight_report
    from grucli.cli.views.weights_summary import render_weight_summary
    from grucli.runs import arranging, inspection

    def pictures() -> Any:
        values = inspection.picture(asked.checkpoint, **asked.which)
        return arranging.arrange_pictures(values, asked.wanted)

    def drawing() -> Any:
        from grucli.figures.matrices import draw_weights

        return draw_weights(pictures())

    report = inspection.inspect_weights(asked.checkpoint, exact=asked.exact, **asked.which)
    shown = arranging.arrange_report(report, asked.wanted)
    write_plot(asked.plot, drawing)
    render: Callable[..., Any] = partial(render_weight_summary, pictures=pictures)
    if asked.all or asked.exact or asked.sort is not None:
        render = partial(render_weight_report, sort=asked.wanted.sort)
    _show(asked, shown, render)
    check(asked.fail_if, *inspection.numbers(report))
    inspection.check_finite(report)


def _show_matrix(asked: Asked) -> None:
    from grucli.cli.kit.console import write_result
    from grucli.cli.views.matrix import render_matrix
    from grucli.runs import inspection

    def drawing() -> Any:
        from grucli.figures.matrices import draw_matrix

        return draw_matrix(picked)

    assert asked.matrix is not None
    picked = inspection.pick_matrix(asked.checkpoint, asked.matrix, **asked.which)
    write_plot(asked.plot, drawing)
    if asked.output not in (None, "-"):
        inspection.write_matrix(picked, Path(asked.output))
    if asked.json or asked.output is None:
        _show(asked, picked, render_matrix)
    elif asked.output == "-":
        write_result(inspection.matrix_csv(picked))


def _show_unit(asked: Asked) -> None:
    from grucli.cli.verbs.unit_page import show_unit

    assert asked.unit is not None
    show_unit(asked.checkpoint, asked.unit, asked.layers, json=asked.json, **asked.which)


def _show_history(asked: Asked) -> None:
    from grucli.cli.views.history import render_weight_history
    from grucli.runs import inspection

    def drawing() -> Any:
        from grucli.figures.series import draw_history

        return draw_history(history)

    history = inspection.history(asked.checkpoint, member=asked.member)
    write_plot(asked.plot, drawing)
    _show(asked, history, render_weight_history)


def _compare(asked: Asked) -> None:
    from grucli.cli.kit.checks import check
    from grucli.cli.views.comparison import render_weight_comparison
    from grucli.runs import arranging, inspection

    assert asked.other is not None
    other = asked.other

    def drawing() -> Any:
        from grucli.figures.matrices import draw_change

        pictures = inspection.picture_change(asked.checkpoint, other, **asked.which)
        return draw_change(arranging.arrange_pictures(pictures, asked.wanted))

    comparison = inspection.compare(asked.checkpoint, other, **asked.which)
    shown = arranging.arrange_comparison(comparison, asked.wanted)
    write_plot(asked.plot, drawing)
    _show(asked, shown, render_weight_comparison)
    check(asked.fail_if, *inspection.numbers(comparison))
    inspection.check_finite_change(comparison)


_SHOWING = {
    HISTORY: _show_history,
    COMPARISON: _compare,
    MATRIX: _show_matrix,
    UNIT: _show_unit,
    REPORT: _show_report,
}
