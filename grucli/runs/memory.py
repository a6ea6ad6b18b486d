"""Memory that runs out in a training step, in the words of the recipe."""

from collections.abc import Iterator
from contextlib import contextmanager

from grucli.errors import TrainingError
from grucli.training.progress import Training


@contextmanager
def memory_watched(training: Training) -> Iterator[None]:
    """Raise TrainingError where a step inside the block runs out of memory."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if "allocate" not in str(error) and not isinstance(error, MemoryError):
            raise
        found = (str(error).splitlines() or ["the machine has no more"])[0]
        raise TrainingError(
            f"out of memory at step {training.step + 1}: {found}; try train.recompute_steps or "
            "train.tbptt_steps, or a smaller train.batch_size"
        ) from error
