"""The runs that come after the first one: models of other seeds, and the same on all rows."""

import math
from collections.abc import Sequence
from dataclasses import asdict

import torch

from grucli.nn import RecurrentModel
from grucli.recipe import Recipe
from grucli.results import AnyScores, Ensemble, SeedLoss
from grucli.runs.folder import RunFolder
from grucli.runs.resuming import GoesOn
from grucli.runs.saving import Refit, seed_loss
from grucli.runs.training_run import Member, TrainingRun
from grucli.tasks.batches import evaluation_batches


def member_of(run: TrainingRun, number: int, *, resume: bool) -> TrainingRun:
    """The run of the model of so high a number (the first is 1) of a run with ``train.seeds``.

    With ``resume`` it goes on where it was stopped; one that is done has nothing left to train.
    """
    train = run.recipe.train
    other = train.model_copy(update={"seed": train.seed + number - 1, "seeds": 1})
    recipe = run.recipe.model_copy(update={"train": other})
    folder = run.home.of_seed(other.seed)
    member = Member(number, train.seeds, run.data.read.panel)
    goes_on, place = _goes_on(folder, recipe, resume=resume)
    return TrainingRun(
        recipe, place, run.device, goes_on=goes_on, member=member, ranks=run.training.ranks
    )


def _goes_on(folder: RunFolder, recipe: Recipe, *, resume: bool) -> tuple[GoesOn | None, RunFolder]:
    if resume and folder.has_state:
        return GoesOn.of(folder, recipe, None), folder
    return None, folder.emptied()


def again(run: TrainingRun, scores: AnyScores | None, *, resume: bool) -> TrainingRun:
    """The run that trains the judged model once more on all rows.

    With ``resume`` it goes on where it was stopped, if it was one of as many epochs.
    """
    best, folder = run.training.best, run.home.refit
    judged = None if scores is None else asdict(scores.model)
    refit = Refit(best.epoch, best.valid_loss, judged, run.calibration)
    goes_on = None
    if resume and folder.has_state:
        goes_on = GoesOn.of(folder, run.recipe, None)
        if goes_on.state.checkpoint.progress.get("refit") != {"epochs": refit.epochs}:
            goes_on = None
    place = folder.emptied() if goes_on is None else folder
    ranks = run.training.ranks
    return TrainingRun(run.recipe, place, run.device, goes_on=goes_on, refit=refit, ranks=ranks)


def ensemble_summary(runs: Sequence[TrainingRun], model: RecurrentModel) -> Ensemble | None:
    """How good the models of several runs are, and ``model``, their mean; None of one alone."""
    if len(runs) == 1:
        return None
    first = runs[0]
    losses = first.task.objective(model, first.data.read).validation()
    total, count = map(sum, zip(*((loss * values, values) for loss, values in losses), strict=True))
    seeds = tuple(SeedLoss(**seed_loss(run.training)) for run in runs)
    return Ensemble(seeds, total / count, _spread(runs))


@torch.inference_mode()
def _spread(runs: Sequence[TrainingRun]) -> float:
    """How far apart the models' answers are on the validation span."""
    samples, models = runs[0].samples["valid"], [run.model.eval() for run in runs]
    total, count = 0.0, 0
    for index in evaluation_batches(samples, models[0].width):
        inputs = samples.inputs(index)
        variance = torch.stack([model(*inputs) for model in models]).var(dim=0, unbiased=False)
        total += float(variance.sum())
        count += variance.numel()
    return math.sqrt(total / count)
