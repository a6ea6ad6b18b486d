"""``grucli inspect-weights``."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from grucli.cli.kit.weight_options import (
    All,
    Exact,
    History,
    Layout,
    Matrix,
    Names,
    Other,
    Output,
    Sort,
    Unit,
)
from grucli.errors import UsageError

_HISTORY = "--history, which shows the record of one run"
_COMPARISON = "a second checkpoint to compare with"
_MATRIX = "--matrix, which shows one matrix"
_UNIT = "--unit, which shows one unit"
_REPORT = "the report of all matrices; --output writes one, named with --matrix"

_FITTING = {
    _HISTORY: {"--plot"},
    _COMPARISON: {"OTHER", "--layer", "--gate", "--sort", "--layout", "--fail-if", "--plot"},
    _MATRIX: {"--matrix", "--output", "--layout", "--plot"},
    _UNIT: {"--unit", "--layer", "--layout"},
    _REPORT: {"--layer", "--gate", "--sort", "--layout", "--all", "--exact", "--fail-if", "--plot"},
}
"""What is shown, and the options that do something to it."""


@dataclass(frozen=True)
class _Asked:
    """The command line, as far as more than one function needs it."""

    checkpoint: str
    layers: Sequence[str]
    gates: Sequence[str]
    sort: str | None
    names: str
    layout: str | None
    plot: Path | None
    json: bool

    @property
    def wanted(self) -> Any:
        """Which matrices, in which order."""
        from grucli.runs.arranging import Wanted

        return Wanted(self.layers, self.gates, self.sort)


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

    --fail-if looks at every matrix, shown or not: "nan>0", "W_hz.norm>9",
    "*.hh.spectral_radius>1.5"; with OTHER at what differs:
    "*.relative_change>0.5", "differences.recipe>0". Names are those of --json.

    Example: grucli inspect-weights runs/co2/best.pt --gate update --sort spectral_radius
    """
    # A report of small matrices is slower, not faster, with several threads that wait by spinning.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    given: dict[str, object] = {"OTHER": other, "--matrix": matrix, "--output": output}
    given |= {"--layer": layer, "--gate": gate, "--sort": sort}
    given |= {"--layout": layout, "--all": all_, "--exact": exact, "--fail-if": fail_if}
    given |= {"--unit": unit is not None, "--plot": plot}
    one = _MATRIX if matrix else _UNIT if unit is not None else _REPORT
    shown = _HISTORY if history else _COMPARISON if other else one
    _check_fit(shown, [option for option, value in given.items() if value])
    check_plot(plot)
    _check_outputs({"--output": output, "--plot": plot}, checkpoint, other)
    asked = _Asked(checkpoint, layer, gate, sort, names, layout, plot, json)
    if history:
        _show_history(asked)
    elif other is not None:
        _compare(asked, other, fail_if)
    elif matrix is not None:
        _show_matrix(asked, matrix, output)
    elif unit is not None:
        _show_unit(asked, unit)
    else:
        _show_report(asked, exact, fail_if, is_full=all_ or exact or sort is not None)


def _check_fit(shown: str, given: Sequence[str]) -> None:
    """Refuse options that would do nothing."""
    idle = [option for option in given if option not in _FITTING[shown]]
    if idle:
        raise UsageError(f"{', '.join(idle)}: does nothing beside {shown}; leave one of them out")


def _check_outputs(outputs: dict[str, str | Path | None], *checkpoints: str | None) -> None:
    """Refuse to write over what is read."""
    if any(outputs.values()):
        from grucli.runs import outputs as written

        written.check_outputs(outputs, *checkpoints)


def _show(asked: _Asked, value: Any, render: Callable[..., Any]) -> None:
    """Put a report on standard output: as JSON, or drawn by ``render`` with the names asked for."""
    from grucli.cli.kit.console import show

    show(value, json=asked.json, render=lambda width: render(value, width, naming=asked.names))


def _show_report(asked: _Asked, exact: bool, fail_if: list[str], *, is_full: bool) -> None:
    from grucli.cli.kit.checks import check
    from grucli.cli.views.weights import render_weight_report
    from grucli.cli.views.weights_summary import render_weight_summary
    from grucli.runs import arranging, inspection

    def pictures() -> Any:
        values = inspection.picture(asked.checkpoint, layout=asked.layout)
        return arranging.arrange_pictures(values, asked.wanted)

    def drawing() -> Any:
        from grucli.figures.matrices import draw_weights

        return draw_weights(pictures())

    report = inspection.inspect_weights(asked.checkpoint, exact=exact, layout=asked.layout)
    shown = arranging.arrange_report(report, asked.wanted)
    write_plot(asked.plot, drawing)
    full = partial(render_weight_report, sort=asked.sort)
    _show(asked, shown, full if is_full else partial(render_weight_summary, pictures=pictures))
    check(fail_if, *inspection.numbers(report))
    inspection.check_finite(report)


def _show_matrix(asked: _Asked, name: str, output: str | None) -> None:
    from grucli.cli.kit.console import write_result
    from grucli.cli.views.matrix import render_matrix
    from grucli.runs import inspection

    def drawing() -> Any:
        from grucli.figures.matrices import draw_matrix

        return draw_matrix(picked)

    picked = inspection.pick_matrix(asked.checkpoint, name, layout=asked.layout)
    write_plot(asked.plot, drawing)
    if output not in (None, "-"):
        inspection.write_matrix(picked, Path(output))
    if asked.json or output is None:
        _show(asked, picked, render_matrix)
    elif output == "-":
        write_result(inspection.matrix_csv(picked))


def _show_unit(asked: _Asked, unit: int) -> None:
    from grucli.cli.views.unit import render_unit
    from grucli.runs.units import inspect_unit

    if len(asked.layers) > 1:
        raise UsageError(f"--layer {' '.join(asked.layers)}: --unit is one of one layer; name one")
    layer = asked.layers[0] if asked.layers else None
    report = inspect_unit(asked.checkpoint, unit, layer=layer, layout=asked.layout)
    _show(asked, report, render_unit)


def _show_history(asked: _Asked) -> None:
    from grucli.cli.views.history import render_weight_history
    from grucli.runs import inspection

    def drawing() -> Any:
        from grucli.figures.series import draw_history

        return draw_history(history)

    history = inspection.history(asked.checkpoint)
    write_plot(asked.plot, drawing)
    _show(asked, history, render_weight_history)


def _compare(asked: _Asked, other: str, fail_if: list[str]) -> None:
    from grucli.cli.kit.checks import check
    from grucli.cli.views.comparison import render_weight_comparison
    from grucli.runs import arranging, inspection

    def drawing() -> Any:
        from grucli.figures.matrices import draw_change

        pictures = inspection.picture_change(asked.checkpoint, other, layout=asked.layout)
        return draw_change(arranging.arrange_pictures(pictures, asked.wanted))

    comparison = inspection.compare(asked.checkpoint, other, layout=asked.layout)
    shown = arranging.arrange_comparison(comparison, asked.wanted)
    write_plot(asked.plot, drawing)
    _show(asked, shown, render_weight_comparison)
    check(fail_if, *inspection.numbers(comparison))
    inspection.check_finite_change(comparison)
