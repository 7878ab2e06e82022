"""Growth that has set in: a bend from a settled course, told apart from leaps, bursts and what levels off."""

import numpy as np
import pytest

from descentry.record.chunk import Floats
from descentry.signal.growth import growth, was_settled


def course(n: int, at: int, rate: float, sigma: float = 0.05, seed: int = 0) -> Floats:
    """A level that grows by `rate` a value from value `at` on."""
    noise = sigma * np.random.default_rng(seed).standard_normal(n)
    return noise + rate * np.maximum(0.0, np.arange(n) - at)


@pytest.mark.parametrize("at", [30, 60, 85])
def test_a_bend_without_noise_is_found_exactly(at: int) -> None:
    found = growth(course(100, at, 0.1, sigma=0.0))
    assert found is not None
    assert found.onset == at
    assert found.rate == pytest.approx(0.1)
    assert found.rise == pytest.approx(0.1 * (99 - at))
    assert found.ahead(10) == pytest.approx(found.rise + 1.0)


@pytest.mark.parametrize("seed", range(5))
def test_noise_moves_the_bend_by_little(seed: int) -> None:
    found = growth(course(100, 60, 0.05, seed=seed))
    assert found is not None
    assert found.onset == pytest.approx(60, abs=6)
    assert found.score > 12.0


@pytest.mark.parametrize("seed", range(40))
def test_noise_alone_has_no_bend_worth_the_name(seed: int) -> None:
    found = growth(course(100, 100, 0.0, seed=seed))
    assert found is None or found.score < 6.0


def test_a_rise_to_a_new_level_is_no_growth() -> None:
    assert growth(np.where(np.arange(100) >= 70, 2.0, 0.0)) is None


def test_a_burst_of_the_last_values_is_no_growth() -> None:
    y = course(100, 100, 0.0)
    y[-3:] += 2.0
    assert growth(y) is None


def test_growth_from_the_start_on_is_no_bend() -> None:
    assert growth(0.05 * np.arange(100.0)) is None or growth(0.05 * np.arange(100.0)).score < 1.0  # type: ignore[union-attr]


def test_few_values_have_no_growth() -> None:
    assert growth(np.arange(10.0)) is None
    assert growth(np.empty(0)) is None


def test_what_levels_off_was_never_settled() -> None:
    t = np.arange(100) / 100
    assert not was_settled(np.log(4.0 + 40.0 * (1.0 - np.exp(-3.0 * t))), 25)
    assert was_settled(course(100, 50, 0.05), 50)
    assert not was_settled(np.zeros(3), 1)
