"""Finding the recurrent layers in a file: our own, a torch state dictionary, safetensors, ONNX.

An ONNX model and a checkpoint of ours say what they hold. Elsewhere names and shapes decide, by
torch's names or by those of a published layout that was named; all other tensors are listed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from grucli.cells import CELLS
from grucli.cells.layouts import Layout
from grucli.cells.published import PUBLISHED
from grucli.checkpoint import FORMAT, check_content, is_ours, migrated
from grucli.errors import CheckpointError, UsageError
from grucli.formats import OnnxModel, read_tensors
from grucli.text import printable
from grucli.weights.foreign.named import canonical, named_modules, parsed
from grucli.weights.foreign.notes import (
    normalisations_beside,
    on_activations,
    on_gains,
    on_normalisations,
    on_projections,
)
from grucli.weights.foreign.onnx import onnx_weights
from grucli.weights.foreign.parametrised import resolve, weight_of
from grucli.weights.foreign.published import find_cells
from grucli.weights.foreign.states import (
    Tensors,
    all_tensors,
    choose_state,
    find_states,
    is_lightning,
    nothing_recurrent,
)
from grucli.weights.members import member_weights
from grucli.weights.stacks import UNKNOWN, RecurrentModule, WeightFile


class NeedsNoLayoutError(UsageError):
    """A layout was named for a file that says itself what it holds."""


def read_weights(
    path: str | Path, layout: Layout | None = None, *, member: int | None = None
) -> WeightFile:
    """Read a checkpoint of ours, a torch state dictionary (also Lightning's), safetensors or ONNX.

    ``layout`` says what a foreign file holds, ``member`` which of the models of ``train.seeds`` is
    read, from 1 (default: the first). Imports no torch. Raises CheckpointError when the
    file cannot be read, holds no recurrent layer, or when its shapes, names and recipe do not
    agree; NeedsNoLayoutError where the file says itself what it holds; UsageError for a model that
    it has not.
    """
    kind, content = read_tensors(path)
    if member is not None and (isinstance(content, OnnxModel) or not is_ours(content)):
        raise UsageError(f"--member {member}: {printable(str(path))} holds one model; leave it out")
    if layout is not None and (isinstance(content, OnnxModel) or is_ours(content)):
        raise NeedsNoLayoutError(
            f"--layout {layout.name}: {printable(str(path))} says itself what it holds; leave it "
            "out"
        )
    if isinstance(content, OnnxModel):
        return onnx_weights(str(path), content)
    if is_ours(content):
        return _own(str(path), migrated(content), member)
    form = "safetensors" if kind == "safetensors" else "torch state_dict"
    if layout is not None and layout.rows:
        return _published(str(path), form, all_tensors(list(find_states(content))), layout)
    return _foreign(str(path), form, content, layout)


def _own(path: str, body: Mapping[str, Any], member: int | None) -> WeightFile:
    """A checkpoint of ours."""
    facts = {name: value for name, value in body.items() if name != "training"}
    check_content(path, facts)
    state, recipe = facts.pop("weights", None), facts.pop("recipe", None)
    models = (state if isinstance(state, dict) else {}, *(facts.pop("members", None) or ()))
    tensors: Tensors = dict(member_weights(path, models, member))
    number = member or 1
    if number > 1:
        facts.pop("deviations", None)  # they are those of the first model
    file = WeightFile(
        path, FORMAT, tensors, (), {}, recipe, facts, number=number, members=len(models)
    )
    model = file.section("model")
    modules = named_modules(printable(path), tensors, CELLS.get(str(model.get("cell"))))
    if not modules:
        raise nothing_recurrent(printable(path), tensors)
    problems = [problem for module in modules for problem in _recipe_problems(module, model)]
    if problems:
        raise CheckpointError(*(f"{printable(path)}: {problem}" for problem in problems))
    return replace(
        file,
        modules=tuple(_as_asked(module, model) for module in modules),
        other_tensors=_others(tensors, modules),
        notes=_on_members(number, len(models)),
    )


def _on_members(number: int, count: int) -> tuple[str, ...]:
    """Which of several models is shown."""
    if count == 1:
        return ()
    return (f"Model {number} of {count} that answer with their mean; --member N shows another.",)


def _as_asked(module: RecurrentModule, model: Mapping[str, Any]) -> RecurrentModule:
    """A module with the layer normalisation that the recipe names, where its gains are of it."""
    norm = model.get("layer_norm")
    if norm not in module.layer_norm.split(" or "):
        return module
    return replace(module, layer_norm=norm)


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


def _published(path: str, form: str, tensors: Tensors, layout: Layout) -> WeightFile:
    """A file with the names of a published layout."""
    shown, cells = printable(path), find_cells(tensors, layout.rows)
    if not cells:
        sources = dict.fromkeys(row.source for row in layout.rows)
        raise CheckpointError(
            f"{shown}: no cell of layout {layout.name} among {len(tensors)} tensors; expected "
            f"parameters named as in {' or '.join(sources)}"
        )
    modules = tuple(cell.module(shown) for cell in cells)
    used = {name for cell in cells for name in cell.used}
    what = ", ".join(dict.fromkeys(f"{cell.row.name} of {cell.row.source}" for cell in cells))
    return WeightFile(
        path,
        f"{form}, layout {layout.name}: {what}",
        {m.prefix + name: values for m in modules for name, values in m.tensors.items()},
        modules,
        {name: tuple(values.shape) for name, values in tensors.items() if name not in used},
    )


def _foreign(path: str, form: str, content: Any, layout: Layout | None) -> WeightFile:
    """A state dictionary with torch's names."""
    shown, states = printable(path), list(find_states(content))
    fitting = [state for state in states if any(map(_is_recurrent, state.tensors))]
    state = choose_state(shown, fitting, of_lightning=is_lightning(content))
    if state is None:
        raise nothing_recurrent(shown, all_tensors(states), _fitting_layouts(all_tensors(states)))
    if state.keys:
        of_lightning = is_lightning(content) and state.where == "state_dict"
        place = f"{form} in the entry '{printable(state.where)}'"
        form = "Lightning checkpoint" if of_lightning else place
    tensors, made = resolve(shown, state.tensors, parsed)
    modules = named_modules(shown, tensors)
    obstacles = [note for module in modules for note in on_projections(module, tensors)]
    if layout is not None:
        form = f"{form}, taken as {layout.name}"
        modules = tuple(_as_named(shown, module, layout) for module in modules)
    else:
        hidden_norms = {m.prefix: normalisations_beside(m, tensors) for m in modules}
        layouts = _fitting_layouts(tensors)
        for prefix, names in hidden_norms.items():
            obstacles += on_normalisations(prefix, names, layouts)
        modules = tuple(
            replace(m, layer_norm=UNKNOWN) if hidden_norms[m.prefix] else m for m in modules
        )
    notes = [*obstacles, *made, *(note for module in modules for note in on_gains(module))]
    return WeightFile(
        path,
        form,
        tensors,
        modules,
        _others(tensors, modules),
        notes=(*notes, *on_activations(modules)),
        obstacles=tuple(obstacles),
    )


def _is_recurrent(name: str) -> bool:
    """Whether a name is that of a recurrent parameter, or of a part that one is made of."""
    weight = weight_of(name)
    return parsed(name) is not None or (weight is not None and parsed(weight) is not None)


def _fitting_layouts(tensors: Tensors) -> list[str]:
    """The layouts of which a file has a cell."""
    return list(dict.fromkeys(cell.row.layout for cell in find_cells(tensors, PUBLISHED)))


def _as_named(path: str, module: RecurrentModule, layout: Layout) -> RecurrentModule:
    """A module with the layer normalisation of a layout. Raises CheckpointError for another's."""
    if layout.norm not in module.layer_norm.split(" or "):
        raise CheckpointError(
            f"{path}: {printable(module.prefix)}weight_hh_l0: the gains beside it are those of "
            f"layer_norm {module.layer_norm}; expected those of --layout {layout.name}"
        )
    eps = layout.eps or module.spec.layer_norm(layout.norm).eps
    return replace(module, layer_norm=layout.norm, eps=eps)


def _others(tensors: Tensors, modules: Sequence[RecurrentModule]) -> dict[str, tuple[int, ...]]:
    """Shapes of the tensors that belong to no module."""
    used = {f"{module.prefix}{name}" for module in modules for name in module.tensors}
    return {
        name: tuple(values.shape) for name, values in tensors.items() if canonical(name) not in used
    }
