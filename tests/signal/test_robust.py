"""Medians, spreads, bins and running medians against their obvious versions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests import naive

from descentry.record.chunk import Floats
from descentry.signal import robust
from descentry.signal.trend import running_median, slow_noise

CURVES = arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e6, 1e6))


@given(CURVES)
def test_median_is_the_middle(values: Floats) -> None:
    assert robust.median(values) == pytest.approx(naive.median(values.tolist()), rel=1e-12)


@given(arrays(np.float64, st.tuples(st.integers(1, 9), st.integers(1, 20)), elements=st.floats(-1e6, 1e6)))
def test_row_medians_are_those_of_each_row(rows: Floats) -> None:
    np.testing.assert_allclose(robust.row_medians(rows), [naive.median(row.tolist()) for row in rows])


@given(CURVES)
def test_spread_and_noise_are_the_obvious_ones(values: Floats) -> None:
    assert robust.spread(values) == pytest.approx(naive.spread(values.tolist()), rel=1e-9, abs=1e-9)
    assert robust.point_noise(values) == pytest.approx(naive.point_noise(values.tolist()), rel=1e-9, abs=1e-9)


@given(CURVES, st.integers(0, 20))
def test_running_median_is_that_of_the_neighbours(values: Floats, half: int) -> None:
    np.testing.assert_allclose(running_median(values, half), naive.running_median(values.tolist(), half))


@given(CURVES, st.integers(1, 20))
def test_bins_are_equally_filled(values: Floats, n_bins: int) -> None:
    bins = robust.binned(values, n_bins)
    assert len(bins) == min(len(values), n_bins)
    assert values.min() <= bins.min() <= bins.max() <= values.max()


@pytest.mark.parametrize("sigma", [1e-3, 1.0, 1e4])
def test_point_noise_measures_white_noise_on_a_slope(sigma: float) -> None:
    values = sigma * (np.random.default_rng(0).standard_normal(20_000) + np.arange(20_000) * 0.5)
    assert robust.point_noise(values) == pytest.approx(sigma, rel=0.05)


def test_a_few_strays_do_not_move_the_spread() -> None:
    values = np.random.default_rng(0).standard_normal(1000)
    before = robust.spread(values)
    values[::50] = 1e9
    assert robust.spread(values) == pytest.approx(before, rel=0.1)


def test_a_quantised_curve_is_not_noiseless() -> None:
    assert robust.spread(np.array([1.0] * 8 + [2.0] * 2)) > 0.0


def test_short_curves_have_no_noise() -> None:
    assert robust.spread(np.array([3.0])) == robust.point_noise(np.array([1.0, 5.0, 2.0])) == 0.0


def test_slow_noise_counts_what_neighbours_share() -> None:
    random = np.random.default_rng(0)
    white = random.standard_normal(400)
    shared = np.convolve(random.standard_normal(440), np.ones(9) / 3.0, "valid")[:400]
    assert slow_noise(white) == pytest.approx(1.0, rel=0.25)
    assert slow_noise(shared) > 1.3 * robust.spread(shared - running_median(shared, 22))


@given(CURVES, st.integers(1, 60))
def test_windows_are_all_neighbours(values: Floats, width: int) -> None:
    if width <= len(values):
        known = np.lib.stride_tricks.sliding_window_view(values, width)
        assert np.array_equal(robust.windows(values, width), known)
        assert np.array_equal(robust.windows(values[::-1], width), known[::-1, ::-1])
