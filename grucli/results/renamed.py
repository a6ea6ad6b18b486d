"""Names that keys of the JSON documents had before: one table, read by whatever knows old names.

Documents of ``schema_version`` 2 have each of these values under both names. The next version
drops the old ones.
"""

from collections.abc import Mapping
from typing import Any

OLD_KEYS: Mapping[str, Mapping[str, str]] = {
    "MatrixStatistics": {
        "deviation": "standard_deviation",
        "norm": "frobenius_norm",
        "condition": "condition_number",
        "orthogonality_defect": "departure_from_orthogonality",
        "non_normality": "departure_from_normality",
        "effective_norm": "effective_spectral_norm",
        "effective_radius": "effective_spectral_radius",
        "divided_by": "layer_norm_standard_deviation",
        "dead_rows": "near_zero_rows",
    },
    "MatrixChange": {
        "norm_before": "frobenius_norm_before",
        "norm_after": "frobenius_norm_after",
        "cosine": "cosine_similarity",
        "change_rank": "change_effective_rank",
    },
    "MatrixRecord": {
        "norm": "frobenius_norm",
        "turn_since_start": "cosine_distance_from_initialisation",
        "turn_since_last": "cosine_distance_from_last_record",
    },
    "WeightRecord": {"memories": "time_constants"},
    "MatrixLearning": {
        "turn": "cosine_distance_from_initialisation",
        "starved_share": "small_gradient_share",
    },
    "MatrixMovement": {
        "norm_at_start": "frobenius_norm_at_initialisation",
        "spectral_norm_at_start": "spectral_norm_at_initialisation",
        "cosine_distance": "cosine_distance_from_initialisation",
    },
    "Movement": {"memories_at_start": "time_constants_at_initialisation"},
    "UnitReport": {
        "reads": "incoming_weights",
        "read_by": "outgoing_weights",
        "memory_steps": "time_constant_steps",
        "decoder": "decoder_weights",
    },
    "UnitGate": {"distances": "relative_changes"},
    "GateActivity": {
        "deviation": "standard_deviation",
        "left": "left_saturated_share",
        "right": "right_saturated_share",
        "always_left": "always_left_saturated",
        "always_right": "always_right_saturated",
    },
    "LayerActivity": {
        "memory_steps": "time_constant_steps",
        "half_steps": "gradient_half_lag",
        "tenth_steps": "gradient_tenth_lag",
        "reach_steps": "gradient_hundredth_lag",
        "half_life_steps": "fitted_half_life_steps",
        "lyapunov": "largest_lyapunov_exponent",
    },
    "Term": {"reads": "input"},
    "InputValue": {"read": "normalised"},
    "Comparison": {"chance": "p_value"},
    "RunReport": {"film": "snapshots"},
    "Anomalies": {"chances": "p_values"},
}
"""Class of results -> the key of version 1 -> the key of version 2."""

_BY_NAME = "expected"
"""A field whose own keys are names of other fields."""


def with_old_keys(kind: type, members: Mapping[str, Any]) -> dict[str, Any]:
    """What a value of a class of results holds, under both names where it has two."""
    old = OLD_KEYS.get(kind.__name__)
    if old is None:
        return dict(members)
    both = {**members, **{before: members[now] for before, now in old.items()}}
    if _BY_NAME in both:
        values = both[_BY_NAME]
        was = {before: values[now] for before, now in old.items() if now in values}
        both[_BY_NAME] = {**values, **was}
    return both


def without_old_keys(kind: type, written: Mapping[str, Any]) -> dict[str, Any]:
    """What a document of either version says of a value, under the names of today."""
    old = OLD_KEYS.get(kind.__name__, {})
    renamed = {now: written[before] for before, now in old.items() if before in written}
    return renamed | {name: value for name, value in written.items() if name not in old}


def name_today(name: str, *kinds: type) -> str:
    """A field of one of some classes by its name of today, whichever it is called by."""
    every = (OLD_KEYS.get(kind.__name__, {}) for kind in kinds)
    return next((old[name] for old in every if name in old), name)


def old_names(kind: type) -> Mapping[str, str]:
    """The old name of each number of a class of results, by that of today."""
    return {now: before for before, now in OLD_KEYS.get(kind.__name__, {}).items()}
