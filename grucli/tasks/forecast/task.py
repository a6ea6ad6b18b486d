"""The forecast as a task."""

from collections.abc import Mapping
from typing import Any

from grucli.data import Judged, Panel, Table
from grucli.forms import Fields, Form
from grucli.nn import Forecaster
from grucli.nn.heads import COUNTS
from grucli.recipe import Recipe
from grucli.results import Anomalies, Forecast, ForecastExample, Scores, SplitName
from grucli.tasks.forecast.calibration import Calibration, errors_form
from grucli.tasks.forecast.counts import check_counts
from grucli.tasks.forecast.data import ForecastData
from grucli.tasks.forecast.examples import newest_examples, window_examples
from grucli.tasks.forecast.measures import facts_form
from grucli.tasks.forecast.model import new_forecaster
from grucli.tasks.forecast.predict import forecast_table
from grucli.tasks.forecast.profile import fit_profile
from grucli.tasks.forecast.ridge_kept import RIDGE_FORM, keep_ridge
from grucli.tasks.forecast.score import score_model
from grucli.tasks.forecast.surprise import Surprise, anomaly_table, surprise_form
from grucli.tasks.task import Intervals, Learned, Task
from grucli.training.objective import Objective


class ForecastTask(Task[ForecastData, Forecaster]):
    """The steps that follow a context."""

    kind = "forecast"

    def facts_form(self, recipe: Recipe) -> Form:
        """What errors are measured with."""
        return facts_form(len(recipe.data.target))

    def calibration_form(self, recipe: Recipe) -> Form:
        """Errors by level, step and target."""
        count = len(recipe.data.target)
        return Fields(
            {"errors": errors_form(recipe.forecast.horizon, count)},
            {"first": surprise_form(count), "ridge": RIDGE_FORM},
        )

    data_kind = ForecastData
    samples_word = "window"
    best_by = ("mase", 1)

    def model_words(self, recipe: Recipe) -> str:
        """The decoder."""
        return f"{recipe.model.decoder} decoder"

    def judged_columns(self, recipe: Recipe, split: SplitName) -> Judged:
        """None: the truth is among the columns that are read."""
        return Judged()

    def check_table(self, recipe: Recipe, panel: Panel) -> None:
        """Raise DataError for targets that are no counts where counts are forecast."""
        if recipe.forecast.output_kind == COUNTS:
            check_counts(panel)

    def new_model(self, recipe: Recipe, learned: Learned) -> Forecaster:
        """A stack and a decoder."""
        return new_forecaster(recipe, learned)

    def begin(self, model: Forecaster, data: ForecastData) -> None:
        """The seasonal profile begins where it is least wrong, unless it came with the weights."""
        if model.season.harmonics and not model.season.weight.any():
            fit_profile(model.season, data.samples("train"))

    def objective(self, model: Forecaster, data: ForecastData) -> Objective:
        """The recipe's loss, in scaled units."""
        from grucli.tasks.forecast.objective import ForecastObjective

        train, valid = data.samples("train"), data.samples("valid")
        return ForecastObjective(model, data.recipe.train, train, valid)

    def calibrate(self, model: Forecaster, data: ForecastData) -> Mapping[str, Any]:
        """The errors of the validation windows, those of their first step, and where there is a
        test span ridge regression, which is judged by it.
        """
        valid = data.samples("valid")
        first = Surprise.measure(model, valid)
        is_judged = data.recipe.data.split.test != 0 and not data.whole
        ridge = None
        if is_judged:
            ridge = keep_ridge(data.exact_samples("train"), data.exact_samples("valid"))
        parts = {"first": None if first is None else first.errors, "ridge": ridge}
        kept = {name: part for name, part in parts.items() if part is not None}
        return Calibration.measure(model, valid).to_plain() | kept

    def score(
        self,
        model: Forecaster,
        data: ForecastData,
        *,
        split: SplitName,
        intervals: Intervals | None = None,
    ) -> Scores:
        """Errors beside those of the baselines; ``all`` leaves out ridge, which needs training."""
        return score_model(model, data, split=split, intervals=intervals)

    def examples(
        self,
        model: Forecaster,
        data: ForecastData,
        *,
        split: SplitName,
        count: int,
        intervals: Intervals | None = None,
    ) -> tuple[ForecastExample, ...]:
        """Forecasts and their intervals beside the truth that came."""
        return window_examples(model, data, split=split, count=count, intervals=intervals)

    def prediction_examples(
        self, prediction: Forecast, data: ForecastData
    ) -> tuple[ForecastExample, ...]:
        """The forecast beside the newest context."""
        return newest_examples(prediction, data.panel, context_steps=data.recipe.forecast.context)

    def predict(
        self,
        model: Forecaster,
        data: ForecastData,
        *,
        horizon: int | None = None,
        future: Table | None = None,
        intervals: Intervals | None = None,
    ) -> Forecast:
        """Beyond the end of the table, for the trained ``horizon`` or another number of steps."""
        return forecast_table(model, data, horizon=horizon, future=future, intervals=intervals)

    def anomalies(
        self, model: Forecaster, data: ForecastData, *, kept: Mapping[str, Any] | None
    ) -> Anomalies:
        """Errors of the forecast one step ahead."""
        return anomaly_table(model, data, kept)
