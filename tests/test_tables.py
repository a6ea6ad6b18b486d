"""Every number has one row: what people read and what computes it stand under the same name."""

import dataclasses
from typing import get_args

import pytest

from grucli.recipe import TrainRecipe
from grucli.results import (
    BASELINES,
    MatrixChange,
    MatrixStatistics,
    Metric,
    MetricSet,
    Statistic,
    quantities,
    rows_of,
)
from grucli.tasks.forecast import baselines
from grucli.tasks.forecast.metrics import METRICS
from grucli.tasks.losses import LOSSES
from grucli.weights.compare import CHANGES
from grucli.weights.statistics.measures import MEASURES


def test_every_metric_has_a_function():
    assert list(METRICS) == list(rows_of(MetricSet, Metric))


def test_every_metric_that_may_be_missing_says_when():
    rows = rows_of(MetricSet, Metric)
    for field in dataclasses.fields(MetricSet):
        assert bool(rows[field.name].undefined) == (field.type == float | None)


def test_every_baseline_has_words_and_a_maker():
    assert set(baselines.BASELINES) == {item.name for item in BASELINES}


def test_every_loss_of_a_recipe_has_a_function():
    assert tuple(LOSSES) == get_args(TrainRecipe.model_fields["loss"].annotation)


@pytest.mark.parametrize(
    ("report", "measures"), [(MatrixStatistics, MEASURES), (MatrixChange, CHANGES)]
)
def test_every_statistic_has_a_heading_and_a_function(report, measures):
    computed = [name for measure in measures for name in measure.names]
    assert sorted(computed) == sorted(rows_of(report, Statistic))
    assert all(row.heading for row in rows_of(report, Statistic).values())


def test_what_holds_one_number_can_be_sorted_by_and_checked():
    lists = {"histogram", "row_norms", "column_norms"}
    assert set(quantities(MatrixStatistics)) == set(rows_of(MatrixStatistics, Statistic)) - lists


def test_columns_have_places_of_their_own():
    places = [row.place for row in rows_of(MatrixStatistics, Statistic).values() if row.rank]
    assert len(places) == len(set(places))
