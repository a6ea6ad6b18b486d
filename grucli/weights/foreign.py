"""Finding the recurrent layers in a file: our own, a torch state dictionary, safetensors, ONNX.

An ONNX model says what its nodes are. Elsewhere only names and shapes decide, and both must agree:
a parameter is recognised by the name that torch.nn.GRU, LSTM, RNN and their cells give it, and the
cell by the rows of ``weight_hh`` for each hidden unit: 3 gates are a GRU, 4 an LSTM, 1 a plain
recurrent network. All else is listed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grucli.cells import CELLS
from grucli.cells.address import ParameterName, parse_parameter
from grucli.checkpoint import FORMAT, check_content, is_ours, migrated
from grucli.errors import CheckpointError
from grucli.formats import OnnxModel, read_tensors
from grucli.text import printable
from grucli.weights.onnx import onnx_weights
from grucli.weights.stacks import RecurrentModule, WeightFile

_CELLS = {len(spec.gates): spec for spec in sorted(CELLS.values(), key=lambda s: len(s.gates))}
_CELL_PARAMETER = re.compile(r"^(?:.*\.)?(?:weight|bias)_(?:ih|hh)$")


def read_weights(path: str | Path) -> WeightFile:
    """Read a checkpoint of ours, a torch state dictionary (also Lightning's), safetensors or ONNX.

    Imports no torch. Raises CheckpointError when the file cannot be read, holds no recurrent
    layer, or when its shapes, names and recipe do not agree.
    """
    kind, content = read_tensors(path)
    if isinstance(content, OnnxModel):
        return onnx_weights(str(path), content)
    shown = printable(str(path))
    recipe: Mapping[str, Any] | None = None
    facts: dict[str, Any] = {}
    if kind == "safetensors":
        form, state = "safetensors", content
    elif is_ours(content):
        body = migrated(content)
        facts = {k: v for k, v in body.items() if k != "training"}
        check_content(path, facts)
        form, state, recipe = FORMAT, facts.pop("weights", None), facts.pop("recipe", None)
    else:
        form, state = _state_dict(shown, content)
    tensors = _tensors(state)
    modules = _modules(shown, tensors, recipe)
    used = {f"{module.prefix}{name}" for module in modules for name in module.tensors}
    others = {
        name: tuple(values.shape)
        for name, values in tensors.items()
        if _canonical(name) not in used
    }
    notes = tuple(_notes(modules)) if recipe is None else ()
    return WeightFile(str(path), form, tensors, modules, others, recipe, facts, notes)


def _notes(modules: Sequence[RecurrentModule]) -> Iterator[str]:
    """What tensors do not say of a cell, and a recipe would."""
    for spec in dict.fromkeys(module.cell for module in modules):
        choices = " or ".join(choice.name for choice in CELLS[spec].activations)
        if len(CELLS[spec].activations) > 1:
            yield (
                f"The tensors of a {spec} are the same with {choices}, and the file does not say "
                "which it was: no number here depends on it."
            )


def _tensors(state: Any) -> dict[str, NDArray[Any]]:
    if not isinstance(state, dict):
        return {}
    pairs = state.items()
    return {k: v for k, v in pairs if isinstance(k, str) and isinstance(v, np.ndarray)}


def _state_dict(path: str, content: Any) -> tuple[str, Any]:
    """The one dictionary with recurrent layers: the content itself, or an entry of it."""
    if not isinstance(content, dict):
        raise _nothing_recurrent(path, {})
    if any(_parsed(name) for name in _tensors(content)):
        return "torch state_dict", content
    entries = {
        key: value
        for key, value in content.items()
        if isinstance(key, str) and any(_parsed(name) for name in _tensors(value))
    }
    if "state_dict" in entries and "pytorch-lightning_version" in content:
        return "Lightning checkpoint", entries["state_dict"]
    if len(entries) > 1:
        found = ", ".join(printable(key) for key in entries)
        raise CheckpointError(
            f"{path}: recurrent weights in {len(entries)} entries ({found}); expected one; save "
            "the one to look at with torch.save"
        )
    for key, value in entries.items():
        return f"torch state_dict in the entry '{printable(key)}'", value
    raise _nothing_recurrent(path, _tensors(content))


def _nothing_recurrent(path: str, tensors: Mapping[str, Any]) -> CheckpointError:
    names = ", ".join(printable(name, limit=40) for name in list(tensors)[:4])
    found = f"{len(tensors)} tensors ({names}, ...)" if tensors else "no tensors"
    return CheckpointError(
        f"{path}: no recurrent layer, but {found}; expected parameters named as in torch.nn.GRU, "
        "LSTM or RNN, such as weight_hh_l0; save model.state_dict() of a recurrent model"
    )


def _canonical(name: str) -> str:
    """The parameters of torch's cells are those of a layer 0."""
    return f"{name}_l0" if _CELL_PARAMETER.match(name) else name


def _parsed(name: str) -> ParameterName | None:
    return parse_parameter(_canonical(name))


def _modules(
    path: str, tensors: Mapping[str, NDArray[Any]], recipe: Mapping[str, Any] | None
) -> tuple[RecurrentModule, ...]:
    stacks: dict[str, dict[str, NDArray[Any]]] = {}
    for name, values in tensors.items():
        parsed = _parsed(name)
        if parsed is not None:
            stack = stacks.setdefault(parsed.prefix, {})
            stack[_canonical(name).removeprefix(parsed.prefix)] = values
    if not stacks:
        raise _nothing_recurrent(path, tensors)
    model = recipe.get("model") if recipe is not None else None
    asked = model if isinstance(model, Mapping) else {}
    problems: list[str] = []
    modules = []
    for prefix, stack in stacks.items():
        module = _module(prefix, stack, tensors, problems)
        if module is not None:
            problems += _recipe_problems(module, asked)
            if asked.get("layer_norm") in module.layer_norm.split(" or "):
                module = replace(module, layer_norm=asked["layer_norm"])
            modules.append(module)
    if problems:
        raise CheckpointError(*(f"{path}: {problem}" for problem in problems))
    return tuple(modules)


def _module(
    prefix: str,
    stack: dict[str, NDArray[Any]],
    tensors: Mapping[str, NDArray[Any]],
    problems: list[str],
) -> RecurrentModule | None:
    """A stack whose shapes agree, or None with what is wrong added to ``problems``."""
    where = printable(prefix)
    square = stack.get("weight_hh_l0")
    if square is None or square.ndim != 2 or not square.size:
        problems.append(f"{where}weight_hh_l0: not there or no matrix; expected [gates * H, H]")
        return None
    projection = tensors.get(f"{prefix}weight_hr_l0")
    hidden = projection.shape[-1] if projection is not None and projection.ndim else square.shape[1]
    gates, rest = divmod(square.shape[0], hidden)
    if rest or gates not in _CELLS:
        known = [f"{count} ({spec.name})" for count, spec in _CELLS.items()]
        problems.append(
            f"{where}weight_hh_l0: {square.shape[0]} rows for {hidden} units; expected "
            f"{', '.join(known[:-1])} or {known[-1]} rows for each unit"
        )
        return None
    spec, faults = _CELLS[gates], []
    kinds = {name: parsed.kind for name in stack if (parsed := parse_parameter(name))}
    for name, values in stack.items():
        columns = square.shape[1] if name.startswith("weight_hh") else None
        rows = len(spec.blocks(kinds[name])) * hidden
        fault = _shape_fault(values, rows=rows, columns=columns, name=name)
        if fault:
            faults.append(f"{where}{name}: {fault}")
    problems += faults
    if faults:
        return None
    every = set(kinds.values())
    fitting = [norm.name for norm in spec.norms_with(every)]  # a recipe tells them apart
    if not fitting:
        gains = ", ".join(sorted(kind for kind in every if kind.startswith("gain")))
        problems.append(f"{where}{gains}: no layer normalisation of a {spec.name} has these gains")
        return None
    return RecurrentModule(prefix, spec.name, " or ".join(fitting), hidden, stack)


def _shape_fault(values: NDArray[Any], *, rows: int, columns: int | None, name: str) -> str | None:
    if not np.issubdtype(values.dtype, np.floating):
        return f"{values.dtype}; expected floating-point weights"
    dimensions = 2 if name.startswith("weight") else 1
    if values.ndim != dimensions or values.shape[0] != rows or not values.size:
        return f"shape {values.shape}; expected {dimensions} dimensions and {rows} rows"
    if columns is not None and values.shape[1] != columns:
        return f"shape {values.shape}; expected {columns} columns"
    return None


def _recipe_problems(module: RecurrentModule, model: Mapping[str, Any]) -> list[str]:
    """Where a checkpoint's recipe says something else than its tensors."""
    layers = 1 + max(name.place.layer for name, _ in module.matrices())
    found = {"cell": module.cell, "hidden": module.hidden, "layers": layers}
    return [
        f"model.{key}: the recipe says {printable(str(model[key]))}, the weights {value}; expected "
        "the two to agree; the file was changed after grucli wrote it"
        for key, value in found.items()
        if key in model and model[key] != value
    ]
