"""``grucli inspect-weights``."""

from grucli.cli.options import Checkpoint, Json, NoColor, Quiet, Verbose


def inspect_weights(
    checkpoint: Checkpoint,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    no_color: NoColor = False,
) -> None:
    """Show every matrix by layer and gate: its size, spread, spectrum and memory.

    Also reads a plain state dictionary with torch GRU, LSTM or RNN weights, and safetensors.

    Example: grucli inspect-weights runs/co2/best.pt
    """
    from grucli.cli.console import result, write_result
    from grucli.cli.inspect_view import render_weight_report
    from grucli.reports import to_json
    from grucli.runs import inspection

    report = inspection.inspect_weights(checkpoint)
    if json:
        write_result(to_json(report) + "\n")
    else:
        console = result()
        console.print(render_weight_report(report, console.width))
