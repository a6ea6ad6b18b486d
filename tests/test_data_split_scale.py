"""Spans stand in the order of time; scalers know the training span alone and can be undone."""

import json
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given
from hypothesis import strategies as st

from grucli.columns import Columns
from grucli.data import Scaler, Span, build_panel, fit_scaler, parse_table, split_panel
from grucli.data.readers.wanted import Wanted
from grucli.errors import CheckpointError, DataError

KINDS = ["standard", "minmax", "robust", "none"]


def panel_with(rows, time="number"):
    """A panel of so many rows, numbered from 0 or dated from 2024-01-01."""
    days = np.datetime64("2024-01-01") + np.arange(rows)
    times = range(rows) if time == "number" else days
    content = "t,a\n" + "".join(f"{when},{row}\n" for row, when in enumerate(times))
    return build_panel(parse_table(content.encode(), Wanted("t"), source="f"), Columns(("a",)))


def bounds(split):
    return [(span.start.item(), span.stop.item()) for _, span in split]


# --- splits ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ((None, 0.1, 0.2), [(0, 70), (70, 80), (80, 100)]),
        ((None, 5, 0.2), [(0, 75), (75, 80), (80, 100)]),
        ((None, 7, 11), [(0, 82), (82, 89), (89, 100)]),
        ((50, 10, 20), [(0, 50), (50, 60), (60, 80)]),
        ((0.6, 0.2, 0.2), [(0, 60), (60, 80), (80, 100)]),
        ((None, "2024-02-01", "2024-03-01"), [(0, 31), (31, 60), (60, 100)]),
        ((None, 10, "2024-03-01"), [(0, 50), (50, 60), (60, 100)]),
        (("2024-01-11", "2024-02-01", 40), [(10, 31), (31, 60), (60, 100)]),
        ((None, 10, "2024-02-29 12:00"), [(0, 50), (50, 60), (60, 100)]),
    ],
)
def test_spans_are_given_as_fractions_steps_or_times(shares, expected):
    train, valid, test = shares
    panel = panel_with(100, "date")
    assert bounds(split_panel(panel, train=train, valid=valid, test=test)) == expected


def test_the_protocol_of_etth1_leaves_later_rows_unused():
    split = split_panel(panel_with(17420), train=8640, valid=2880, test=2880)
    assert bounds(split) == [(0, 8640), (8640, 11520), (11520, 14400)]


def test_the_first_time_of_a_span_may_be_a_whole_number():
    split = split_panel(panel_with(100), train=None, valid="60", test="80")
    assert bounds(split) == [(0, 60), (60, 80), (80, 100)]


@given(
    rows=st.sampled_from([100, 200, 250, 289]),
    hundredths=st.tuples(st.integers(1, 98), st.integers(1, 98)),
)
@example(rows=100, hundredths=(29, 57))
def test_spans_follow_each_other_without_overlap_and_end_at_the_last_row(rows, hundredths):
    valid, test = hundredths
    assume(valid + test < 100)
    split = split_panel(panel_with(rows), train=None, valid=valid / 100, test=test / 100)
    assert split.train.start == 0
    assert split.train.stop == split.valid.start
    assert split.valid.stop == split.test.start
    assert split.test.stop == rows
    assert len(split.test) == Fraction(test, 100) * rows // 1
    assert len(split.valid) == Fraction(valid, 100) * rows // 1


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ((None, 60, 60), "no row for train"),
        ((None, 2**70, 20), "no row for train"),
        ((None, 0.001, 0.2), "no row for valid; expected at least 1 of the table's 100"),
        ((None, 0.1, "2025-01-01"), r"no row for test; .*\(2024-01-01 to 2024-04-09\)"),
        ((None, "2024-03-01", "2024-02-01"), "no row for valid"),
        ((80, 20, 20), "asks for 120 rows; the table has 100"),
        ((50, 10, "2024-03-01"), "a size for train beside a time"),
        ((None, 10, "01/03/2024"), "'01/03/2024' is no time of column 't'; expected one such as"),
        ((None, 10, "2024-02-30"), "is no time of column"),
        ((None, 10, "2024-03-01T00:00Z"), "is no time of column"),
        ((None, 10, "60"), "is no time of column"),
    ],
)
def test_a_split_that_does_not_fit_the_table_is_refused(shares, words):
    train, valid, test = shares
    with pytest.raises(DataError, match=words):
        split_panel(panel_with(100, "date"), train=train, valid=valid, test=test)


# --- scalers ---------------------------------------------------------------------------------
def fit(kind, values, observed=None):
    values = np.asarray(values, np.float64).reshape(len(values), -1)
    seen = np.ones(values.shape, bool) if observed is None else np.asarray(observed)
    names = tuple("abcdef"[: values.shape[1]])
    measured = (values[seen[:, place], place] for place in range(len(names)))
    return fit_scaler(kind, measured, names)


