"""What a run has before anything is learned or written: data, samples, a model, its training."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from grucli.cells import CELLS
from grucli.data import Panel
from grucli.nn import RecurrentModel, kernel_words
from grucli.nn.cuda import cuda_words
from grucli.nn.initialise import choose_matrices
from grucli.nn.native.problem import knows
from grucli.recipe import Recipe
from grucli.results import SplitName
from grucli.runs.beginning import trained_weights
from grucli.runs.device import check_precision, use_kernel
from grucli.runs.memory import room_for
from grucli.runs.preparing import PreparedData
from grucli.tasks import Samples, task_of
from grucli.training.flat import FlatParameters
from grucli.training.loop import trial_step
from grucli.training.objective import Objective
from grucli.training.optimizers import build_optimizer
from grucli.training.progress import Training
from grucli.training.schedules import LearningRate

SPANS: tuple[SplitName, ...] = ("train", "valid", "test")


@dataclass(frozen=True, eq=False)
class SetUp:
    """``samples`` are of every span that is kept; ``training`` stands before its first step."""

    recipe: Recipe
    device: str
    data: PreparedData
    samples: Mapping[SplitName, Samples]
    model: RecurrentModel
    training: Training
    objective: Objective

    @classmethod
    def of(
        cls,
        recipe: Recipe,
        device: str,
        *,
        is_resumed: bool = False,
        refit_epochs: int | None = None,
        panel: Panel | None = None,
    ) -> "SetUp":
        """Read the table, cut it, and draw the weights; those of a resumed run come later.

        ``panel`` is the table where it was read before. With ``refit_epochs`` all rows are
        learned from, for so many epochs. Raises the errors of whatever the recipe names.
        """
        use_kernel(recipe.train.kernel)
        check_precision(recipe.model.precision, device)
        is_refit = refit_epochs is not None
        data = PreparedData.of(recipe, device=device, whole=is_refit, panel=panel)
        recipe, task, read = data.recipe, data.task, data.read
        spans = SPANS[:-1] if is_refit or recipe.data.split.test == 0 else SPANS
        samples = {split: read.samples(split) for split in spans}
        torch.manual_seed(recipe.train.seed)
        initial = None if is_resumed else trained_weights(recipe, read.learned.scaler)
        with room_for(recipe.model):
            model = task.build_model(recipe, read.learned, initial).to(device)
            if not is_resumed:
                task.begin(model, read)
            count, parameters = len(samples["train"]), FlatParameters(model)
            if names := recipe.model.freeze:
                frozen = choose_matrices(model.recurrent, names, key="model.freeze")
                parameters.freeze([values for _, values in frozen])
            optimizer = build_optimizer(recipe.train, parameters)
        training = Training(
            model=model,
            optimizer=optimizer,
            schedule=LearningRate.of(recipe.train, samples=count),
            recipe=recipe.train,
            samples=count,
            refit_epochs=refit_epochs,
        )
        return cls(recipe, device, data, samples, model, training, task.objective(model, read))

    @property
    def kernel(self) -> str:
        """What the recurrent layers are computed with."""
        rule = self.model.recurrent.rule
        if self.device != "cpu":
            return cuda_words(rule)
        is_native = knows(rule)
        return kernel_words(self.recipe.model.precision) if is_native else "torch"

    @property
    def parameters(self) -> int:
        """Numbers that the model has."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    def try_step(self) -> None:
        """A batch forward and backward, of which nothing is learned."""
        trial_step(self.training, self.objective)


def model_words(recipe: Recipe) -> str:
    """The model in words, such as ``gru, layer norm split, 2 × 64, direct decoder``."""
    model, rest = recipe.model, task_of(recipe).model_words(recipe)
    norm = "" if model.layer_norm == "none" else f", layer norm {model.layer_norm}"
    usual = CELLS[model.cell].activation.name
    cell = model.cell if model.activation == usual else f"{model.cell} with {model.activation}"
    precision = "" if model.precision == "float32" else f", {model.precision}"
    return f"{cell}{norm}, {model.layers} × {model.hidden}{precision}, {rest}"
