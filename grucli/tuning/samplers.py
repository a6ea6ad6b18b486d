"""Optuna's samplers and pruners by the names that a recipe gives them."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from grucli.errors import UsageError
from grucli.recipe import Recipe, Space, Span

FIRST_TRIALS = 5
"""Trials that run to their end before the median of them ends others."""
EPOCHS_BEFORE = 0.2
"""Share of the epochs in which a trial is not ended."""


def build_sampler(optuna: Any, recipe: Recipe, *, seed: Sequence[int] | None) -> Any:
    """The sampler of a recipe; other seeds for processes that begin at the same time.

    Raises UsageError where it needs a package that is not installed.
    """
    samplers, name = optuna.samplers, recipe.tune.sampler
    drawn = None if seed is None else int(np.random.SeedSequence(seed).generate_state(1)[0])
    builders = {
        "tpe": lambda: samplers.TPESampler(seed=drawn, multivariate=True, constant_liar=True),
        "random": lambda: samplers.RandomSampler(seed=drawn),
        "grid": lambda: samplers.BruteForceSampler(seed=drawn),
        "cmaes": lambda: samplers.CmaEsSampler(seed=drawn),
        "gp": lambda: samplers.GPSampler(seed=drawn),
        "qmc": lambda: samplers.QMCSampler(seed=drawn),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            _need_package(name)
            return builders[name]()
        except ImportError as error:
            package = _PACKAGES.get(name, name)
            raise UsageError(
                f"tune.sampler {name}: needs {package}, which is not installed; "
                f"pip install {package}, or choose tpe, random or grid"
            ) from error


_PACKAGES = {"cmaes": "cmaes", "gp": "scipy", "qmc": "scipy"}


def _need_package(name: str) -> None:
    """Raise ImportError where the package that a sampler loads at its first trial is not there."""
    if name in _PACKAGES:
        __import__(_PACKAGES[name])


def build_pruner(optuna: Any, recipe: Recipe, space: Mapping[str, Space]) -> Any:
    """The pruner of a recipe, which sees the validation loss after each epoch."""
    pruners, epochs = optuna.pruners, most_epochs(recipe, space)
    builders = {
        "median": lambda: pruners.MedianPruner(
            n_startup_trials=FIRST_TRIALS, n_warmup_steps=round(EPOCHS_BEFORE * epochs)
        ),
        "halving": lambda: pruners.SuccessiveHalvingPruner(
            min_resource=max(1, round(EPOCHS_BEFORE * epochs))
        ),
        "hyperband": lambda: pruners.HyperbandPruner(max_resource=epochs),
        "none": pruners.NopPruner,
    }
    return builders[recipe.tune.pruner]()


def most_epochs(recipe: Recipe, space: Mapping[str, Space]) -> int:
    """Epochs of the longest trial."""
    values: Any = space.get("train.epochs", (recipe.train.epochs,))
    return int(max(values.ends if isinstance(values, Span) else values))