@pytest.mark.parametrize(
    ("kind", "center", "spread"),
    [
        ("standard", 4.0, np.sqrt(13.2)),
        ("minmax", 0.0, 10.0),
        ("robust", 3.0, 5.0),
        ("none", 0.0, 1.0),
    ],
)
def test_statistics_are_those_of_the_definition(kind, center, spread):
    scaler = fit(kind, [0.0, 1.0, 3.0, 6.0, 10.0])
    np.testing.assert_allclose([scaler.center[0], scaler.spread[0]], [center, spread])


def test_values_that_were_not_measured_do_not_count():
    values = np.array([[1.0], [2.0], [1e9], [3.0]])
    observed = np.array([[True], [True], [False], [True]])
    for kind in KINDS:
        assert fit(kind, values, observed).to_plain() == fit(kind, [1.0, 2.0, 3.0]).to_plain()


@pytest.mark.parametrize("kind", KINDS)
@given(
    values=st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), min_size=4, max_size=30),
    column=st.integers(-5, 5),
)
def test_unscaling_undoes_scaling_of_arrays_and_tensors(kind, values, column):
    assume(np.ptp(np.quantile(values, [0.25, 0.75])) > 0)
    both = np.stack([values, np.asarray(values) * 2.0**column], axis=1)
    scaler = fit(kind, both)
    for original in (both, torch.from_numpy(both)):
        back = scaler.unscale(scaler.scale(original))
        np.testing.assert_allclose(np.asarray(back), both, rtol=1e-9, atol=1e-6)


@given(
    values=st.lists(st.integers(-1000, 1000), min_size=3, max_size=30, unique=True),
)
def test_scaled_training_values_have_the_promised_range(values):
    standard, minmax = fit("standard", values), fit("minmax", values)
    column = np.asarray(values, float)[:, None]
    scaled = standard.scale(column)
    np.testing.assert_allclose([scaled.mean(), scaled.std()], [0, 1], atol=1e-9)
    np.testing.assert_allclose([minmax.scale(column).min(), minmax.scale(column).max()], [0, 1])


def test_some_columns_are_unscaled_with_what_is_theirs_in_any_order():
    scaler = fit("standard", [[0.0, 10.0, 5.0], [2.0, 30.0, 9.0]])
    forecast = torch.zeros(5, 3, 2, dtype=torch.float64)
    assert scaler.only(["c", "a"]).unscale(forecast)[0, 0].tolist() == [7.0, 1.0]


def test_a_scaler_without_a_column_says_so():
    scaler = fit("standard", [[0.0, 10.0], [2.0, 30.0]])
    with pytest.raises(CheckpointError, match="scaler: holds a, b, not x; expected every target"):
        scaler.only(["a", "x"])


def test_small_noise_on_a_large_offset_keeps_its_size():
    noise = np.random.default_rng(0).integers(-50, 50, 10_000) / 2.0**23
    scaler = fit("standard", 1e9 + noise)
    np.testing.assert_allclose(scaler.spread[0], noise.std(), rtol=1e-12)
    np.testing.assert_allclose(scaler.scale(1e9 + noise[:, None]).std(), 1, rtol=1e-9)


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_squares_neither_overflow_nor_vanish(size):
    np.testing.assert_allclose(
        fit("standard", np.array([1.0, 2, 3]) * size).spread[0] / size, np.sqrt(2 / 3)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_constant_column_is_named_with_its_value(kind):
    values = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 7.0]])
    observed = np.array([[True, True], [True, True], [True, False]])
    with pytest.raises(DataError, match=r"column 'b': constant, 5 in all 2 measured rows"):
        fit(kind, values, observed)


def test_a_column_without_a_finite_spread_is_refused():
    with pytest.raises(DataError, match="its standard spread over the training span is"):
        fit("standard", [-1.7e308, 0.0, 1.7e308])
    with pytest.raises(DataError, match="its robust spread over the training span is 0"):
        fit("robust", [0.0, 0.0, 0.0, 0.0, 1.0])


def test_a_column_that_was_never_measured_in_training_is_refused():
    with pytest.raises(DataError, match="no measured value in the training span"):
        fit("standard", [1.0, 2.0], np.zeros((2, 1), bool))


def test_a_scaler_survives_a_checkpoint_to_the_bit():
    scaler = fit("standard", np.random.default_rng(0).normal(size=(50, 3)))
    restored = Scaler.from_plain(json.loads(json.dumps(scaler.to_plain())))
    assert restored.to_plain() == scaler.to_plain()
    assert restored.spread.tobytes() == scaler.spread.tobytes()


@pytest.mark.parametrize(
    "plain",
    [
        None,
        {},
        {"kind": "standard", "columns": ["a"], "center": [0.0], "spread": [0.0]},
        {"kind": "standard", "columns": ["a"], "center": [0.0, 1.0], "spread": [1.0, 1.0]},
        {"kind": "best", "columns": ["a"], "center": [0.0], "spread": [1.0]},
        {"kind": "none", "columns": ["a"], "center": ["x"], "spread": [1.0]},
    ],
)
def test_a_scaler_that_grucli_did_not_write_is_refused(plain):
    with pytest.raises(CheckpointError, match="the file was changed"):
        Scaler.from_plain(plain)


def test_a_span_has_the_length_of_its_rows():
    assert len(Span(np.array([3, 20]), np.array([10, 25]))) == 12
