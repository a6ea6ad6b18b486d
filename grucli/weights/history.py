"""How the weights of a run were learned: reading what training left beside the checkpoint."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grucli.errors import CheckpointError
from grucli.results import WeightHistory
from grucli.weights.foreign import read_weights
from grucli.weights.learning import find_learning, learning_findings
from grucli.weights.lines import read_epochs, read_records
from grucli.weights.stacks import WeightFile


def read_history(checkpoint: str | Path, *, member: int | None = None) -> WeightHistory:
    """Read weights.jsonl and metrics.jsonl beside a checkpoint and say where learning happened.

    ``member`` says which of the models of ``train.seeds`` is meant, from 1 (default: the first).
    A last line that is being written by a training still under way is left out. Raises
    CheckpointError where a file is missing or another line is not what training writes.
    """
    file = read_weights(checkpoint, member=member)
    folder = file.folder
    records = read_records(folder, file)
    epochs = read_epochs(folder)
    if not records:
        raise CheckpointError(f"{folder / 'weights.jsonl'}: no record yet; wait for the first step")
    found = find_learning(records)
    return WeightHistory(
        path=str(folder / "weights.jsonl"),
        name=str(file.section().get("name", "")),
        cell=", ".join(dict.fromkeys(module.cell for module in file.modules)),
        layer_norm=", ".join(dict.fromkeys(module.layer_norm for module in file.modules)),
        hidden=max((module.hidden for module in file.modules), default=0),
        init=file.section("model", "init"),
        train=_train(file),
        records=records,
        epochs=epochs,
        learning=found,
        findings=learning_findings(records, found),
        member=file.member,
        members=file.members,
    )


def _train(file: WeightFile) -> Mapping[str, Any]:
    """The recipe's section, with the seed of the model that is meant."""
    train = file.section("train")
    return {**train, "seed": train["seed"] + file.number - 1} if "seed" in train else train
