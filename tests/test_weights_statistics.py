"""Statistics against closed forms, known spectra and numpy's own."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grucli.cells.address import matrices_of
from grucli.weights.statistics import (
    eigen,
    elements,
    estimates,
    lines,
    power_law,
    random_matrix,
    singular,
)
from grucli.weights.statistics.describe import matrix_statistics
from grucli.weights.time_constants import time_constant_steps


def generator(seed=0):
    return np.random.default_rng(seed)


def orthogonal(size, seed=0):
    return np.linalg.qr(generator(seed).standard_normal((size, size)))[0]


def with_singular_values(values, seed=0):
    size = len(values)
    return orthogonal(size, seed) @ np.diag(values) @ orthogonal(size, seed + 1)


def update_name(kind="weight_hh"):
    return list(matrices_of("gru", f"{kind}_l0"))[1]


def test_an_orthogonal_matrix_keeps_every_length():
    s = singular.singular_values(orthogonal(20))
    np.testing.assert_allclose(s, 1.0)
    assert singular.departure_from_orthogonality(s) == pytest.approx(0, abs=1e-12)
    assert singular.condition_number(s) == pytest.approx(1)
    for rank in (singular.stable_rank, singular.effective_rank, singular.participation_ratio):
        assert rank(s) == pytest.approx(20)


def test_a_matrix_of_rank_one_uses_one_direction():
    s = singular.singular_values(np.outer([3.0, 0, 4], [1.0, 2, 2]))
    assert s[0] == pytest.approx(15)
    for rank in (singular.stable_rank, singular.effective_rank, singular.participation_ratio):
        assert rank(s) == pytest.approx(1)


def test_ranks_of_a_known_spectrum_are_those_of_their_formulas():
    s = singular.singular_values(with_singular_values([4.0, 2.0, 1.0]))
    p = np.array([4, 2, 1]) / 7
    assert singular.stable_rank(s) == pytest.approx(21 / 16)
    assert singular.effective_rank(s) == pytest.approx(np.exp(-(p * np.log(p)).sum()))
    assert singular.participation_ratio(s) == pytest.approx(21**2 / (256 + 16 + 1))
    assert singular.condition_number(s) == pytest.approx(4)
    assert singular.departure_from_orthogonality(s) == pytest.approx(math.sqrt((15**2 + 3**2) / 3))


@pytest.mark.parametrize("shape", [(6, 6), (6, 3), (3, 6)])
def test_the_orthogonality_defect_is_that_of_the_smaller_gram_matrix(shape):
    matrix = generator().standard_normal(shape)
    small = matrix if shape[0] <= shape[1] else matrix.T
    direct = np.linalg.norm(small @ small.T - np.eye(len(small))) / math.sqrt(len(small))
    assert singular.departure_from_orthogonality(singular.singular_values(matrix)) == pytest.approx(
        direct
    )


@pytest.mark.parametrize(
    ("matrix", "radius", "period"),
    [
        (np.diag([0.5, -2.0]), 2.0, 2.0),
        (np.diag([0.5, 2.0]), 2.0, None),
        (0.9 * np.array([[0.0, -1.0], [1.0, 0.0]]), 0.9, 4.0),
    ],
)
def test_radius_and_period_of_known_modes(matrix, radius, period):
    values = eigen.eigenvalues(matrix)
    assert eigen.spectral_radius(values) == pytest.approx(radius)
    assert eigen.leading_period(values) == (period and pytest.approx(period))


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        (np.array([[0.0, 3.0], [0.0, 0.0]]), 1.0),
        (np.array([[1.0, 2.0], [2.0, 5.0]]), 0.0),
        (np.array([[1.0, 1.0], [0.0, 1.0]]), math.sqrt(1 / 3)),
    ],
    ids=["nilpotent", "symmetric", "shear"],
)
def test_non_normality_runs_from_symmetric_to_nilpotent(matrix, expected):
    assert eigen.departure_from_normality(matrix, eigen.eigenvalues(matrix)) == pytest.approx(
        expected
    )


def test_row_and_column_norms_point_at_units_and_inputs():
    matrix = np.array([[3.0, 0.0], [4.0, 0.0]])
    assert lines.column_norms(matrix) == (5.0, 0.0)
    assert lines.row_norms(matrix) == (3.0, 4.0)


@settings(deadline=None)
@given(
    rows=st.integers(1, 12), columns=st.integers(1, 12), scale=st.floats(1e-6, 1e6),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_ranks_do_not_change_with_the_scale_of_a_matrix(rows, columns, scale, seed):
    matrix = generator(seed).standard_normal((rows, columns))
    small, large = singular.singular_values(matrix), singular.singular_values(scale * matrix)
    for rank in (singular.stable_rank, singular.effective_rank, singular.participation_ratio):
        assert rank(large) == pytest.approx(rank(small), rel=1e-6)
        assert 1 - 1e-9 <= rank(small) <= min(rows, columns) + 1e-9


@pytest.mark.parametrize("shape", [(60, 60), (60, 20), (20, 60)])
def test_singular_values_from_the_gram_matrix_are_the_same(shape):
    matrix = generator().standard_normal(shape)
    np.testing.assert_allclose(
        estimates.gram_singular_values(matrix), singular.singular_values(matrix), rtol=1e-8
    )


def test_what_the_gram_matrix_cannot_resolve_is_zero():
    s = estimates.gram_singular_values(with_singular_values([1.0, 0.5, 1e-12]))
    assert s[1] == pytest.approx(0.5)
    assert s[2] == 0.0


@pytest.mark.parametrize("size", [5, 300])
def test_arnoldi_finds_the_spectral_radius(size):
    matrix = generator().uniform(-1, 1, (size, size))
    exact = eigen.spectral_radius(eigen.eigenvalues(matrix))
    estimated = eigen.spectral_radius(estimates.leading_eigenvalues(matrix))
    assert estimated == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize("matrix", [np.zeros((4, 4)), np.eye(6), np.diag([2.0, 1, 1, 1])])
def test_arnoldi_stops_where_there_is_nothing_more_to_find(matrix):
    values = estimates.leading_eigenvalues(matrix)
    assert eigen.spectral_radius(values) == pytest.approx(float(np.max(matrix)))


def test_large_matrices_are_estimated_unless_exact_values_are_asked_for():
    matrix = generator().uniform(-1, 1, (513, 513)) / math.sqrt(513)
    fast, exact = (matrix_statistics(update_name(), matrix, exact=e) for e in (False, True))
    assert (fast.estimated, exact.estimated) == (True, False)
    assert fast.departure_from_normality is None
    assert exact.departure_from_normality == pytest.approx(math.sqrt(0.5), rel=0.02)
    for quantity in ("spectral_norm", "spectral_radius", "effective_rank", "condition_number"):
        assert getattr(fast, quantity) == pytest.approx(getattr(exact, quantity), rel=1e-2)


@pytest.mark.parametrize("shape", [(64, 64), (128, 128), (96, 40), (64, 3), (64, 1), (8, 8)])
def test_the_expected_spectrum_is_the_middle_of_drawn_ones(shape):
    source = generator(3)
    count = 60 if math.prod(shape) < 5000 else 20
    found = (source.uniform(-0.2, 0.2, shape) for _ in range(count))
    draws = [matrix_statistics(update_name(), values) for values in found]
    expected = random_matrix.expected_spectrum(*shape, 0.2 / math.sqrt(3))
    usual = 0.03 if min(shape) > random_matrix.FEW else 0.08
    tolerance = {
        "smallest_singular_value": 0.2,
        "condition_number": 0.25,
        "departure_from_normality": 0.1,
    }
    tolerance |= {"departure_from_orthogonality": 0.2} if shape[1] == 1 else {}
    for quantity, value in expected.items():
        found = [middle(getattr(draw, quantity)) for draw in draws]
        assert np.median(found) == pytest.approx(value, rel=tolerance.get(quantity, usual))


def middle(value):
    """Norms of rows or columns by their root mean square."""
    return np.sqrt(np.mean(np.square(value)))


def test_the_expected_orthogonal_spectrum_is_that_of_one():
    item = matrix_statistics(update_name(), orthogonal(16))
    for quantity, value in random_matrix.expected_orthogonal(16, 16).items():
        assert middle(getattr(item, quantity)) == pytest.approx(value, abs=1e-7)


def test_chance_crosses_the_edge_about_once_in_a_hundred():
    source = generator(5)
    crossed = 0
    for _ in range(300):
        matrix = source.standard_normal((40, 30))
        edge = random_matrix.marchenko_pastur_edge(40, 30, elements.root_mean_square(matrix))
        crossed += random_matrix.outliers(singular.singular_values(matrix), edge)
    assert 0 <= crossed <= 12


def test_learned_directions_lie_beyond_the_edge():
    noise = generator().standard_normal((60, 60))
    learned = 40 * np.outer(orthogonal(60)[0], orthogonal(60, 2)[0])
    learned += 30 * np.outer(orthogonal(60)[1], orthogonal(60, 2)[1])
    assert matrix_statistics(update_name(), noise + learned).outliers == 2


def test_a_power_law_is_found_again():
    uniform = generator(1).random(2000)
    eigenvalues = (1 - uniform) ** (-1 / (3.0 - 1))
    fit = power_law.fit_power_law(np.sort(np.sqrt(eigenvalues))[::-1])
    assert fit.exponent == pytest.approx(3.0, abs=0.25)
    assert fit.distance < 0.05


def test_no_power_law_is_fitted_to_a_few_eigenvalues_and_the_report_says_why():
    item = matrix_statistics(update_name(), generator().standard_normal((49, 60)))
    assert item.power_law_exponent is None
    assert item.power_law_note == "49 eigenvalues, fewer than 50"


def test_entries_are_described_as_numpy_does():
    values = generator().standard_normal((8, 8)).astype(np.float32)
    item = matrix_statistics(update_name(), values)
    wide = values.astype(np.float64)
    assert item.mean == pytest.approx(wide.mean())
    assert item.standard_deviation == pytest.approx(wide.std())
    assert (item.minimum, item.maximum) == (wide.min(), wide.max())
    assert item.frobenius_norm == pytest.approx(np.linalg.norm(wide))
    assert item.rms == pytest.approx(np.sqrt((wide**2).mean()))
    assert item.histogram == tuple(np.histogram(wide, bins=16)[0])
    assert (item.name, item.symbol, item.part) == ("0.update.hh", "W_hz", "hh")


def test_the_norm_of_huge_and_tiny_entries_neither_overflows_nor_vanishes():
    assert elements.norm(np.array([3e200, 4e200])) == pytest.approx(5e200)
    assert elements.norm(np.array([3e-200, 4e-200])) == pytest.approx(5e-200)


def test_near_zero_is_measured_by_the_matrix_itself():
    values = np.array([0.0, 1e-9, 1.0, -1.0])
    assert elements.near_zero_share(values) == 0.5
    assert elements.near_zero_share(1e-30 * values) == 0.5


def test_entries_that_are_not_finite_are_counted_and_left_out():
    values = np.array([[1.0, np.nan], [np.inf, 3.0]])
    item = matrix_statistics(update_name(), values)
    assert (item.not_finite, item.mean, item.maximum) == (2, 2.0, 3.0)
    assert item.spectral_norm is None
    assert sum(item.histogram) == 2


def test_a_matrix_with_nothing_finite_has_no_mean():
    item = matrix_statistics(update_name(), np.full((2, 2), np.nan))
    assert math.isnan(item.mean)
    assert item.histogram == (0,) * 16


def test_a_zero_matrix_has_no_rank_but_a_norm():
    item = matrix_statistics(update_name(), np.zeros((4, 4)))
    assert (item.frobenius_norm, item.spectral_norm, item.near_zero_share) == (0.0, 0.0, 1.0)
    assert item.stable_rank is None


def test_a_bias_has_entries_but_no_spectrum():
    item = matrix_statistics(update_name("bias_hh"), np.full(5, 2.0))
    assert (item.shape, item.symbol, item.standard_deviation) == ((5,), "b_hz", 0.0)
    assert item.spectral_norm is None
    assert item.histogram[8] == 5


def test_a_unit_that_hears_nothing_is_counted():
    matrix = generator().standard_normal((10, 10))
    matrix[3] = 0
    assert matrix_statistics(update_name(), matrix).near_zero_rows == 1


@given(bias=st.floats(-20, 20))
def test_memory_is_the_decay_that_the_gate_gives(bias):
    gate = 1 / (1 + math.exp(-bias))
    (steps,) = time_constant_steps(np.array([bias]))
    assert gate**steps == pytest.approx(math.exp(-1), rel=1e-3)


def test_an_endless_memory_is_infinite_and_no_warning():
    assert time_constant_steps(np.array([800.0]))[0] == math.inf


def test_a_signalling_nan_is_counted_without_a_warning():
    values = np.array([[0x7FA00000, 0x3F800000], [0x3F800000, 0]], dtype=np.uint32)
    assert list(elements.finite_entries(values.view(np.float32))) == [1.0, 1.0, 0.0]
