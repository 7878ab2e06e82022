"""A climb at the end of a course, measured in the largest rise before it."""

import numpy as np
import pytest

from descentry.record.chunk import Floats
from descentry.signal.climb import climb


def course(n_after: int, rise: float, seed: int = 0, power: float = 1.0) -> Floats:
    """A descent under noise of 0.02, and a rise over its last values."""
    k = np.arange(400)
    fall = 2.0 + 3.0 / np.sqrt(1.0 + k / 10.0) + 0.02 * np.random.default_rng(seed).standard_normal(400)
    up = np.clip((k - 400 + n_after) / n_after, 0.0, 1.0) ** power
    return fall + rise * up


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_a_climb_is_far_above_what_rose_before_and_goes_on(power: float) -> None:
    found = climb(course(20, 1.0, power=power))
    assert found is not None
    assert 378 <= found.start <= 395
    assert found.size > 3.0 * found.past
    assert found.gain > 3.0 * found.error
    assert found.gain > 0.25 * found.size


def test_a_step_does_not_go_on() -> None:
    y = course(1, 0.0)
    y[-20:] += 1.0
    found = climb(y)
    assert found is not None
    assert found.gain < 0.1 * found.size


def test_a_spike_on_its_way_back_gains_nothing() -> None:
    y = course(1, 0.0)
    y[-20:] += np.exp(-np.arange(20) / 8.0)
    found = climb(y)
    assert found is not None
    assert found.gain < 0.0


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_no_climb(seed: int) -> None:
    found = climb(course(1, 0.0, seed))
    assert found is None or found.size < 2.0 * found.past


def test_a_swing_like_the_last_one_is_no_more_than_that() -> None:
    y = course(1, 0.0) + 0.5 * np.sin(np.arange(400) / 12.0)
    found = climb(y[:372])
    assert found is None or found.size < 2.0 * found.past


@pytest.mark.parametrize("n", [0, 5, 19])
def test_too_few_values_show_none(n: int) -> None:
    assert climb(np.arange(float(n))) is None
