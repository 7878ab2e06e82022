"""A window of a curve against the plain way: nothing in it lost, nothing outside it seen."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from descentry.signal.pyramid import RATIO, Pyramid, Window

VALUES = st.one_of(st.floats(-1e300, 1e300), st.sampled_from([np.nan, np.inf, -np.inf]))


def made(x: np.ndarray, values: np.ndarray, cuts: list[int]) -> Pyramid:
    pyramid = Pyramid()
    edges = sorted({0, len(x), *(cut % (len(x) + 1) for cut in cuts)})
    for a, b in pairwise(edges):
        pyramid.extend(x[a:b], values[a:b])
    return pyramid


@given(st.data(), st.integers(1, 700), st.integers(1, 40), st.lists(st.integers(0, 700), max_size=4))
def test_extremes_counts_and_ends_of_any_window_are_those_of_its_points(
    data: st.DataObject, n: int, n_columns: int, cuts: list[int]
) -> None:
    x = data.draw(arrays(np.float64, n, elements=st.integers(0, 300).map(float)))
    if data.draw(st.booleans()):
        x = np.sort(x)
    values = data.draw(arrays(np.float64, n, elements=VALUES, fill=st.just(1.0)))
    first, last = sorted(data.draw(st.tuples(st.integers(-5, 305), st.integers(-5, 305))))
    window = made(x, values, cuts).window(first, last, n_columns)
    inside = (x >= first) & (x <= last)
    finite = values[inside & np.isfinite(values)]
    assert window.n_points == inside.sum()
    assert window.n_nonfinite == inside.sum() - len(finite)
    assert len(window) <= n_columns
    assert (np.diff(window.x) >= 0).all()
    if len(finite):
        assert (np.nanmin(window.low), np.nanmax(window.high)) == (finite.min(), finite.max())
        known = ~np.isnan(window.mean)
        assert (window.low[known] <= window.mean[known]).all()
        assert (window.mean[known] <= window.high[known]).all()
    else:
        assert np.isnan(window.mean).all()
    if inside.any():
        assert (window.x[0] >= x[inside].min(), window.x[-1] <= x[inside].max()) == (True, True)


@given(st.lists(st.integers(0, 5000), max_size=5), st.integers(0, 2**32 - 1))
def test_any_cuts_give_the_same_picture(cuts: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    x = np.arange(5000.0)
    x[3000:3500] -= 700  # a resume that goes over some steps again
    values = random.normal(size=5000)
    whole, parts = (made(x, values, each).window(100, 4800, 50) for each in ([], cuts))
    for name in ("x", "low", "mean", "high"):
        np.testing.assert_allclose(getattr(whole, name), getattr(parts, name), rtol=1e-12)


def test_few_points_are_shown_as_they_are() -> None:
    window = made(np.arange(5.0), np.array([1, np.nan, 3, np.inf, 5]), []).window(0, 4, 5)
    assert window.is_exact
    np.testing.assert_array_equal(window.mean, [1, np.nan, 3, np.nan, 5])


def test_one_spike_among_many_points_is_in_every_picture() -> None:
    values = np.zeros(RATIO**5)
    values[12_345] = 7.0
    pyramid = made(np.arange(float(len(values))), values, [])
    for n_columns in (1, 10, 300, 2000):
        window = pyramid.window(-np.inf, np.inf, n_columns)
        assert (window.high.max(), window.low.min()) == (7.0, 0.0)
        assert np.isclose(_mean(window, len(values), n_columns), 7.0 / len(values), rtol=0.5)


def _mean(window: Window, n: int, n_columns: int) -> float:
    return float(window.mean.sum() / min(n, n_columns))


def test_an_empty_curve_has_an_empty_window() -> None:
    assert len(Pyramid().window(0, 1, 10)) == 0
    assert np.isnan(Pyramid().span[0])
