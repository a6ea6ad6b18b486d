"""One unit of a layer: the weights that it reads by, those that read it, how it learned them."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from grucli.cells.address import MatrixAddress, Place, column_names
from grucli.errors import UsageError
from grucli.results import Link, Snapshot, UnitGate, UnitReport
from grucli.weights.lines import read_snapshots, snapshot_values
from grucli.weights.movement import SNAPSHOTS
from grucli.weights.report import input_names
from grucli.weights.stacks import Floats, RecurrentModule, WeightFile
from grucli.weights.time_constants import time_constant_steps

MOST_LINKS = 6

Matrices = Mapping[MatrixAddress, Floats]


def unit_report(file: WeightFile, unit: int, layer: str | None = None) -> UnitReport:
    """What the weights of a file say of one unit of a layer such as 0 or 0r (default: the last).

    Raises UsageError where there is no such layer or unit, and for a file with several stacks.
    """
    if len(file.modules) != 1:
        raise UsageError(
            f"{file.path}: {len(file.modules)} recurrent stacks; --unit shows one of a single stack"
        )
    module = file.modules[0]
    matrices = dict(module.matrices())
    places = {name.place.name: name.place for name in matrices}
    place = _place(places, layer)
    if not 0 <= unit < module.hidden:
        raise UsageError(f"--unit {unit}: no such unit; expected 0 to {module.hidden - 1}")
    own = {name: values for name, values in matrices.items() if name.place == place}
    steps, distances = _learned(file, own, unit)
    gates = tuple(_gates(module, own, unit, distances))
    decoder = _decoder(file, place == places[list(places)[-1]], module.hidden, unit)
    keeps = next((gate.bias for gate in gates if gate.gate == module.spec.keeps), None)
    return UnitReport(
        path=file.path,
        member=file.member,
        members=file.members,
        cell=module.cell,
        layer=place.layer,
        direction=place.direction,
        unit=unit,
        units=module.hidden,
        incoming_weights=_reads(own, unit, input_names(file)),
        outgoing_weights=_read_by(matrices, place, unit),
        gates=gates,
        time_constant_steps=None
        if keeps is None
        else float(time_constant_steps(np.array([keeps]))[0]),
        decoder_weights=decoder,
        decoder_steps=_decoder_steps(file) if decoder else 0,
        learned_steps=steps,
    )


def _place(places: Mapping[str, Place], layer: str | None) -> Place:
    if layer is None:
        return [place for place in places.values() if not place.reverse][-1]
    if layer not in places:
        raise UsageError(f"--layer {layer}: no such layer; expected one of {', '.join(places)}")
    return places[layer]


def _largest(links: Iterator[Link], most: int) -> tuple[Link, ...]:
    return tuple(sorted(links, key=lambda link: -abs(link.weight))[:most])


def _reads(own: Matrices, unit: int, inputs: Sequence[str]) -> tuple[Link, ...]:
    """The largest weights of the unit's rows: of what comes in, then of the states."""

    def links(part: str) -> Iterator[Link]:
        for name, values in own.items():
            if name.part == part:
                width = values.shape[1]
                names = column_names(name.part, name.place.layer, width, inputs=inputs)
                for column, weight in zip(names, values[unit].tolist(), strict=True):
                    yield Link(name.gate, column, weight)

    coming_in = _largest(links("ih"), MOST_LINKS // 2)
    return (*coming_in, *_largest(links("hh"), MOST_LINKS - len(coming_in)))


def _read_by(matrices: Matrices, place: Place, unit: int) -> tuple[Link, ...]:
    """The largest weights by which units of its layer, and of the next one, read the unit."""

    def links() -> Iterator[Link]:
        for name, values in matrices.items():
            is_own = name.part == "hh" and name.place == place
            is_next = name.part == "ih" and name.place.layer == place.layer + 1
            if is_own or is_next:
                column = unit + (len(values) if is_next and place.reverse else 0)
                where, side = ("unit", "") if is_own else ("above", "r" * name.place.reverse)
                for row, weight in enumerate(values[:, column].tolist()):
                    yield Link(name.gate, f"{where} {row}{side}", weight)

    return _largest(links(), MOST_LINKS)


def _gates(
    module: RecurrentModule, own: Matrices, unit: int, distances: Mapping[str, tuple[float, ...]]
) -> Iterator[UnitGate]:
    for gate in module.spec.gates:
        biases = [
            float(values[unit])
            for name, values in own.items()
            if name.gate == gate.name and name.kind.startswith("bias")
        ]
        bias = sum(biases) if biases else None
        yield UnitGate(gate.name, gate.letter, bias, relative_changes=distances.get(gate.name, ()))


def _decoder(file: WeightFile, is_top: bool, hidden: int, unit: int) -> tuple[float, ...]:
    """The unit's column in the decoder's map, where that reads the states of the last layer."""
    weight = file.tensors.get("decoder.weight")
    if not is_top or weight is None or weight.ndim != 2 or weight.shape[1] != hidden:
        return ()
    return tuple(weight[:, unit].astype(np.float64).tolist())


def _decoder_steps(file: WeightFile) -> int:
    """Steps of the forecast that the decoder's map gives at once."""
    model, steps = file.section("model"), file.section("task").get("horizon")
    if model.get("decoder") == "segment":
        steps = model.get("segment")
    elif model.get("decoder") == "recursive":
        steps = 1
    return steps if isinstance(steps, int) and steps > 0 else 1


def _learned(
    file: WeightFile, own: Matrices, unit: int
) -> tuple[tuple[int, ...], dict[str, tuple[float, ...]]]:
    """Steps of the run's pictures, and by gate how far the unit's row was from its start."""
    folder = file.folder
    if file.recipe is None or not (folder / SNAPSHOTS).is_file():
        return (), {}
    shots = sorted(read_snapshots(folder, file), key=lambda shot: shot.step)
    whole = shots and shots[0].step == 0 and all(m.grid == m.shape for m in shots[0].matrices)
    if not whole:
        return (), {}
    rows: dict[str, list[np.ndarray]] = {}
    gates = dict.fromkeys(name.gate for name, values in own.items() if values.ndim == 2)
    for gate in gates:
        names = {name.long for name in own if name.gate == gate}
        rows[gate] = [_row(shot, names, unit) for shot in shots]
    return tuple(shot.step for shot in shots), {
        gate: tuple(_distance(row, found[0]) for row in found) for gate, found in rows.items()
    }


def _row(shot: Snapshot, names: set[str], unit: int) -> np.ndarray:
    return np.concatenate([snapshot_values(m)[unit] for m in shot.matrices if m.name in names])


def _distance(row: np.ndarray, start: np.ndarray) -> float:
    length = float(np.linalg.norm(start))
    return float(np.linalg.norm(row - start)) / length if length > 0 else 0.0
