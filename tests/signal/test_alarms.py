"""Thresholds from a rate of false alarms: quantiles, spending over looks, and what a rate does to a score."""

import math

import pytest

from descentry.signal.alarms import (
    DEFAULT_RATE,
    GROWTH,
    LEAST_RATE,
    MOST_RATE,
    log_strictness,
    look,
    quantile,
    spent,
    strictness,
)

RATES = (LEAST_RATE, 1e-6, 1e-4, DEFAULT_RATE, 1e-2, 0.1, MOST_RATE)


@pytest.mark.parametrize(
    ("tail", "freedom", "known"),
    [
        (0.025, math.inf, 1.959964),
        (1e-9, math.inf, 5.997807),
        (0.025, 5.0, 2.570582),
        (1e-4, 10.0, 5.693820),
        (2.5e-6, 15.0, 6.907),
        (0.025, 100.0, 1.983972),
    ],
)
def test_quantiles_are_those_of_tables(tail: float, freedom: float, known: float) -> None:
    assert quantile(tail, freedom) == pytest.approx(known, rel=0.01)


def test_all_looks_together_spend_the_rate_and_no_more() -> None:
    assert sum(spent(k) for k in range(100_000)) == pytest.approx(1.0, abs=1e-4)
    assert all(spent(k) > spent(k + 1) > 0 for k in range(500))


def test_looks_are_counted_by_the_growth_of_the_points() -> None:
    assert look(12, 12) == look(5, 12) == look(0, 12) == 0
    counts = [12.0 * GROWTH**k for k in range(150)]
    assert [look(round(1000 * n), 12_000) for n in counts] == list(range(150))


@pytest.mark.parametrize("ended", [True, False])
def test_a_lower_rate_asks_for_more(ended: bool) -> None:
    for asked in (strictness, log_strictness):
        levels = [asked(rate, ended=ended, n_points=1000, n_first=20) for rate in RATES]
        assert levels == sorted(levels, reverse=True)
        assert len(set(levels)) == len(levels)


def test_the_default_at_the_end_of_a_long_run_asks_for_what_stands_in_the_detector() -> None:
    assert strictness(DEFAULT_RATE) == 1.0
    assert log_strictness(DEFAULT_RATE) == 1.0


def test_a_live_run_must_show_more_and_ever_more() -> None:
    live = [strictness(DEFAULT_RATE, ended=False, n_points=10**k, n_first=10) for k in range(1, 9)]
    assert live == sorted(live)
    assert 1.0 < live[0] < live[-1] < 1.5


def test_few_bins_must_show_more() -> None:
    asked = [strictness(DEFAULT_RATE, n_bins=n) for n in (10, 20, 40, 100, 200, 10**6)]
    assert asked == sorted(asked, reverse=True)
    assert asked[0] > 2.0
    assert asked[-1] == pytest.approx(1.0, abs=1e-4)
