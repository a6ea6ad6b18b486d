"""Memory that runs out, in the words of the recipe."""

from collections.abc import Iterator
from contextlib import contextmanager

from grucli.errors import TrainingError
from grucli.recipe import ModelRecipe
from grucli.training.progress import Training


@contextmanager
def memory_watched(training: Training) -> Iterator[None]:
    """Raise TrainingError where a step inside the block runs out of memory."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        raise TrainingError(
            f"out of memory at step {training.step + 1}: {_found(error)}; try "
            "train.recompute_steps or train.tbptt_steps, or a smaller train.batch_size"
        ) from error


@contextmanager
def room_for(model: ModelRecipe) -> Iterator[None]:
    """Raise TrainingError where there is no memory for the weights that are made in the block."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        raise TrainingError(
            f"out of memory for {model.layers} × {model.hidden} units: {_found(error)}; try a "
            "smaller model.hidden, or fewer model.layers"
        ) from error


def _found(error: Exception) -> str:
    """What an error says of memory. Raises it again where it is of something else."""
    if "allocate" not in str(error) and not isinstance(error, MemoryError):
        raise error
    return (str(error).splitlines() or ["the machine has no more"])[0]
