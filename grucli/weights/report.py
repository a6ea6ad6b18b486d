"""A file's weights to the report that a person reads."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from grucli.reports import MatrixStatistics, WeightReport
from grucli.weights.effective import effective_matrices
from grucli.weights.findings import findings
from grucli.weights.initial import expected_at_start
from grucli.weights.stacks import RecurrentModule, WeightFile
from grucli.weights.statistics import matrix_statistics
from grucli.weights.time_constants import time_constants


def build_weight_report(file: WeightFile, *, exact: bool = False) -> WeightReport:
    """Describe every matrix, bias and gain of every recurrent stack in a file.

    One entry for each stack, layer, direction, part and gate, in this order. ``exact`` computes
    the whole spectrum of matrices with more than 512 rows and columns too.
    """
    init = _init_recipe(file.recipe)
    modules = file.modules
    if len(modules) == 1:
        modules = (replace(modules[0], prefix=""),)
    matrices = tuple(
        statistics
        for module in modules
        for statistics in _module_statistics(module, init=init, exact=exact)
    )
    memories = tuple(item for module in modules for item in time_constants(module))
    inputs = input_names(file)
    return WeightReport(
        path=file.path,
        format=file.format,
        cell=_joined(module.cell for module in file.modules),
        layer_norm=_joined(module.layer_norm for module in file.modules),
        matrices=matrices,
        time_constants=memories,
        other_tensors=file.other_tensors,
        recipe=file.recipe,
        findings=findings(matrices, memories, inputs),
        inputs=inputs,
        notes=file.notes,
    )


def input_names(file: WeightFile) -> tuple[str, ...]:
    """Names of the first layer's input columns, empty where the file does not say them."""
    names = file.facts.get("columns")
    if not isinstance(names, (list, tuple)):
        return ()
    widths = {module.tensors["weight_ih_l0"].shape[1] for module in file.modules}
    return tuple(str(name) for name in names) if widths == {len(names)} else ()


def _module_statistics(
    module: RecurrentModule, *, init: Mapping[str, Any], exact: bool
) -> Iterator[MatrixStatistics]:
    acting = {name.long: matrix for name, matrix in effective_matrices(module)}
    for name, values in module.matrices():
        yield matrix_statistics(
            name,
            values,
            exact=exact,
            expected=expected_at_start(name, values.shape, module=module, init=init),
            effective=acting.get(name.long),
            module=module.prefix,
        )


def _init_recipe(recipe: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """``model.init`` of a recipe, empty where there is none."""
    model = recipe.get("model") if recipe is not None else None
    init = model.get("init") if isinstance(model, Mapping) else None
    return init if isinstance(init, Mapping) else {}


def _joined(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(words))
