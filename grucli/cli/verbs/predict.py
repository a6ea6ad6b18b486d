"""``grucli predict``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from grucli.cli.kit.options import (
    Anomaly,
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
from grucli.cli.verbs.predict_files import predict_files
from grucli.cli.verbs.predict_stream import predict_stream
from grucli.errors import UsageError

_Output = Annotated[
    str,
    typer.Option(
        "-o", "--output", metavar="OUT|OUT/|-", help="File to write to, or folder for many files."
    ),
]
_Horizon = Annotated[
    int | None, typer.Option(min=1, help="Number of steps to forecast (default: as trained).")
]
_Future = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Read the columns known in advance (data.future) from FILE."),
]
_FutureTemplate = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write that table with empty values instead of a forecast."),
]
_Stream = Annotated[
    bool, typer.Option("--stream", help="Answer each row from stdin at once; keep the state.")
]
_Share = Annotated[
    str | None,
    typer.Option(metavar="I/N", help="Forecast part I of N of the files only (with -o OUT/)."),
]


def predict(
    checkpoint: Checkpoint,
    data: Data = None,
    output: _Output = "-",
    horizon: _Horizon = None,
    level: Levels = [],  # noqa: B006
    future: _Future = None,
    future_template: _FutureTemplate = None,
    anomaly: Anomaly = False,
    stream: _Stream = False,
    shard: _Share = None,
    plot: Plot = None,
    json: Json = False,
    threads: Threads = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Forecast beyond the end of a table, in its own units and time stamps, as CSV.

    --level 80 adds y-lo-80 and y-hi-80, between which 80 per cent of the values to come should
    lie. Other tasks label or number every series or row. -o OUT/ predicts each file of DATA by
    itself, on one thread, into OUT/NAME.csv; files that cannot be read are named and counted.
    --anomaly gives the error of each row, one step ahead, beside the usual on the validation span.

    Example: grucli predict runs/co2/best.pt new.csv -o forecast.csv
    """
    from grucli.runs.sharding import names_folder

    asked: dict[str, Any] = {"horizon": horizon, "levels": level, "future": future}
    if stream:
        is_alone = not any((level, horizon, plot, future, future_template, shard, anomaly, json))
        predict_stream(checkpoint, data, output, threads, is_alone=is_alone)
    elif shard is not None or names_folder(output):
        is_alone = (plot, future_template, anomaly) == (None, None, False)
        shown = {"json": json, "is_alone": is_alone}
        predict_files(checkpoint, data, output, shard, threads=threads or 1, **shown, **asked)
    elif anomaly:
        _refuse_others({horizon, future, future_template, plot} != {None} or level)
        _score_rows(checkpoint, data, output, threads=threads, json=json)
    elif future_template is not None:
        is_alone = (future, output, plot, json) == (None, "-", None, False)
        _write_template(checkpoint, data, future_template, horizon=horizon, is_alone=is_alone)
    else:
        _predict_table(checkpoint, data, output, plot, threads=threads, json=json, **asked)


def _predict_table(
    checkpoint: str,
    data: str | None,
    output: str,
    plot: Path | None,
    *,
    threads: int | None,
    json: bool,
    **asked: Any,
) -> None:
    """Predict from one table; ``asked`` is what ``Predictor.predict`` is asked for."""
    from grucli.cli.kit.plots import check_plot
    from grucli.cli.views.prediction import write_prediction
    from grucli.runs import device, outputs
    from grucli.runs.predicting import Predictor

    check_plot(plot)
    others = {"plot": plot, "future": asked["future"]}
    outputs.check_csv_output(output, checkpoint, data, json=json, **others)
    device.set_threads(threads)
    prediction, examples = Predictor(checkpoint).predict_with_context(data, **asked)
    _draw(examples, plot)
    write_prediction(prediction, output, json=json)


def _refuse_others(are_there: Any) -> None:
    """Raise UsageError for options of a forecast beside --anomaly."""
    if are_there:
        raise UsageError(
            "--anomaly: looks at the rows of DATA and at none beyond them; leave out --horizon, "
            "--level, --future, --future-template and --plot"
        )


def _score_rows(
    checkpoint: str, data: str | None, output: str, *, threads: int | None, json: bool
) -> None:
    """Write how far each row is from its forecast one step ahead."""
    from grucli.cli.views.prediction import write_prediction
    from grucli.runs import device, outputs
    from grucli.runs.predicting import Predictor

    outputs.check_csv_output(output, checkpoint, data, json=json)
    device.set_threads(threads)
    write_prediction(Predictor(checkpoint).anomalies(data), output, json=json)


def _write_template(
    checkpoint: str, data: str | None, path: Path, *, horizon: int | None, is_alone: bool
) -> None:
    """Write the table of the future that is to be filled in."""
    from grucli.files import write_atomically
    from grucli.runs import outputs
    from grucli.runs.predicting import Predictor

    if not is_alone:
        raise UsageError(
            f"--future-template {path}: writes the table to fill in and no forecast; leave out "
            "--future, -o, --plot and --json"
        )
    outputs.check_table_outputs({"--future-template": path}, checkpoint, data)
    outputs.check_written_as_csv("--future-template", path)
    content = Predictor(checkpoint).future_template(data, horizon=horizon, path=str(path))
    write_atomically(path, content)


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
