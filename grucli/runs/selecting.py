"""Which layers, units, gates and steps a person asked for, checked against what there is."""

from collections.abc import Sequence
from dataclasses import dataclass

from grucli.cells.address import places
from grucli.errors import UsageError
from grucli.insight.tracing import Selection
from grucli.nn import Forecaster
from grucli.runs.words import gate_of, gate_words, unknown_gates, unknown_layers


@dataclass(frozen=True)
class Chosen:
    """Layers as (number, reverse), and the rest."""

    layers: tuple[tuple[int, bool], ...]
    selection: Selection


def choose(
    model: Forecaster,
    *,
    layers: Sequence[str],
    units: Sequence[int],
    gates: Sequence[str],
    steps: Sequence[int],
    count: int,
) -> Chosen:
    """Everything where nothing is named, of ``count`` steps.

    Raises UsageError with all that does not exist.
    """
    stack, problems = model.recurrent, []
    known = layer_names(model)
    problems += unknown_layers(layers, known)
    problems += [
        f"--unit {unit}: no such unit; expected 0 to {stack.hidden_size - 1}"
        for unit in units
        if not 0 <= unit < stack.hidden_size
    ]
    words = gate_words([stack.cell])
    problems += unknown_gates(gates, [stack.cell])
    problems += [
        f"--step {step}: no such step; expected 0 to {count - 1}, or -{count} to -1 from the end"
        for step in steps
        if not -count <= step < count
    ]
    if problems:
        raise UsageError(*problems)
    return Chosen(
        tuple(known[name] for name in layers) or tuple(known.values()),
        Selection(
            units=tuple(dict.fromkeys(units)) or None,
            gates=tuple(str(gate_of(gate, words)) for gate in gates) or None,
            steps=tuple(sorted({step % count for step in steps})) or None,
        ),
    )


def layer_names(model: Forecaster) -> dict[str, tuple[int, bool]]:
    """Name on the command line -> (number, reverse): 0, 1; in both directions 0, 0r, 1, 1r."""
    stack = model.recurrent
    return {
        place.name: (place.layer, place.reverse)
        for place in places(stack.num_layers, stack.directions)
    }
