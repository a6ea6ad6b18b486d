"""Runs stopped after every step and gone on with: the same bytes as of one that was not."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from grucli import train
from grucli.errors import InterruptedRunError
from tests.sweeps.runs import check_whole, every_epoch
from tests.sweeps.sweep import Case
from tests.test_runs_training import stopping_after

STEPS = 50
SMALL = ["model.hidden=4", "data.split={valid: 0.2, test: 0.2}", "train.epochs=10"]
KINDS = [
    ["model.dropout=0.2", "train.average=ema"],
    ["model.cell=lstm", "model.layer_norm=none", "train.optimizer=adamw", "train.refit=true"],
    [
        "model.cell=rnn",
        "model.layer_norm=none",
        "model.decoder=recursive",
        "train.schedule.kind=plateau",
    ],
    ["model.layer_norm=sum", "model.dropout=0.1", "train.schedule.kind=cosine", "train.clip=0.1"],
    [
        "model.layers=1",
        "model.decoder=segment",
        "model.segment=1",
        "train.loss=mae",
        "train.patience=1",
    ],
    ["model.layer_norm=ba2016", "task.normalise=mean_std", "train.batch_size=7"],
]


def resumes(ground: Path, folder: Path) -> Iterator[Case]:
    """Every step of six small runs of different kinds."""
    for kind, overrides in enumerate(KINDS):
        given, whole = [*SMALL, *overrides], folder / f"whole{kind}"

        def stop_at(step: int, given: list[str] = given, whole: Path = whole) -> str:
            run = folder / "run"
            shutil.rmtree(run, ignore_errors=True)
            options = {"run_dir": run, "threads": 1}
            with every_epoch():
                try:
                    train(ground / "wave.yaml", given, stop=stopping_after(step), **options)
                except InterruptedRunError:
                    train(ground / "wave.yaml", given, resume=True, **options)
                else:
                    return "was done"
            if not whole.exists():
                train(ground / "wave.yaml", given, run_dir=whole, threads=1)
            check_whole(run, whole)
            return "the same"

        for step in range(1, STEPS + 1):
            yield f"{' '.join(overrides)}, step {step}", lambda step=step, at=stop_at: at(step)
