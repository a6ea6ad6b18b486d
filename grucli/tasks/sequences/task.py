"""What tasks have in common whose samples are whole series, each of which gets one answer."""

from abc import abstractmethod
from typing import Any, TypeVar

from grucli.data import Table
from grucli.errors import UsageError
from grucli.nn import SequenceModel
from grucli.recipe import Recipe
from grucli.results import AnyScores, ForecastExample, Labels, Numbers, SplitName
from grucli.tasks.task import Intervals, Task, TaskData

Data = TypeVar("Data", bound=TaskData)


class SequenceTask(Task[Data, SequenceModel]):
    """``answer_words`` say why an answer has no interval, ``ahead_words`` what the model says."""

    samples_word = "sequence"
    answer_words: str
    ahead_words: str

    @abstractmethod
    def scores(self, model: SequenceModel, data: Data, split: SplitName) -> AnyScores:
        """Metrics beside those of the baselines."""

    @abstractmethod
    def answers(self, model: SequenceModel, data: Data) -> Labels | Numbers:
        """What the model says of every series, or row."""

    def score(
        self,
        model: SequenceModel,
        data: Data,
        *,
        split: SplitName,
        intervals: Intervals | None = None,
    ) -> AnyScores:
        """Metrics beside those of the baselines. Raises UsageError for intervals."""
        self.refuse(intervals)
        return self.scores(model, data, split)

    def predict(
        self,
        model: SequenceModel,
        data: Data,
        *,
        horizon: int | None = None,
        future: Table | None = None,
        intervals: Intervals | None = None,
    ) -> Labels | Numbers:
        """What the model says. Raises UsageError for intervals and steps ahead."""
        self.refuse(intervals, horizon)
        return self.answers(model, data)

    def model_words(self, recipe: Recipe) -> str:
        """How the outputs of all steps become one vector."""
        return f"{' and '.join(recipe.model.pooling)} pooling"

    def examples(
        self,
        model: SequenceModel,
        data: Data,
        *,
        split: SplitName,
        count: int,
        intervals: Intervals | None = None,
    ) -> tuple[ForecastExample, ...]:
        """None: what is drawn of such a model are its scores."""
        return ()

    def prediction_examples(self, prediction: Any, data: Data) -> tuple[ForecastExample, ...]:
        """None: an answer is no series."""
        return ()

    def refuse(self, intervals: Intervals | None, horizon: int | None = None) -> None:
        """Raise UsageError where intervals or steps ahead are asked for."""
        if intervals is not None and intervals.levels:
            raise UsageError(f"--level {intervals.levels[0]:g}: {self.answer_words}")
        if horizon is not None:
            raise UsageError(
                f"--horizon {horizon}: the model says {self.ahead_words} (task.kind {self.kind}) "
                "and looks no steps ahead; leave it out"
            )
