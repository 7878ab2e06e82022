"""Levels on both sides of a known place."""

import numpy as np
import pytest

from descentry.signal.raised import raised
from descentry.testing.noise import NOISES


def course(name: str = "white", n: int = 400, seed: int = 0) -> np.ndarray:
    return 2.0 + 0.1 * NOISES[name](np.random.default_rng(seed), n)


def test_a_rise_without_noise_is_measured_exactly() -> None:
    found = raised(np.full(50, 2.0), np.full(20, 2.5), 100)
    assert found is not None
    assert (found.before, found.size, found.score) == (2.0, 0.5, np.inf)


def test_nothing_changes_where_nothing_moves() -> None:
    found = raised(np.full(50, 2.0), np.full(20, 2.0), 100)
    assert found is not None
    assert found.score == 0.0


def test_few_values_say_nothing() -> None:
    assert raised(np.ones(7), np.ones(50), 100) is None
    assert raised(np.ones(50), np.ones(7), 100) is None


@pytest.mark.parametrize("name", NOISES)
def test_noise_alone_seldom_passes(name: str) -> None:
    scores = []
    for seed in range(300):
        y = course(name, seed=seed)
        found = raised(y[:300], y[300:], 64)
        assert found is not None
        scores.append(found.score)
    assert sum(score > 4.4 for score in scores) <= 1


def test_a_broad_rise_is_clearest_in_a_long_stretch() -> None:
    y = course(seed=3)
    found = raised(y[:300], y[300:] + 0.12, 64)
    assert found is not None
    assert found.score > 5.0
    assert found.n >= 32


def test_what_was_said_of_the_same_places_makes_up_for_the_fall() -> None:
    fall = 1.0 - 0.003 * np.arange(140)
    noise = course(seed=4, n=180) - 2.0
    before, held = fall[:100] + noise[:100], fall[100:] + noise[100:140]
    after = fall[100:] + noise[140:] + 0.1
    alone, paired = raised(before, after, 40), raised(before, after, 40, held)
    assert alone is not None
    assert paired is not None
    assert paired.score > alone.score + 1.0


def test_a_course_that_rises_is_no_leap() -> None:
    rise = 0.02 * np.arange(200)
    y = course(n=200, seed=5) + rise
    found = raised(y[:150], y[150:], 32)
    assert found is not None
    assert found.score < 4.4
