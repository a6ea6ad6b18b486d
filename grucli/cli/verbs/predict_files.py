"""``grucli predict -o OUT/``: file after file, each into a file of its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grucli.errors import DataError, FilesError, UsageError
from grucli.text import plural, tell_problem


def predict_files(
    checkpoint: str,
    data: str | None,
    output: str,
    share: str | None,
    *,
    threads: int,
    json: bool,
    is_alone: bool,
    **asked: Any,
) -> None:
    """Predict from every file of a share; ``asked`` is what ``Predictor.predict`` is asked for.

    A file that cannot be read does not keep the others from being written. Raises FilesError at
    the end where there were such among several.
    """
    from grucli.cli.kit.console import tell_notes
    from grucli.runs import device
    from grucli.runs.predicting import Predictor
    from grucli.runs.sharding import Shard, names_folder, prepare_targets
    from grucli.runs.tables import folder_notes

    shard = Shard() if share is None else Shard.parse(share)
    if not names_folder(output) or not is_alone:
        raise UsageError(
            f"--shard, -o {output}: parts of many files are written into a folder; expected "
            "-o OUT/, without --plot, --anomaly and --future-template"
        )
    device.set_threads(threads)
    predictor, ending = Predictor(checkpoint), ".json" if json else ".csv"
    asked["future"] = predictor.read_future(asked["future"])
    targets = prepare_targets(predictor, data, folder=output, shard=shard, ending=ending)
    tell_notes(folder_notes(data or predictor.opened.recipe.data.path))
    if not targets:
        tell_notes([f"--shard {share}: there are fewer files than parts, and none in this one"])
    failed = _write_each(predictor, targets, json=json, **asked)
    if failed:
        rest = "the others are written" if len(failed) < len(targets) else "nothing was written"
        raise FilesError(
            f"-o {output}: {len(failed)} of {plural(len(targets), 'file')} failed; {rest}; mend "
            "those that are named, then run the command again",
            *failed,
        )


def _write_each(
    predictor: Any, targets: Mapping[str, Path], *, json: bool, **asked: Any
) -> list[str]:
    """Write what is predicted of each file; a line for each that failed, told when it did."""
    from grucli.cli.views.prediction import write_prediction

    failed = []
    for name, target in targets.items():
        try:
            prediction = predictor.predict(name, **asked)
        except DataError as error:
            if len(targets) == 1:
                raise
            failed.append(_in_one_line(name, error))
            tell_problem(failed[-1])
        else:
            write_prediction(prediction, str(target), json=json, where=f"{name}: ")
    return failed


def _in_one_line(name: str, error: DataError) -> str:
    """The first of the problems of a file, which begins with its name, and how many follow."""
    first, *others = error.problems
    line = first if first.startswith(name) else f"{name}: {first}"
    return f"{line} ({plural(len(others), 'more fault')})" if others else line
