"""Gated recurrent sequence models on a command line, and as a library.

``import grucli`` is light: each call loads what it needs when it is first used. Before it loads
torch it tells torch's threads to sleep while they wait, unless the environment says otherwise.

    import grucli
    finished = grucli.train("recipes/co2.yaml")
    scores = grucli.evaluate(finished.best_path)
    forecast = grucli.predict(finished.best_path, frame)
    report = grucli.inspect_weights(finished.best_path)

    predictor = grucli.Predictor(finished.best_path)    # opened once, for many tables
    forecast = predictor.predict(frame)
"""

import sys
from collections.abc import Sequence
from os import PathLike, environ, fspath
from typing import Any

from grucli.results import AnyScores, Prediction, SplitName, TrainingFinished, WeightReport

__all__ = ["Predictor", "__version__", "evaluate", "inspect_weights", "predict", "train"]

__version__ = "0.1.0"

_WAITING = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "1000"}
"""Sleep at once, or under GNU's OpenMP after some 50 microseconds. By default it is milliseconds of
spinning, which takes the cores from whoever is waited for, as the compiled kernel's threads."""
if "torch" not in sys.modules and not environ.keys() & {*_WAITING, "KMP_BLOCKTIME"}:
    environ.update(_WAITING)  # the runtime reads them once, when torch loads it

Path = str | PathLike[str]


def train(
    recipe: Path, overrides: Sequence[str] = (), *, run_dir: Path | None = None, **options: Any
) -> TrainingFinished:
    """Train a recipe file to its end, with ``KEY=VALUE`` overrides, and say how it went.

    ``options`` are those of ``grucli.runs.training.train``: resume, overwrite, device, threads,
    stop, observers. Raises MissingPackageError without torch.
    """
    from grucli.computing import need_torch

    need_torch()
    from grucli.recipe import load_recipe
    from grucli.runs import training
    from grucli.runs.origin import Origin

    file = fspath(recipe)
    loaded = load_recipe(file, overrides)
    place = None if run_dir is None else fspath(run_dir)
    origin = Origin.of(file, overrides)
    *_, finished = training.train(loaded, run_dir=place, origin=origin, **options)
    assert isinstance(finished, TrainingFinished)
    return finished


def evaluate(
    checkpoint: Path, data: Any = None, *, split: SplitName = "test", levels: Sequence[float] = ()
) -> AnyScores:
    """Score a checkpoint on a table: a path, a frame of pandas, polars or pyarrow,
    or None for the recipe's own; and its intervals of these levels in per cent.
    """
    from grucli.runs import reading

    return reading.evaluate(fspath(checkpoint), data, split=split, levels=levels)


def predict(
    checkpoint: Path,
    data: Any = None,
    *,
    horizon: int | None = None,
    future: Any = None,
    levels: Sequence[float] = (),
) -> Prediction:
    """Forecast beyond the end of a table: a path, a frame or the recipe's own.

    ``future`` is a path or a frame of the columns that are known in advance (data.future);
    ``levels`` in per cent are those of intervals to give beside the forecast. A ``Predictor``
    opens the checkpoint once for many calls.
    """
    from grucli.runs.predicting import Predictor

    return Predictor(fspath(checkpoint)).predict(
        data, horizon=horizon, future=future, levels=levels
    )


def inspect_weights(checkpoint: Path) -> WeightReport:
    """Measure every matrix of a checkpoint, our own or a foreign one."""
    from grucli.runs import inspection

    return inspection.inspect_weights(fspath(checkpoint))


def __getattr__(name: str) -> Any:
    """``Predictor``, which is loaded when it is first asked for."""
    if name == "Predictor":
        from grucli.runs.predicting import Predictor

        return Predictor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
