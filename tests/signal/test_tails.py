"""Tails: counts are exact, and the reach is passed as seldom as it promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from descentry.record.chunk import Floats
from descentry.signal.tails import Tails
from descentry.testing.noise import NOISES

SCORES = arrays(np.float64, st.integers(1, 80), elements=st.floats(-1e7, 1e7))


@given(SCORES, st.integers(0, 80))
def test_counts_do_not_depend_on_how_scores_come(scores: Floats, cut: int) -> None:
    whole, parts = Tails(), Tails()
    whole.add(scores[None])
    parts.add(scores[None, :cut])
    parts.add(scores[None, cut:])
    np.testing.assert_array_equal(whole.up, parts.up)
    np.testing.assert_array_equal(whole.down, parts.down)
    assert (int(whole.up.sum()), int(whole.down.sum())) == (int((scores > 0).sum()), int((scores <= 0).sum()))


def test_few_points_reach_nothing() -> None:
    tails = Tails()
    assert tails.reach(0.01) == float("inf")
    tails.add(np.ones((1, 19)))
    assert tails.reach(0.01) == float("inf")


@pytest.mark.parametrize("n_points", [300, 3000, 30_000])
@pytest.mark.parametrize("name", ["white", "laplace", "student", "skewed"])
def test_noise_seldom_passes_its_own_reach(name: str, n_points: int) -> None:
    passed = 0
    for seed in range(20):
        scores = NOISES[name](np.random.default_rng(seed), n_points)
        tails = Tails()
        tails.add(scores[None])
        passed += int((scores > tails.reach(0.003)).sum())
    assert passed <= 1


def test_rarer_alarms_reach_further() -> None:
    tails = Tails()
    tails.add(np.random.default_rng(0).standard_normal((1, 5000)))
    reaches = [tails.reach(alarms) for alarms in (1.0, 0.1, 0.01, 0.001)]
    assert reaches == sorted(reaches)
    assert 3.0 < reaches[0] < reaches[-1] < 20.0


def test_spikes_do_not_raise_the_bar_for_themselves() -> None:
    scores = np.random.default_rng(0).standard_normal(5000)
    plain, spiked = Tails(), Tails()
    plain.add(scores[None])
    spiked.add(np.concatenate([scores, np.full(20, 50.0)])[None])
    assert spiked.reach(0.003) < 1.2 * plain.reach(0.003)


def longest(high: np.ndarray) -> int:
    """The longest row of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], high.astype(int), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))


@pytest.mark.parametrize("name", NOISES)
def test_noise_seldom_stays_high_for_so_long(name: str) -> None:
    too_long = 0
    for seed in range(20):
        rows = NOISES[name](np.random.default_rng(seed), 30_000).reshape(-1, 50)
        tails = Tails()
        tails.add(rows)
        high = rows.ravel() > np.quantile(rows, 0.999)
        n_excursions = int((np.diff(high.astype(int)) > 0).sum())
        too_long += longest(high) >= tails.stay(n_excursions, 0.01)
    assert too_long <= 1


def test_a_short_stay_is_enough_where_neighbours_are_strangers() -> None:
    white, sluggish = Tails(), Tails()
    white.add(NOISES["white"](np.random.default_rng(0), 10_000).reshape(-1, 50))
    sluggish.add(NOISES["autoregressive"](np.random.default_rng(0), 10_000).reshape(-1, 50))
    assert white.stay(1, 0.01) <= 3
    assert sluggish.stay(1, 0.01) > 10


def test_little_data_asks_for_a_long_stay() -> None:
    assert Tails().stay(1, 0.01) == 8
