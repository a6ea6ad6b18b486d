"""``grucli predict --stream``."""

import csv
import io
import sys

from grucli.errors import UsageError


def predict_stream(
    checkpoint: str, data: str | None, output: str, threads: int | None, *, is_alone: bool
) -> None:
    """Read rows from standard input and write one line of forecasts for each, at once."""
    from grucli.cli.kit.console import tell_notes, write_result
    from grucli.runs import device, streaming

    if sys.stdin is None:
        raise UsageError("--stream: standard input is closed; expected rows; pipe some in")
    if data not in (None, "-") or output != "-" or not is_alone:
        raise UsageError(
            "--stream: goes from standard input to standard output, with the steps that were "
            "trained; leave out DATA, -o and all options but --threads"
        )
    device.set_threads(threads or 1)
    answering = streaming.Stream(checkpoint)
    answers = answering.answers(sys.stdin.buffer, "-")  # before a word of ours: theirs may be wrong
    header = io.StringIO()
    csv.writer(header, lineterminator="\n").writerow(answering.header)
    write_result(header.getvalue())
    sys.stdout.flush()
    for times, values in answers:
        cells = [map(repr, column) for column in values.T.tolist()]
        lines = map(",".join, zip(times, *cells, strict=True))
        write_result("\n".join([*lines, ""]))
        sys.stdout.flush()
    tell_notes(answering.notes)
