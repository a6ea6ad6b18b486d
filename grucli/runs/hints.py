"""What to try next, from a run's own numbers: at most three sentences, each with what to type."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from grucli.errors import CheckpointError, RecipeError
from grucli.recipe import Recipe, recipe_from_mapping
from grucli.results import AnyScores, EpochLoss, Scores
from grucli.weights.lines import read_epochs

MOST = 3
DIVERGED = 2.0
"""A training loss that ends so many times as high as it was has diverged."""
HOPELESS = -99.0
"""A skill against naive below this: its mean squared error is a hundred times as large."""
LEARNED = 1e-3
"""Losses that change by less than this share say that nothing was learned."""
STILL_FALLING = 0.01
"""Share by which the validation loss fell over the last tenth of the epochs."""
FAR_UNDER = 0.5
"""A training loss below this share of the validation loss."""

Changes = Mapping[str, Any]


def training_hints(recipe: Recipe, folder: Path, scores: AnyScores | None) -> tuple[str, ...]:
    """What to try after the run in a folder; of one whose log is gone only what scores say."""
    try:
        epochs = read_epochs(folder)
    except CheckpointError:
        epochs = ()
    return hints_of(recipe, epochs, scores)


def hints_of(
    recipe: Recipe, epochs: Sequence[EpochLoss], scores: AnyScores | None
) -> tuple[str, ...]:
    """What to try after a run with these epochs; the most urgent first."""
    gone_wrong = list(_gone_wrong(recipe, epochs, scores))
    if gone_wrong:
        return tuple(gone_wrong[:MOST])
    found = (
        _longer(recipe, epochs),
        _beside_ridge(recipe, scores),
        _memorised(recipe, epochs),
        _luck(recipe, scores),
    )
    return tuple(chain.from_iterable(found))[:MOST]


def score_hints(recipe: Recipe, scores: AnyScores) -> tuple[str, ...]:
    """What to try after scoring a checkpoint."""
    return tuple(_beside_ridge(recipe, scores))


def _gone_wrong(
    recipe: Recipe, epochs: Sequence[EpochLoss], scores: AnyScores | None
) -> Iterator[str]:
    """Training that went away from what it should find, or nowhere."""
    if not epochs:
        return
    losses, train = [epoch.train_loss for epoch in epochs], recipe.train
    least = min(losses)
    smaller = f"{_options({'train.lr': f'{train.lr / 10:.1e}'})} (it is {train.lr:.1e})"
    naive = scores.comparisons.get("naive") if isinstance(scores, Scores) else None
    if losses[-1] > DIVERGED * least > 0:
        low = epochs[losses.index(least)].epoch
        yield (
            f"diverged: the training loss rose from {least:.4g} in epoch {low} to "
            f"{losses[-1]:.4g}: {smaller}"
        )
    elif len(epochs) > 1 and (_stayed(losses) or _stayed([epoch.valid_loss for epoch in epochs])):
        if train.clip is not None and train.clip < LEARNED:
            remedy = f"{_options({'train.clip': '1.0'})} (it is {train.clip:.1e})"
        elif train.lr < LEARNED:
            remedy = f"{_options({'train.lr': '1.0e-3'})} (it is {train.lr:.1e})"
        else:
            return
        loss = epochs[-1].valid_loss
        yield f"nothing was learned: the validation loss stayed at {loss:.4g}: {remedy}"
    elif naive is not None and naive.skill is not None and naive.skill < HOPELESS:
        yield (
            f"diverged: the mean squared error is {1 - naive.skill:.0e} times that of naive: "
            f"{smaller}, or {_options({'data.scale': 'standard'})}"
        )


def _stayed(losses: Sequence[float]) -> bool:
    """Whether losses are all the same; those of training vary with dropout, whatever is learned."""
    return max(losses) - min(losses) < LEARNED * abs(max(losses))


def _longer(recipe: Recipe, epochs: Sequence[EpochLoss]) -> Iterator[str]:
    """The best epoch was the last one, and the validation loss was still falling."""
    if len(epochs) < 2 or not epochs[-1].is_best or epochs[-1].epoch < recipe.train.epochs:
        return
    tenth = max(1, len(epochs) // 10)
    before, last = epochs[-1 - tenth].valid_loss, epochs[-1].valid_loss
    if before - last <= STILL_FALLING * abs(before):
        return
    how = "--overwrite" if recipe.train.schedule.kind == "cosine" else "--resume"
    yield (
        f"the best epoch was the last one, and the validation loss still fell by "
        f"{(before - last) / abs(before):.1%} over the last {tenth if tenth > 1 else 'one'}: "
        f"{how} --set train.epochs={2 * recipe.train.epochs}"
    )


def _beside_ridge(recipe: Recipe, scores: AnyScores | None) -> Iterator[str]:
    """Ridge regression is better: a line is most of what there is to learn."""
    ridge = scores.comparisons.get("ridge") if isinstance(scores, Scores) else None
    if ridge is None or ridge.verdict != "worse":
        return
    segment = max(1, recipe.forecast.horizon // 2)
    for changes in (
        {"model.skip": "linear"},
        {"model.decoder": "segment", "model.segment": segment},
    ):
        if _is_new(recipe, changes):
            yield (
                f"ridge regression is better, so much of this is a linear map: {_options(changes)}"
            )
            return


def _luck(recipe: Recipe, scores: AnyScores | None) -> Iterator[str]:
    """The gain over ridge regression is no larger than what another seed may change."""
    ridge = scores.comparisons.get("ridge") if isinstance(scores, Scores) else None
    if ridge is None or ridge.skill is None or recipe.train.seeds > 1 or recipe.train.refit:
        return
    if ridge.verdict == "no difference" and ridge.skill > 0:
        yield (
            f"the gain over ridge regression ({ridge.skill:.1%}) may be one seed's luck; the mean "
            f"of several is steadier: {_options({'train.seeds': 3})}"
        )


def _memorised(recipe: Recipe, epochs: Sequence[EpochLoss]) -> Iterator[str]:
    """The training loss is far below that of the validation span, which no longer fell."""
    best = next((epoch for epoch in reversed(epochs) if epoch.is_best), None)
    if (
        best is None
        or best is epochs[-1]
        or not (0 < best.train_loss <= FAR_UNDER * best.valid_loss)
    ):
        return
    tried: tuple[Changes, ...] = (
        {"train.average": "ema"},
        {"model.dropout": 0.2},
        {"model.hidden": max(8, recipe.model.hidden // 2)},
    )
    options = [_options(changes) for changes in tried if _is_new(recipe, changes)]
    if options:
        yield (
            f"the training loss ({best.train_loss:.4g}) is far under that of validation "
            f"({best.valid_loss:.4g}): {' or '.join(options)}"
        )


def _options(changes: Changes) -> str:
    """What to type to make the run again with these changes."""
    return " ".join(["--overwrite", *(f"--set {key}={value}" for key, value in changes.items())])


def _is_new(recipe: Recipe, changes: Changes) -> bool:
    """Whether a recipe does not say this yet, may say it, and lets these keys be set alone."""
    body = recipe.model_dump(mode="json")
    is_new = False
    for key, value in changes.items():
        section, name = key.split(".")
        current = body[section][name]
        is_new = (
            is_new or current in ("none", "direct", 0.0) or (name == "hidden" and current > value)
        )
        body = body | {section: body[section] | {name: value}}
    try:
        recipe_from_mapping(body)
    except RecipeError:
        return False
    return is_new
