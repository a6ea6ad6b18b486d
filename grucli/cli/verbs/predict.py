"""``grucli predict``."""

import csv
import io
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from grucli.cli.kit.options import (
    Checkpoint,
    Data,
    Json,
    Levels,
    NoColor,
    Plot,
    Quiet,
    Threads,
    Verbose,
)
from grucli.errors import UsageError

_Output = Annotated[
    str, typer.Option("-o", "--output", metavar="OUT|-", help="Where to write the forecast.")
]
_Horizon = Annotated[
    int | None, typer.Option(min=1, help="Steps to forecast; default: as trained.")
]
_Future = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Table of the columns known in advance (data.future)."),
]
_FutureTemplate = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write that table with empty values, and no forecast."),
]
_Stream = Annotated[
    bool, typer.Option("--stream", help="Answer every row on stdin at once, state carried on.")
]


Output = Annotated[
    str, typer.Option("-o", "--output", metavar="OUT|-", help="Where to write the forecast.")
]
Horizon = Annotated[int | None, typer.Option(min=1, help="Steps to forecast; default: as trained.")]
Future = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Table of the columns known in advance (data.future)."),
]
FutureTemplate = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write that table with empty values, and no forecast."),
]
Streamed = Annotated[
    bool, typer.Option("--stream", help="Answer every row on stdin at once, state carried on.")
]


def predict(
    checkpoint: Checkpoint,
    data: Data = None,
    output: Output = "-",
    horizon: Horizon = None,
    level: Levels = [],  # noqa: B006
    future: Future = None,
    future_template: FutureTemplate = None,
    stream: Streamed = False,
    plot: Plot = None,
    json: Json = False,
    threads: Threads = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Forecast beyond the end of a table, in its own units and time stamps, as CSV.

    --level 80 adds y-lo-80 and y-hi-80, between which 80 per cent of the values to come should
    lie, as the errors on the validation span were. A classifier gives the label of every series
    and the probability of each class, a regressor the number of every series.

    Example: grucli predict runs/co2/best.pt new.csv -o forecast.csv
    """
    from grucli.cli.kit.plots import check_plot
    from grucli.runs import device, outputs
    from grucli.runs.predicting import Predictor

    if stream:
        is_alone = (plot, future, future_template, level) == (None, None, None, [])
        _stream(checkpoint, data, output, threads, is_alone=is_alone)
        return
    check_plot(plot)
    written = {"--output": output, "--plot": plot, "--future-template": future_template}
    outputs.check_table_outputs(written, checkpoint, data, future=future)
    device.set_threads(threads)
    if future_template is not None:
        is_alone = (future, output, plot, json) == (None, "-", None, False)
        _write_template(checkpoint, data, future_template, horizon=horizon, is_alone=is_alone)
        return
    prediction, examples = Predictor(checkpoint).predict_with_context(
        data, horizon=horizon, future=future, levels=level
    )
    _draw(examples, plot)
    _write(prediction, output, json=json)


def _write_template(
    checkpoint: str, data: str | None, path: Path, *, horizon: int | None, is_alone: bool
) -> None:
    """Write the table of the future that is to be filled in."""
    from grucli.files import write_atomically
    from grucli.runs.predicting import Predictor

    if not is_alone:
        raise UsageError(
            f"--future-template {path}: writes the table to fill in and no forecast; leave out "
            "--future, -o, --plot and --json"
        )
    content = Predictor(checkpoint).future_template(data, horizon=horizon, path=str(path))
    write_atomically(path, content)


def _write(prediction: Any, output: str, *, json: bool) -> None:
    """Tell what was left out, then write rows or one document."""
    from grucli.cli.kit.console import tell_notes, write_result
    from grucli.cli.views.prediction import write_prediction_csv
    from grucli.files import write_atomically
    from grucli.results import to_json

    if json:
        text = to_json(prediction) + "\n"
    else:
        buffer = io.StringIO()
        write_prediction_csv(prediction, buffer)
        text = buffer.getvalue()
    tell_notes(prediction.notes)
    if output == "-":
        write_result(text)
    else:
        write_atomically(Path(output), text.encode())


def _draw(examples: Any, plot: Path | None) -> None:
    """Draw the newest contexts and what follows them, where a picture is asked for."""
    from grucli.cli.kit.plots import write_plot

    def drawing() -> Any:
        from grucli.figures.series import draw_forecasts

        return draw_forecasts(examples, title="Forecast beyond the end of the table")

    if plot is not None and not examples:
        raise UsageError(
            f"--plot {plot}: only forecasts are drawn; `grucli eval --plot` draws how good"
        )
    write_plot(plot, drawing)


def _stream(
    checkpoint: str, data: str | None, output: str, threads: int | None, *, is_alone: bool
) -> None:
    """Read rows from standard input and write one line of forecasts for each, at once."""
    from grucli.cli.kit.console import write_result
    from grucli.runs import device, streaming

    if data not in (None, "-") or output != "-" or not is_alone or sys.stdin is None:
        raise UsageError(
            "--stream: goes from standard input to standard output; leave out DATA, -o, --plot and "
            "--future"
        )
    device.set_threads(threads or 1)
    answering = streaming.Stream(checkpoint)
    header = io.StringIO()
    csv.writer(header, lineterminator="\n").writerow(answering.header)
    write_result(header.getvalue())
    sys.stdout.flush()
    for answer in answering.answers(sys.stdin.buffer, "-"):
        write_result(",".join((answer.time, *map(repr, answer.values))) + "\n")
        sys.stdout.flush()
