"""A checkpoint written as a file of another program, and held against what predict says."""

import json
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from grucli import __version__
from grucli.checkpoint import load_checkpoint
from grucli.errors import GrucliError, UsageError, pip_install
from grucli.exporting import ENDINGS, GRAPHS, WEIGHTS, Graph, GraphFormat, Program
from grucli.files import write_atomically
from grucli.nn.heads import COUNTS
from grucli.results import Exported, Parity, Port
from grucli.runs.checkpoints import checkpoint_in
from grucli.runs.opened import Opened, open_saved
from grucli.runs.outputs import check_outputs
from grucli.runs.trial_inputs import Trial, trial_of

_NEAR = 1e-4
"""So far, as a share of a target's spread, what a graph says may be from what predict does."""


def export(checkpoint: str | Path, output: str | Path) -> Exported:
    """Write a checkpoint, or that of a run folder, as ``output`` by whose ending the format goes.

    A graph takes raw rows and gives forecasts in the table's units; it is run and held against
    ``predict`` before it is written. Raises UsageError for an unknown ending, a package that is
    not there and a model that has no such graph; GrucliError where the graph says something else.
    """
    path = Path(output)
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise UsageError(f"-o {path}: expected a name that ends in {', '.join(ENDINGS)}")
    check_outputs({"-o": output}, str(checkpoint))
    found = checkpoint_in(checkpoint)
    opened = open_saved(load_checkpoint(found), found, is_float32=True)
    if ending in GRAPHS:
        return _export_graph(opened, path, GRAPHS[ending])
    weights = dict(opened.saved.weights)
    for number, member in enumerate(opened.saved.members, start=1):
        weights |= {f"members.{number}.{name}": array for name, array in member.items()}
    content = WEIGHTS[ending](weights, _facts_of_weights(opened))
    write_atomically(path, content)
    return Exported(opened.path, str(path), ending[1:], len(content), len(weights))


def _export_graph(opened: Opened, path: Path, form: GraphFormat) -> Exported:
    _check(opened, path, form)
    columns, fitted = opened.recipe.data.columns, opened.learned.scaler
    numbers = opened.recipe.forecast.numbers
    program = Program(opened.model, fitted, columns, numbers=numbers).eval().requires_grad_(False)
    trial = trial_of(opened)
    facts = _facts(opened, program)
    graph = Graph(program, trial.inputs, json.dumps(facts))
    with torch.no_grad():
        program(**graph.tensors)  # tables of distributions are made once: constants of the graph
    content = form.draw(graph)
    parity = _parity(form.run(content, trial.inputs)[0], trial, program, path)
    write_atomically(path, content)
    return Exported(
        checkpoint=opened.path,
        path=str(path),
        format=form.name,
        bytes=len(content),
        tensors=len(opened.saved.weights) * (1 + len(opened.saved.members)),
        inputs=_inputs(graph, facts),
        outputs=_outputs(graph, facts),
        levels=program.levels,
        parity=parity,
    )


def _check(opened: Opened, path: Path, form: GraphFormat) -> None:
    """Raise UsageError where there can be no graph of a model."""
    missing = [name for name in form.packages if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"-o {path}: needs {', '.join(missing)}, which is not installed; "
            f"{pip_install('export')}"
        )
    if opened.task.kind != "forecast":
        raise UsageError(
            f"-o {path}: graphs are of forecasts, and {opened.path} was trained with task.kind "
            f"{opened.task.kind}; -o NAME.safetensors writes its weights"
        )
    if opened.recipe.forecast.output_kind == COUNTS:
        raise UsageError(
            f"-o {path}: {opened.path} forecasts task.output {COUNTS}, whose quantiles are found "
            "by a search that is no graph; -o NAME.safetensors writes its weights"
        )


def _parity(found: NDArray[Any], trial: Trial, program: Program, path: Path) -> Parity:
    """Raise GrucliError where a graph does not say what predict does."""
    targets, wholes = program.scaler.only(program.columns.targets), program.scaler.numbers
    free = replace(targets, numbers="real")
    spread = np.abs(free.unscale(free.scale(trial.expected) + 1) - trial.expected)
    digits = np.spacing(np.abs(trial.expected).astype(np.float32)).astype(float)
    difference = np.abs(found - trial.expected)
    allowed = _NEAR * np.nan_to_num(spread) + 2 * digits + (wholes in ("whole", "counts"))
    if found.shape != trial.expected.shape or not (difference <= allowed).all():
        raise GrucliError(
            f"{path}: not written: the graph says something else than predict, by up to "
            f"{difference.max():.3g} on {trial.words}; use predict, and report this as a defect"
        )
    return Parity(float(difference.max()), len(found), trial.words)


def _facts(opened: Opened, program: Program) -> dict[str, Any]:
    """What one has to know of a graph's inputs and outputs, as plain values."""
    recipe, fitted, columns = opened.recipe, opened.learned.scaler, opened.recipe.data.columns
    facts: dict[str, Any] = {
        "grucli": __version__,
        "name": recipe.name,
        "time": opened.saved.time,
        "frequency": opened.frequency.words,
        "context": recipe.forecast.context,
        "horizon": recipe.forecast.horizon,
        "values": columns.names,
        "forecast": columns.targets,
    }
    if columns.ahead:
        facts["future"] = columns.ahead
    if program.levels:
        facts["quantiles"] = program.levels
    if fitted.vocabularies:
        facts["categories"] = {name: list(words) for name, words in fitted.vocabularies.items()}
    if program.is_by_series:
        facts["series"] = [list(name) for name in getattr(fitted, "names", ())]
    return facts


def _facts_of_weights(opened: Opened) -> Mapping[str, str]:
    """The recipe and the scaler as texts."""
    saved = opened.saved

    def plain(value: Any) -> Any:
        return value.tolist() if isinstance(value, np.ndarray) else value

    return {
        "grucli": __version__,
        **{
            name: json.dumps(getattr(saved, name), default=plain)
            for name in ("recipe", "columns", "time", "frequency", "scaler", "task")
        },
    }


def _inputs(graph: Graph, facts: Mapping[str, Any]) -> tuple[Port, ...]:
    free = graph.free
    return tuple(
        Port(
            name,
            array.dtype.name,
            tuple(free[name].get(axis, size) for axis, size in enumerate(array.shape)),
            tuple(facts[name]) if array.ndim > 1 else (),
        )
        for name, array in graph.example.items()
    )


def _outputs(graph: Graph, facts: Mapping[str, Any]) -> tuple[Port, ...]:
    targets, levels = tuple(facts["forecast"]), len(graph.program.levels)
    shapes: dict[str, tuple[int | str, ...]] = {
        "forecast": ("batch", facts["horizon"], len(targets)),
        "quantiles": ("batch", facts["horizon"], levels, len(targets)),
    }
    return tuple(Port(name, "float64", shapes[name], targets) for name in graph.outputs)
