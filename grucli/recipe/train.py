"""Every key of a recipe that says how weights are learned."""

from typing import Literal

from pydantic import Field

from grucli.recipe.sections import Section

AVERAGE_DECAY = 0.98


class ScheduleRecipe(Section):
    """How the learning rate moves."""

    kind: Literal["constant", "cosine", "step", "plateau"] = Field(
        default="constant",
        description="Constant, cosine to zero, a factor every few epochs, or a factor when the "
        "validation loss stops falling.",
    )
    warmup_steps: int = Field(
        default=0,
        ge=0,
        le=1_000_000_000,
        description="Optimiser steps over which the rate rises from zero.",
    )
    every_epochs: int = Field(
        default=10, ge=1, le=1_000_000, description="step: epochs between two cuts."
    )
    factor: float = Field(
        default=0.5, gt=0, lt=1, description="step and plateau: the rate is multiplied by this."
    )
    patience_epochs: int = Field(
        default=2, ge=1, le=1_000_000, description="plateau: epochs without a gain before a cut."
    )


class TrainRecipe(Section):
    """How the weights are learned."""

    kernel: Literal["auto", "native", "torch"] = Field(
        default="auto",
        description="What recurrent layers are computed with on a CPU: the compiled kernel where "
        "it is installed and has the cell, or torch. The variable GRUCLI_KERNEL has the last word.",
    )
    loss: Literal["mse", "mae", "huber"] = Field(
        default="mse",
        description="Loss of numbers, on scaled values; classes have cross-entropy.",
    )
    loss_units: Literal["scaled", "window"] = Field(
        default="scaled",
        description="What errors are measured in: scaled values, or the spread by which "
        "task.normalise divides each window, so that calm and lively series count alike.",
    )
    optimizer: Literal["sgd", "adam", "adamw", "rmsprop"] = Field(
        default="adam", description="Rule that turns gradients into updates of the weights."
    )
    lr: float = Field(default=1e-3, gt=0, description="Learning rate.")
    momentum: float = Field(default=0.0, ge=0, lt=1, description="Momentum of sgd or rmsprop.")
    nesterov: bool = Field(default=False, description="Nesterov's momentum, with sgd.")
    weight_decay: float = Field(default=0.0, ge=0, description="Weight decay.")
    batch_size: int = Field(
        default=32, ge=1, le=10_000_000, description="Windows, or series, in a step."
    )
    epochs: int = Field(
        default=20, ge=1, le=10_000_000, description="Most passes over the training samples."
    )
    patience: int | None = Field(
        default=5,
        ge=1,
        le=10_000_000,
        description="Epochs without a better validation loss before stopping; null never stops.",
    )
    clip: float | None = Field(
        default=1.0, gt=0, description="Longest gradient (norm over all weights); null is off."
    )
    skip_not_finite: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="Steps of a run that may be left out because their loss or gradient is not "
        "finite: weights stay as they were, and the count is told. One more ends the run, as the "
        "first does with 0.",
    )
    seed: int = Field(
        default=0, ge=0, le=4_294_967_295, description="Seed of weights, order and dropout."
    )
    seeds: int = Field(
        default=1,
        ge=1,
        le=100,
        description="Models to train, one after another with the seeds from seed on: the "
        "checkpoint holds all, and answers with their mean.",
    )
    schedule: ScheduleRecipe = Field(
        default=ScheduleRecipe(), description="How the learning rate moves."
    )
    average: Literal["none", "ema"] = Field(
        default="none",
        description="Weights that are validated and kept: those of the last step, or their "
        "exponential moving average over the steps.",
    )
    average_decay: float = Field(
        default=AVERAGE_DECAY,
        gt=0,
        lt=1,
        description="ema: share of the average that a step leaves; 0.98 averages about the last 50 "
        "steps.",
    )
    tbptt_steps: int | None = Field(
        default=None,
        ge=1,
        le=10_000_000,
        description="Truncated backpropagation through time: the gradient reaches this many steps "
        "back, earlier context only hands on its state; null reaches the whole context.",
    )
    recompute_steps: int | None = Field(
        default=None,
        ge=1,
        le=10_000_000,
        description="Long contexts in little memory: keep the state of every so many steps and run "
        "the steps between again for the gradient. With the compiled kernel a step then adds about "
        "4 * batch_size * layers * hidden * (8 * recompute_steps + context / recompute_steps) "
        "bytes; null keeps every step, 16 to 32 bytes for each of them and each unit.",
    )
    refit: bool = Field(
        default=False,
        description="When the model is judged, train once more on all rows, for as many epochs as "
        "validation chose, into the folder refit of the run: the model to use.",
    )
    teacher_forcing: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Recursive decoder: chance of feeding the truth back instead of the forecast.",
    )
    scheduled_sampling: bool = Field(
        default=False, description="Let teacher_forcing fall linearly to 0 over the epochs."
    )
