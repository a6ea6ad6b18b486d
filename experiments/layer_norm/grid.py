"""What is tried: for every experiment a recipe and rows of overrides, each with several seeds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of a table and what it changes in the recipe.

    ``scale`` multiplies the input columns of the generated table; with ``traced`` the gradient by
    lag of the best weights is measured too.
    """

    label: str
    changes: tuple[str, ...] = ()
    scale: float = 1.0
    traced: bool = False


@dataclass(frozen=True)
class Experiment:
    """A recipe and its rows. ``losses`` are levels of the validation loss to count steps to.

    One level more is the best of the row ``reference``, median of its seeds. With ``same_draws``
    rows of one seed begin from the same matrices. ``tables`` are files of the folder that
    GRUCLI_REFERENCE_DATA names, by the key of the recipe that takes each.
    """

    recipe: str
    rows: tuple[Row, ...]
    losses: tuple[float, ...] = ()
    reference: str | None = None
    same_draws: bool = False
    tables: tuple[tuple[str, str], ...] = ()


SCALES = (0.01, 1.0, 100.0)


def _norm(kind: str) -> str:
    return f"model.layer_norm={kind}"


NONE, SPLIT = _norm("none"), _norm("split")
MASK = "data.missing=mask"
ORTHOGONAL = "model.init.hidden_hidden=orthogonal"
CHRONO = "model.init.chrono_steps=500"
STILL = ("train.lr=1.0e-12", "train.epochs=1")
"""Weights as they were drawn: a step so small moves nothing."""

STEPS = Experiment(
    "adding500",
    (
        Row("none, lr 0.003", (NONE, "train.lr=0.003")),
        Row("none, lr 0.01", (NONE,), traced=True),
        Row("split, lr 0.003", (SPLIT, "train.lr=0.003")),
        Row("split, lr 0.01", (SPLIT,), traced=True),
    ),
    losses=(0.1, 0.03, 0.01),
    reference="none, lr 0.01",
)

CO2 = Experiment(
    "co2_500",
    (
        Row("none", (NONE,)),
        Row("split", (SPLIT,)),
        Row("sum", (_norm("sum"),)),
        Row("none, with a column of flags", (NONE, MASK)),
        Row("split, with a column of flags", (SPLIT, MASK)),
    ),
    losses=(0.05, 0.02, 0.01),
    reference="none",
)

SCALED = Experiment(
    "adding500",
    tuple(
        Row(f"{kind}, input x {scale:g}", (_norm(kind),), scale=scale)
        for kind in ("none", "split")
        for scale in SCALES
    ),
    losses=STEPS.losses,
)

VARIANTS = Experiment(
    "adding500",
    (
        Row("none", (NONE,), traced=True),
        Row("none, orthogonal", (NONE, ORTHOGONAL), traced=True),
        Row("none, chrono 500", (NONE, CHRONO), traced=True),
        Row("split", (SPLIT,), traced=True),
        Row("split, gain 0.1", (SPLIT, "model.init.gain=0.1"), traced=True),
        Row("ba2016", (_norm("ba2016"),), traced=True),
        Row("sum", (_norm("sum"),), traced=True),
        Row("sum_joint", (_norm("sum_joint"),), traced=True),
    ),
    losses=STEPS.losses,
)

START = Experiment(
    "adding500",
    tuple(Row(row.label, (*row.changes, *STILL), traced=True) for row in VARIANTS.rows),
)
TRAINED = Experiment("adding500", VARIANTS.rows)

RATES = Experiment(
    "adding500",
    tuple(
        Row(f"{kind}, lr {lr}", (_norm(kind), *(() if lr == "0.01" else (f"train.lr={lr}",))))
        for kind in ("none", "split")
        for lr in ("0.003", "0.01", "0.03", "0.1", "0.3", "1.0")
    ),
)

_SUNSPOT_RATES = {
    "adam": ("0.003", "0.01", "0.03", "0.1", "0.3", "1.0"),
    "sgd": ("0.03", "0.1", "0.3", "1.0", "3.0", "10.0"),
}
SUNSPOTS = Experiment(
    "sunspots_rates",
    tuple(
        Row(f"{kind}, {rule} {lr}", (_norm(kind), f"train.optimizer={rule}", f"train.lr={lr}"))
        for rule, rates in _SUNSPOT_RATES.items()
        for kind in ("none", "split")
        for lr in rates
    ),
)

SAME_RATES = ("0.001", "0.003", "0.01", "0.03", "0.1")
_PAIR = {"none": NONE, "split": SPLIT}
SAME_STEPS = Experiment(
    "adding500",
    tuple(
        Row(f"{kind}, {what}", (norm, *changes), scale=scale)
        for what, changes, scale in (
            *((f"adding, lr {lr}", (f"train.lr={lr}",), 1.0) for lr in SAME_RATES),
            ("adding, input x 0.01", (), 0.01),
            ("adding, input x 100", (), 100.0),
        )
        for kind, norm in _PAIR.items()
    ),
    losses=(0.01,),
    same_draws=True,
)
SAME_CO2 = Experiment(
    "co2_500",
    tuple(
        Row(f"{kind}, {what}", (norm, *changes))
        for what, changes in (("CO2, one column", ()), ("CO2, with a column of flags", (MASK,)))
        for kind, norm in _PAIR.items()
    ),
    losses=(0.02,),
    same_draws=True,
)
SAME_CLASSES = Experiment(
    "../japanese_vowels",
    tuple(Row(kind, (norm,)) for kind, norm in _PAIR.items()),
    same_draws=True,
    tables=(
        ("data.path", "japanese_vowels_train.csv"),
        ("data.split.test", "japanese_vowels_test.csv"),
    ),
)

EXPERIMENTS = {
    "same": SAME_STEPS,
    "same_co2": SAME_CO2,
    "same_classes": SAME_CLASSES,
    "steps": STEPS,
    "co2": CO2,
    "start": START,
    "trained": TRAINED,
    "sunspots": SUNSPOTS,
    "scales": SCALED,
    "variants": VARIANTS,
    "rates": RATES,
}
