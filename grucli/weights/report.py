"""A file's weights to the report that a person reads."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from grucli.calendars import calendar_columns, is_calendar, unread_columns
from grucli.cells.address import segment_names
from grucli.columns import Columns
from grucli.results import MatrixStatistics, WeightReport
from grucli.weights.categories import columns_of, texts_of, vector_names
from grucli.weights.effective import effective_matrices
from grucli.weights.findings import findings
from grucli.weights.initial import expected_at_start, expected_effective
from grucli.weights.stacks import RecurrentModule, WeightFile
from grucli.weights.statistics.describe import matrix_statistics
from grucli.weights.time_constants import time_constants


def build_weight_report(file: WeightFile, *, exact: bool = False) -> WeightReport:
    """Describe every matrix, bias and gain of every recurrent stack in a file.

    One entry for each stack, layer, direction, part and gate, in this order. ``exact`` computes
    the whole spectrum of matrices with more than 512 rows and columns too.
    """
    init, deviations = file.section("model", "init"), _deviations(file)
    modules = file.modules
    if len(modules) == 1:
        modules = (replace(modules[0], prefix=""),)
    matrices = tuple(
        statistics
        for module in modules
        for statistics in _module_statistics(module, deviations, init=init, exact=exact)
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
        categories=vector_names(columns_of(file), texts_of(file)),
        recipe=file.recipe,
        findings=findings(
            matrices, memories, inputs, unjudged=[m.prefix for m in modules if m.norm is None]
        ),
        inputs=inputs,
        notes=file.notes,
    )


def input_names(file: WeightFile) -> tuple[str, ...]:
    """Names of the first layer's input columns, empty where the file does not say them."""
    unread = unread_columns(file.section("model", "harmonics"))
    values = tuple(name for name in columns_of(file) if name not in unread)
    if not values:
        return ()
    widths = {module.tensors["weight_ih_l0"].shape[1] for module in file.modules}
    if file.section("model").get("decoder") == "segment":
        return segment_names(*widths)
    texts = {name: len(words) - 1 for name, words in texts_of(file).items()}
    columns = _columns(values, file.section("data"), tuple(texts))
    names = columns.input_names(texts)
    return names if widths == {len(names)} else ()


def _columns(
    values: tuple[str, ...], data: Mapping[str, Any], categories: tuple[str, ...]
) -> Columns:
    """The columns of a model by what its recipe says of the table, as far as names need them.

    Those that are not of the past stand as the first.
    """
    parts = [part for part in data.get("calendar") or () if is_calendar(str(part))]
    own = {name for part in parts for name in calendar_columns(part)}
    missing, static = data.get("missing"), data.get("static") or ()
    policies = missing if isinstance(missing, Mapping) else dict.fromkeys(values, missing)
    apart = {*own, *static, *categories}
    flagged = (name for name in values if policies.get(name) == "mask" and name not in apart)
    past = tuple(name for name in data.get("past") or () if name in categories)
    others = tuple(name for name in values if name not in past)
    return Columns(others, past=past, flagged=tuple(flagged), categories=categories)


def _module_statistics(
    module: RecurrentModule,
    deviations: Mapping[str, Mapping[str, float]],
    *,
    init: Mapping[str, Any],
    exact: bool,
) -> Iterator[MatrixStatistics]:
    start, now = deviations.get("start", {}), deviations.get("now", {})
    effective = {item.name.long: item for item in effective_matrices(module, now)}
    for name, values in module.matrices():
        expected = expected_at_start(name, values.shape, module=module, init=init)
        if name.long in effective:
            expected |= expected_effective(name, module=module, init=init, deviations=start)
        yield matrix_statistics(
            name,
            values,
            exact=exact,
            expected=expected,
            effective=effective.get(name.long),
            module=module.prefix,
        )


def _deviations(file: WeightFile) -> Mapping[str, Mapping[str, float]]:
    """What a checkpoint of ours says of the sums below its layer normalisation, by moment."""
    found = file.facts.get("deviations")
    return found if isinstance(found, Mapping) and len(file.modules) == 1 else {}


def _joined(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(words))
