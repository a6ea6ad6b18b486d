"""No context sees past its end, no target leaves its span, and no overlap is copied."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from grucli.columns import Columns
from grucli.data import (
    Scaler,
    Span,
    build_panel,
    build_tensors,
    fit_scaler,
    measured_columns,
    parse_table,
    read_table,
    split_panel,
    whole_span,
)
from grucli.data.readers.wanted import Wanted
from grucli.errors import DataError
from grucli.recipe import ForecastRecipe
from grucli.tasks.forecast.samples import build_windows, latest_contexts

CPU = torch.device("cpu")
DATA = Path(__file__).parent.parent / "data"


def panel_of(values, missing="error", targets=1):
    """A panel of a matrix [N, C] in which NaN stands for a missing value."""
    cells = [["" if np.isnan(value) else repr(float(value)) for value in row] for row in values]
    names = [f"c{column}" for column in range(len(values[0]))]
    lines = [",".join(["t", *names]), *(f"{i},{','.join(row)}" for i, row in enumerate(cells))]
    table = parse_table("\n".join(lines).encode(), Wanted("t"), source="f")
    flagged = table.columns if missing == "mask" else ()
    columns = Columns(table.columns[:targets], past=table.columns[targets:], flagged=flagged)
    return build_panel(table, columns, missing=missing)


def unscaled(panel):
    """A scaler that changes nothing."""
    names = panel.columns.values
    return Scaler("none", names, np.zeros(len(names)), np.ones(len(names)))


def span_of(start, stop):
    """Rows of a single series."""
    return Span(np.array([start]), np.array([stop]))


def windows_of(panel, span, *, context=3, horizon=2, stride=1, lookback=False, scaler=None):
    tensors = build_tensors(panel, scaler or unscaled(panel), CPU)
    task = ForecastRecipe(context=context, horizon=horizon, stride=stride)
    return build_windows(tensors, span, task, lookback=lookback)


def everything(windows):
    return windows.gather(torch.arange(len(windows)))


def counting(rows, columns=1):
    """Values that say where they stand: row + 100 * column."""
    return np.arange(rows, dtype=float)[:, None] + 100 * np.arange(columns)


# --- which windows ---------------------------------------------------------------------------
@given(
    rows=st.integers(2, 60),
    steps=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    start=st.integers(0, 59),
    stride=st.integers(1, 7),
    lookback=st.booleans(),
)
def test_windows_are_all_that_fit_their_span(rows, steps, start, stride, lookback):
    assume(start < rows)
    context, horizon = steps
    panel, span = panel_of(counting(rows)), span_of(start, rows)
    expected = [
        first
        for first in range(0, rows, stride)
        if first + context + horizon <= rows
        and first + context >= start
        and (lookback or first >= start)
    ]
    options = {"context": context, "horizon": horizon, "stride": stride, "lookback": lookback}
    if not expected:
        with pytest.raises(DataError, match=f"need {context + horizon} for one window"):
            windows_of(panel, span, **options)
        return
    windows = windows_of(panel, span, **options)
    assert windows.samples.starts(torch.arange(len(windows))).tolist() == expected
    batch = everything(windows)
    assert batch.target.shape == (len(expected), horizon, 1)
    assert batch.target.min() >= start
    assert batch.weight is None
    for first, seen, ahead in zip(expected, batch.context, batch.target, strict=True):
        assert seen[:, 0].tolist() == list(range(first, first + context))
        assert ahead[:, 0].tolist() == list(range(first + context, first + context + horizon))


@pytest.mark.parametrize(("horizon", "count"), [(96, 2785), (192, 2689), (336, 2545), (720, 2161)])
def test_the_protocol_of_etth1_has_all_its_test_windows(horizon, count):
    panel = panel_of(counting(17420))
    split = split_panel(panel, train=8640, valid=2880, test=2880)
    test = windows_of(panel, split.test, context=96, horizon=horizon, lookback=True)
    train = windows_of(panel, split.train, context=96, horizon=horizon)
    assert len(test) == count
    assert len(train) == 8640 - 96 - horizon + 1


def test_every_window_of_the_adding_problem_is_one_episode():
    table = read_table(
        str(DATA / "adding.csv.gz"), Wanted("step", columns=["sum", "value", "marker"])
    )
    panel = build_panel(table, Columns(("sum",), past=("value", "marker")))
    split = split_panel(panel, train=None, valid=0.1, test=0.1)
    for name, span in split:
        windows = windows_of(
            panel, span, context=100, horizon=1, stride=101, lookback=name != "train"
        )
        batch = everything(windows)
        total = (batch.context[..., 1] * batch.context[..., 2]).sum(dim=1)
        assert len(windows) == len(span) // 101
        torch.testing.assert_close(batch.target[:, 0, 0], total)
        assert batch.context[:, :50, 2].sum(dim=1).unique().tolist() == [1]
        assert batch.context[:, 50:, 2].sum(dim=1).unique().tolist() == [1]
        assert not batch.context[..., 0].any()


def test_a_series_that_is_too_short_is_told_what_it_needs():
    panel = panel_of(counting(20))
    with pytest.raises(DataError) as caught:
        windows_of(panel, span_of(10, 20), context=9, horizon=2)
    assert str(caught.value).startswith(
        "f: no window ends between 10 and 19: have 10 rows there and 10 before; need 11 for one "
        "window (task.context 9 + task.horizon 2)"
    )


# --- what a batch holds ----------------------------------------------------------------------
def test_targets_come_first_and_are_scaled_with_the_rest():
    panel = panel_of(counting(8, columns=3), targets=2)
    scaler = Scaler(
        "standard", panel.columns.values, np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 8.0])
    )
    windows = windows_of(panel, span_of(0, 8), scaler=scaler)
    batch = windows.gather(torch.tensor([2]))
    expected = (counting(8, columns=3) - [1, 2, 3]) / [2, 4, 8]
    np.testing.assert_allclose(batch.context[0], expected[2:5], rtol=1e-6)
    np.testing.assert_allclose(batch.target[0], expected[5:7, :2], rtol=1e-6)


def test_windows_are_gathered_in_the_order_asked_for_also_twice():
    windows = windows_of(panel_of(counting(12)), span_of(0, 12))
    batch = windows.gather(torch.tensor([5, 0, 5]))
    assert batch.context[:, 0, 0].tolist() == [5, 0, 5]


def test_flags_follow_the_inputs_and_say_what_was_measured():
    values = counting(8, columns=2)
    values[3, 0] = values[4, 1] = np.nan
    panel = panel_of(values, missing="mask")
    context = windows_of(panel, span_of(0, 8)).gather(torch.tensor([2])).context[0]
    assert context.tolist() == [[2, 102, 1, 1], [2, 103, 0, 1], [4, 103, 1, 0]]


def test_filled_values_are_never_targets():
    values = counting(8, columns=2)
    values[3, 0] = values[5, 1] = values[6, 1] = np.nan
    windows = windows_of(panel_of(values, missing="linear", targets=2), span_of(0, 8))
    weight = everything(windows).weight
    assert weight.tolist() == [
        [[False, True], [True, True]],
        [[True, True], [True, False]],
        [[True, False], [True, False]],
        [[True, False], [True, True]],
    ]


def test_overlapping_windows_share_their_memory():
    windows = windows_of(panel_of(counting(5000)), span_of(0, 5000), context=2000, horizon=1000)
    assert len(windows) == 2001
    assert windows.data.scaled.untyped_storage().nbytes() == 5000 * 4
    assert windows.samples.offset.numel() + windows.samples.stop.numel() == 2


# --- no hindsight ----------------------------------------------------------------------------
@given(data=st.data(), missing=st.sampled_from(["forward", "linear", "mask"]))
def test_no_context_changes_with_anything_that_comes_after_it(data, missing):
    rows, columns = 16, 2
    cells = st.one_of(st.just(np.nan), st.integers(-9, 9).map(float))
    matrix = st.lists(
        st.lists(cells, min_size=columns, max_size=columns), min_size=rows, max_size=rows
    )
    values = np.array([[0.0] * columns, *data.draw(matrix)])
    changed = np.array([[0.0] * columns, *data.draw(matrix)])
    end = data.draw(st.integers(4, rows - 2))
    changed[:end] = values[:end]
    contexts = []
    for table in (values, changed):
        windows = windows_of(panel_of(table, missing=missing), span_of(0, rows), context=4)
        contexts.append(windows.gather(torch.tensor([end - 4])).context)
    assert torch.equal(*contexts)


def test_a_gap_closed_within_a_context_is_a_line_and_an_open_one_is_carried():
    values = counting(10)
    values[[3, 4]] = np.nan
    windows = windows_of(panel_of(values, missing="linear"), span_of(0, 10), context=4, horizon=1)
    contexts = everything(windows).context[..., 0].tolist()
    assert contexts[0] == [0, 1, 2, 2]
    assert contexts[1] == [1, 2, 2, 2]
    assert contexts[2] == [2, 3, 4, 5]


def test_the_context_of_a_forecast_is_that_of_a_window_at_the_end():
    values = counting(10, columns=2)
    values[5, 0] = values[8:, 1] = np.nan
    for missing in ("forward", "linear", "mask"):
        history = panel_of(values, missing=missing)
        newest = latest_contexts(history, unscaled(history), context_steps=6, device=CPU)
        longer = panel_of(np.vstack([values, counting(2, columns=2)]), missing=missing)
        window = windows_of(longer, span_of(0, 12), context=6).gather(torch.tensor([4]))
        assert torch.equal(newest, window.context)


def test_too_short_a_history_is_told_what_the_model_reads():
    panel = panel_of(counting(5))
    with pytest.raises(DataError, match="f: 5 rows of history; the model reads 6"):
        latest_contexts(panel, unscaled(panel), context_steps=6, device=CPU)


@given(data=st.data(), kind=st.sampled_from(["standard", "minmax", "robust"]))
def test_no_statistic_comes_from_beyond_the_training_span(data, kind):
    rows = data.draw(st.lists(st.integers(-99, 99), min_size=20, max_size=20))
    later = data.draw(st.lists(st.integers(-(10**6), 10**6), min_size=8, max_size=8))
    rows[:4] = [0, 1, 50, 60]
    plain = []
    for values in (rows, rows[:12] + later):
        panel = panel_of(np.array(values, float)[:, None])
        span = split_panel(panel, train=None, valid=4, test=4).train
        scaler = fit_scaler(kind, measured_columns(panel, span), panel.columns.values)
        plain.append(scaler.to_plain())
    assert plain[0] == plain[1]


def test_a_value_too_large_for_float32_is_named():
    values = counting(8)
    values[6] = 1e130
    with pytest.raises(DataError, match="column 'c0': 1e\\+130 at 6 is too large for float32"):
        windows_of(panel_of(values), span_of(0, 8))


def test_scaling_is_done_before_rounding_to_float32():
    noise = np.random.default_rng(0).normal(size=50)
    panel = panel_of((1e9 + noise)[:, None])
    measured = measured_columns(panel, whole_span(panel))
    scaler = fit_scaler("standard", measured, panel.columns.values)
    windows = windows_of(panel, whole_span(panel), context=40, horizon=10, scaler=scaler)
    expected = (noise[:40] - noise.mean()) / noise.std()
    np.testing.assert_allclose(everything(windows).context[0, :, 0], expected, atol=1e-6)


def test_a_filled_target_does_not_know_what_comes_after_it():
    days = np.datetime64("2024-01-01") + np.arange(30)

    def gathered(last):
        values = [*map(str, range(20)), *[""] * 5, *[str(last)] * 5]
        rows = "\n".join(f"{day},{value}" for day, value in zip(days, values, strict=True))
        table = parse_table(f"t,a\n{rows}\n".encode(), Wanted("t", columns=["a"]), source="f")
        panel = build_panel(table, Columns(("a",)), missing="linear")
        windows = windows_of(panel, span_of(0, 23), context=4, horizon=3)
        return windows.gather(torch.arange(len(windows))).target

    assert torch.equal(gathered(50), gathered(-50))
