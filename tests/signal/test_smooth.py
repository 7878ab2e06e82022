"""Smoothing: against the obvious version, in steps, with gaps that stay gaps."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from descentry.record.errors import UsageError
from descentry.signal import averages
from descentry.signal.smooth import DEFAULTS, NONE, Smoothing, smooth, smoothing, weaker

METHODS = [
    "auto",
    "ema:0.9",
    "ema:0",
    "mean:2",
    "mean:7",
    "median:7",
    "savgol:7",
    "lowess:0.2",
    "lowess:1",
    "none",
]
CURVES = nps.arrays(np.float64, st.integers(0, 60), elements=st.floats(-1e6, 1e6))


def _naive_ema(steps: np.ndarray, values: np.ndarray, beta: float) -> list[float]:
    out = []
    for i in range(len(values)):
        weights = [beta ** (steps[i] - steps[j]) for j in range(i + 1)]
        out.append(sum(w * v for w, v in zip(weights, values, strict=False)) / sum(weights))
    return out


def _naive(values: np.ndarray, width: int, fold: object) -> list[float]:
    half, n = width // 2, len(values)
    reach = [min(half, i, n - 1 - i) for i in range(n)]
    return [fold(values[i - r : i + r + 1]) for i, r in enumerate(reach)]  # type: ignore[operator]


@given(
    CURVES, st.lists(st.integers(0, 30), min_size=60, max_size=60), st.sampled_from([0.0, 0.5, 0.9, 0.999])
)
def test_ema_is_the_weighted_mean_of_what_came(values: np.ndarray, gaps: list[int], beta: float) -> None:
    steps = np.cumsum(gaps)[: len(values)]
    got = smooth(Smoothing("ema", beta), steps, values)
    np.testing.assert_allclose(got, _naive_ema(steps, values, beta), rtol=1e-9, atol=1e-6)


def test_ema_counts_in_steps_whatever_the_stride() -> None:
    steps = np.arange(0, 4000)
    values = np.where(steps < 2000, 3.0, 2.0)
    every, tenth = (smooth(Smoothing("ema", 0.99), steps[::k], values[::k]) for k in (1, 10))
    np.testing.assert_allclose(every[2300], tenth[230], atol=6e-3)
    assert 2.0 < tenth[201] < 2.9


@given(CURVES, st.integers(2, 15))
def test_moving_windows_are_those_of_the_obvious_version(values: np.ndarray, width: int) -> None:
    steps = np.arange(len(values))
    for name, fold in (("mean", np.mean), ("median", np.median)):
        got = smooth(Smoothing(name, width), steps, values)
        np.testing.assert_allclose(got, _naive(values, width, fold), rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("method", ["mean:25", "median:25"])
def test_one_huge_value_leaves_no_trace_beyond_its_window(method: str) -> None:
    values = np.full(5000, 2.5)
    values[1000] = 1e30
    smoothed = smooth(smoothing(method), np.arange(5000), values)
    np.testing.assert_allclose(np.r_[smoothed[:980], smoothed[1020:]], 2.5, rtol=1e-12)


def test_a_median_over_too_much_is_taken_at_every_kth_point(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.linspace(5, 1, 3000) + 0.01 * np.sin(np.arange(3000))
    exact = averages.moving_median(values, 101)
    monkeypatch.setattr(averages, "MOST_SORTED", 30_000)
    np.testing.assert_allclose(averages.moving_median(values, 101), exact, atol=0.08)


@pytest.mark.parametrize("width", [5, 7, 25])
def test_savgol_keeps_cubics(width: int) -> None:
    x = np.linspace(-1, 1, 40)
    values = 1 + x - 3 * x**2 + 2 * x**3
    np.testing.assert_allclose(smooth(Smoothing("savgol", width), np.arange(40), values), values, atol=1e-9)


@pytest.mark.parametrize("width", [5, 11, 51])
def test_savgol_is_scipys(width: int) -> None:
    signal = pytest.importorskip("scipy.signal")
    values = np.random.default_rng(0).normal(size=200)
    expected = signal.savgol_filter(values, width, 3)
    np.testing.assert_allclose(
        smooth(Smoothing("savgol", width), np.arange(200), values), expected, atol=1e-9
    )


def test_lowess_keeps_lines_and_leaves_outliers_out() -> None:
    steps = np.arange(400)
    line = 3 - 0.002 * steps
    for noise, tolerance in ((0.0, 1e-6), (0.01, 0.01)):
        values = line + np.random.default_rng(0).normal(0, noise, 400)
        values[200] = 50.0
        np.testing.assert_allclose(smooth(smoothing("lowess:0.1"), steps, values), line, atol=tolerance)


def test_lowess_of_a_long_curve_follows_its_course() -> None:
    steps = np.arange(200_000)
    course = 2 + 3 * np.exp(-steps / 50_000)
    noisy = course + np.random.default_rng(1).normal(0, 0.1, len(steps))
    assert np.abs(smooth(smoothing("lowess:0.05"), steps, noisy) - course)[2000:-2000].max() < 0.02


@pytest.mark.parametrize("method", METHODS)
@given(values=nps.arrays(np.float64, st.integers(0, 40), elements=st.floats(width=64)))
def test_gaps_stay_gaps_and_nothing_breaks(method: str, values: np.ndarray) -> None:
    smoothed = smooth(smoothing(method), np.arange(len(values)), values)
    assert len(smoothed) == len(values)
    assert np.isnan(smoothed[~np.isfinite(values)]).all()
    if np.abs(values[np.isfinite(values)]).max(initial=0) < 1e300:
        assert np.isfinite(smoothed[np.isfinite(values)]).all()


@pytest.mark.parametrize("method", METHODS)
@given(level=st.floats(-1e9, 1e9), n=st.integers(1, 50))
def test_a_constant_stays_what_it_is(method: str, level: float, n: int) -> None:
    smoothed = smooth(smoothing(method), np.arange(n), np.full(n, level))
    np.testing.assert_allclose(smoothed, level, rtol=1e-9, atol=1e-9)


WRONG = "gauss:3 ema:1 ema:-1 ema:x ema:nan ema:inf mean:1 mean:2.5 mean:inf median:0 savgol:6 savgol:3"


@pytest.mark.parametrize("text", ["", *WRONG.split(), "lowess:0", "lowess:2", "none:1", "auto:2"])
def test_what_is_no_smoothing_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="no smoothing"):
        smoothing(text)


def test_words_and_numbers_are_read() -> None:
    assert smoothing("ema") == Smoothing("ema", 0.9)
    assert smoothing("ema:500") == Smoothing("ema", 1 - 1 / 500)
    assert [smoothing(str(smoothing(name))) for name in DEFAULTS] == [smoothing(name) for name in DEFAULTS]


TOLD = [
    ("ema:0.9", "ema:0.9", "ema 0.9"),
    ("ema:0.5", "ema:0.5", "ema 0.5"),
    ("ema:0.995", "ema:200", "ema over 200 steps"),
    ("ema:50000", "ema:50000", "ema over 50 000 steps"),
    ("ema:0.99371", "ema:0.99371", "ema over 159 steps"),
    ("mean:25", "mean:25", "mean 25"),
]


@pytest.mark.parametrize(("text", "told", "words"), TOLD)
def test_a_setting_is_told_as_it_can_be_given(text: str, told: str, words: str) -> None:
    how = smoothing(text)
    assert (str(how), how.words) == (told, words)
    assert smoothing(str(how)) == how


@pytest.mark.parametrize("method", [*METHODS, "ema:2", "ema:30", "ema:100000", "mean:3", "savgol:5"])
def test_weaker_settings_end_with_none(method: str) -> None:
    found = list(weaker(smoothing(method)))
    assert found[-1] == NONE
    assert all(smoothing(str(one)) == one for one in found)
    amounts = [one.amount for one in found[:-1]]
    assert amounts == sorted(amounts, reverse=True)
    assert not amounts or amounts[0] < smoothing(method).amount or math.isclose(amounts[0], 0)
