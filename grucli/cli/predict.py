"""``grucli predict``."""

import io
from pathlib import Path
from typing import Annotated

import typer

from grucli.cli.options import Checkpoint, Data, Json, NoColor, Quiet, Threads, Verbose


def predict(
    checkpoint: Checkpoint,
    data: Data = None,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="OUT|-", help="Where to write the forecast.")
    ] = "-",
    horizon: Annotated[
        int | None, typer.Option(min=1, help="Steps to forecast; default: as trained.")
    ] = None,
    json: Json = False,
    threads: Threads = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Forecast beyond the end of a table, in its own units and time stamps, as CSV.

    Example: grucli predict runs/co2/best.pt new.csv -o forecast.csv
    """
    from grucli.cli.console import write_result
    from grucli.cli.forecast_view import write_forecast_csv
    from grucli.files import write_atomically
    from grucli.reports import to_json
    from grucli.runs import device, reading

    device.set_threads(threads)
    forecast = reading.predict(checkpoint, data, horizon=horizon)
    if json:
        text = to_json(forecast) + "\n"
    else:
        buffer = io.StringIO()
        write_forecast_csv(forecast, buffer)
        text = buffer.getvalue()
    if output == "-":
        write_result(text)
    else:
        write_atomically(Path(output), text.encode())
