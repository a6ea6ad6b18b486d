"""Many series in one panel: each is cut for itself, and nothing reaches from one into another."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from grucli.columns import Columns
from grucli.data import (
    Scaler,
    build_panel,
    build_tensors,
    join_panels,
    parse_table,
    split_panel,
    whole_span,
)
from grucli.data.readers.wanted import Wanted
from grucli.errors import DataError
from grucli.nn import Forecaster
from grucli.recipe import ForecastRecipe, recipe_from_mapping
from grucli.tasks.forecast.dataset import build_dataset
from grucli.tasks.forecast.predict import forecast_ahead
from grucli.tasks.forecast.samples import build_windows, latest_contexts
from grucli.tasks.forecast.season import find_season
from grucli.tasks.forecast.sums import naive_in_sample_mae

CPU = torch.device("cpu")


def series_of(values, *, missing="error", first=0):
    """One series as a panel; None is a missing value, times are whole numbers from ``first``."""
    cells = ("" if value is None else repr(float(value)) for value in values)
    rows = "\n".join(f"{time},{cell}" for time, cell in enumerate(cells, start=first))
    table = parse_table(f"t,a\n{rows}\n".encode(), Wanted("t"), source="f")
    return build_panel(
        table, Columns(("a",), flagged=("a",) if missing == "mask" else ()), missing=missing
    )


def panel_of(*series, missing="error", firsts=None):
    """A panel of many series, called s0, s1 and so on."""
    firsts = firsts or [0] * len(series)
    panels = [
        series_of(values, missing=missing, first=first)
        for values, first in zip(series, firsts, strict=True)
    ]
    return join_panels([replace(p, ids=(f"s{place}",)) for place, p in enumerate(panels)])


def counting(*lengths):
    """Series whose values say where they stand: 1000 * series + row."""
    return [1000 * place + np.arange(length) for place, length in enumerate(lengths)]


def tensors_of(panel):
    return build_tensors(panel, Scaler("none", ("a",), np.zeros(1), np.ones(1)), CPU)


def windows_of(panel, span, *, context, horizon, stride=1, lookback=False):
    task = ForecastRecipe(context=context, horizon=horizon, stride=stride)
    return build_windows(tensors_of(panel), span, task, lookback=lookback)


def everything(windows):
    return windows.gather(torch.arange(len(windows)))


def recipe_of(*, context, horizon, split, missing="error", scale="none"):
    return recipe_from_mapping(
        {
            "name": "many",
            "data": {
                "path": "f",
                "time": "t",
                "target": "a",
                "missing": missing,
                "scale": scale,
                "split": split,
            },
            "task": {"context": context, "horizon": horizon},
        },
        source="test",
    )


# --- bounds ----------------------------------------------------------------------------------
def test_series_stand_one_behind_the_other_between_bounds():
    panel = panel_of([1, 2], [3, 4, 5])
    assert panel.values[:, 0].tolist() == [1, 2, 3, 4, 5]
    assert (panel.bounds.tolist(), panel.ids, panel.series) == ([0, 2, 5], ("s0", "s1"), 2)


def test_a_table_is_a_panel_of_one_series():
    panel = series_of([1, 2, 3])
    assert (panel.bounds.tolist(), panel.series) == ([0, 3], 1)


@given(
    lengths=st.lists(st.integers(2, 30), min_size=1, max_size=6),
    steps=st.tuples(st.integers(1, 8), st.integers(1, 5)),
    stride=st.integers(1, 4),
    lookback=st.booleans(),
    shares=st.tuples(st.integers(1, 9), st.integers(1, 9)),
)
def test_no_sample_crosses_a_bound(lengths, steps, stride, lookback, shares):
    context, horizon = steps
    panel = panel_of(*counting(*lengths))
    valid, test = shares
    assume(max(lengths) > valid + test)
    split = split_panel(panel, train=None, valid=valid, test=test)
    for _, span in split:
        expected = [
            1000 * place + first
            for place, length in enumerate(lengths)
            for first in range(0, length, stride)
            if (start := span.start[place] - panel.bounds[place]) <= first + context
            and (lookback or start <= first)
            and first + context + horizon <= span.stop[place] - panel.bounds[place]
            and span.stop[place] > span.start[place]
        ]
        options = {"context": context, "horizon": horizon, "stride": stride}
        if not expected:
            with pytest.raises(DataError, match="no window ends between"):
                windows_of(panel, span, lookback=lookback, **options)
            continue
        windows = windows_of(panel, span, lookback=lookback, **options)
        batch = everything(windows)
        rows = torch.cat([batch.context, batch.target], dim=1)[..., 0]
        assert rows[:, 0].tolist() == expected
        assert (rows.diff(dim=1) == 1).all()
        assert torch.equal(windows.truth(torch.arange(len(windows))), batch.target.double())


@given(
    data=st.data(),
    missing=st.sampled_from(["forward", "linear", "mask"]),
    lengths=st.tuples(st.integers(6, 12), st.integers(6, 12)),
)
def test_what_is_filled_in_a_series_knows_nothing_of_the_others(data, missing, lengths):
    cells = st.one_of(st.none(), st.integers(-9, 9))
    series = [
        [0, *data.draw(st.lists(cells, min_size=length - 1, max_size=length - 1))]
        for length in lengths
    ]
    joined = panel_of(*series, missing=missing)
    together = everything(windows_of(joined, whole_span(joined), context=3, horizon=2))
    alone = []
    for values in series:
        panel = series_of(values, missing=missing)
        alone.append(everything(windows_of(panel, whole_span(panel), context=3, horizon=2)))
    for name in ("context", "target", "weight"):
        parts = [getattr(batch, name) for batch in alone]
        if getattr(together, name) is not None:
            kept = zip(parts, alone, strict=True)
            parts = [
                torch.ones_like(batch.target, dtype=torch.bool) if part is None else part
                for part, batch in kept
            ]
            assert torch.equal(getattr(together, name), torch.cat(parts))


@pytest.mark.parametrize("gap", [3, 300, 40_000])
def test_a_gap_may_be_of_any_length(gap):
    values = [*range(gap), *[None] * gap, 7]
    windows = windows_of(
        panel_of([5, 6], values, missing="linear"),
        whole_span(panel_of([5, 6], values, missing="linear")),
        context=2,
        horizon=1,
    )
    last = windows.gather(torch.tensor([len(windows) - 1]))
    assert last.context[0, :, 0].tolist() == [gap - 1, gap - 1]
    assert last.target[0, 0, 0] == 7


# --- spans -----------------------------------------------------------------------------------
def rows_of(panel, span):
    """First and last row of each series in a span, counted within the series."""
    starts = (span.start - panel.bounds[:-1]).tolist()
    return list(zip(starts, (span.stop - panel.bounds[:-1]).tolist(), strict=True))


def test_fractions_and_steps_count_within_each_series_from_its_end():
    panel = panel_of(*counting(10, 40))
    split = split_panel(panel, train=None, valid=3, test=0.2)
    assert rows_of(panel, split.test) == [(8, 10), (32, 40)]
    assert rows_of(panel, split.valid) == [(5, 8), (29, 32)]
    assert rows_of(panel, split.train) == [(0, 5), (0, 29)]


def test_a_date_cuts_all_series_alike():
    panel = panel_of(*counting(10, 40, 5), firsts=[0, 0, 90])
    split = split_panel(panel, train=None, valid="6", test="30")
    assert rows_of(panel, split.train) == [(0, 6), (0, 6), (0, 0)]
    assert rows_of(panel, split.valid) == [(6, 10), (6, 30), (0, 0)]
    assert rows_of(panel, split.test) == [(10, 10), (30, 40), (0, 5)]


@given(
    lengths=st.lists(st.integers(2, 40), min_size=1, max_size=5),
    shares=st.tuples(
        st.sampled_from([None, 3, 0.5, "4"]),
        st.sampled_from([1, 5, 0.2, "10"]),
        st.sampled_from([2, 9, 0.25, "15"]),
    ),
)
def test_spans_of_a_series_stand_in_it_in_order_and_never_overlap(lengths, shares):
    panel = panel_of(*counting(*lengths))
    train, valid, test = shares
    try:
        split = split_panel(panel, train=train, valid=valid, test=test)
    except DataError:
        return
    edges = np.stack([edge for _, span in split for edge in (span.start, span.stop)])
    assert (np.diff(edges, axis=0) >= 0).all()
    assert (edges[0] >= panel.bounds[:-1]).all()
    assert (edges[-1] <= panel.bounds[1:]).all()


def test_a_split_that_fits_no_series_says_how_long_the_longest_is():
    with pytest.raises(DataError, match=r"no row for train; .* the longest series's 6"):
        split_panel(panel_of(*counting(6, 4)), train=None, valid=4, test=4)
    with pytest.raises(DataError, match="asks for 12 rows; the longest series has 6"):
        split_panel(panel_of(*counting(6, 4)), train=4, valid=4, test=4)


# --- the data set ----------------------------------------------------------------------------
def test_series_that_are_too_short_are_left_out_and_counted():
    panel = panel_of(*counting(30, 4, 9, 30))
    recipe = recipe_of(context=4, horizon=2, split={"valid": 3, "test": 3})
    dataset = build_dataset(recipe, panel, device="cpu")
    assert set((everything(dataset.train).context[:, 0, 0] // 1000).tolist()) == {0, 3}
    assert dataset.notes == (
        "2 of 4 series are too short for a training window and were left out there",
        "1 of 4 series are too short for a validation window and were left out there",
        "1 of 4 series are too short for a test window and were left out there",
    )


def test_where_every_series_is_long_enough_there_is_no_note():
    recipe = recipe_of(context=4, horizon=2, split={"valid": 3, "test": 3})
    assert build_dataset(recipe, panel_of(*counting(30, 20)), device="cpu").notes == ()


def test_where_every_series_is_too_short_the_longest_is_named():
    recipe = recipe_of(context=20, horizon=2, split={"valid": 3, "test": 3})
    with pytest.raises(DataError, match="of 2 series the longest, 14 rows there and 0 before"):
        build_dataset(recipe, panel_of(*counting(20, 9)), device="cpu")


@pytest.mark.parametrize("missing", ["error", "linear"])
def test_three_spans_share_one_scaled_tensor_and_copy_no_original(missing):
    values = list(np.arange(50.0))
    if missing == "linear":
        values[20] = None
    panel = panel_of(values, list(range(40)), missing=missing)
    recipe = recipe_of(context=4, horizon=2, split={"valid": 9, "test": 9}, missing=missing)
    dataset = build_dataset(recipe, panel, device="cpu")
    spans = (dataset.train, dataset.valid, dataset.test)
    assert len({windows.data.scaled.data_ptr() for windows in spans}) == 1
    assert {windows.data.original.data_ptr() for windows in spans} == {panel.values.ctypes.data}
    assert len({id(windows.data.age) for windows in spans}) == 1
    age = dataset.train.data.age
    assert age is None or age.element_size() == 1


def test_the_scaler_is_fitted_on_the_training_rows_of_all_series():
    panel = panel_of([1, 2, 3, 1e6, 1e6], [5, 6, 7, 8, 1e6, 1e6])
    recipe = recipe_of(context=1, horizon=1, split={"valid": 1, "test": 1}, scale="minmax")
    scaler = build_dataset(recipe, panel, device="cpu").scaler
    assert (scaler.center.tolist(), scaler.spread.tolist()) == ([1.0], [7.0])


# --- statistics and forecasts ----------------------------------------------------------------
def test_in_sample_errors_are_taken_within_series():
    first, second = np.array([[1.0], [2.0], [4.0]]), np.array([[100.0], [105.0]])
    series = [(values, np.ones_like(values, dtype=bool)) for values in (first, second, second[:1])]
    assert naive_in_sample_mae(series, 1, None).tolist() == [(1 + 2 + 5) / 3]


def test_the_season_is_that_of_most_series_that_have_one():
    def wave(period):
        return np.sin(2 * np.pi * np.arange(120) / period)

    flat = np.random.default_rng(4).normal(size=500)
    series = [wave(7), flat, wave(12), wave(12), flat, flat]
    found = find_season(series, {}, context_steps=20)
    assert found.steps == 12
    assert found.reason.endswith("so in 2 of 6 series")
    assert find_season([flat], {24: "a day"}, context_steps=20).steps is None


def test_a_season_of_few_of_many_series_is_none():
    random = np.random.default_rng(0)
    walks = [random.normal(size=120).cumsum() for _ in range(7)]
    wave = np.sin(2 * np.pi * np.arange(120) / 7)
    assert find_season([*walks, wave], {7: "a week"}, context_steps=20).steps is None


def test_series_of_other_distances_are_refused():
    weekly = parse_table(b"t,a\n0,1\n7,2\n", Wanted("t"), source="g")
    other = build_panel(weekly, Columns(("a",)))
    panels = [replace(series_of([1, 2]), ids=("x",)), replace(other, ids=("y",))]
    what = "g: rows of y are numbered in steps of 7, those of x of f numbered one by one"
    with pytest.raises(DataError, match=what):
        join_panels(panels)


def test_notes_of_many_series_are_told_in_short():
    panel = panel_of(*[[1, None, 2]] * 5, [1, 2], missing="forward")
    assert panel.notes == (
        "s0: 1 missing value filled (forward)",
        "s1: 1 missing value filled (forward)",
        "s2: 1 missing value filled (forward)",
        "2 more series with notes like these",
    )


def test_every_series_is_forecast_from_its_newest_rows_as_if_it_were_alone():
    torch.manual_seed(0)
    model = Forecaster(hidden=4, horizon=3)
    series = counting(9, 6)
    together = panel_of(*series)
    scaler = Scaler("none", ("a",), np.array([500.0]), np.array([300.0]))
    contexts = latest_contexts(together, scaler, context_steps=5, device=CPU)
    forecasts, _ = forecast_ahead(model, contexts, together.columns, steps=7)
    for place, values in enumerate(series):
        panel = series_of(values)
        context = latest_contexts(panel, scaler, context_steps=5, device=CPU)
        alone, _ = forecast_ahead(model, context, panel.columns, steps=7)
        torch.testing.assert_close(forecasts[place], alone[0])
