"""A steady period in a course."""

import numpy as np
import pytest

from descentry.signal.swings import residual, swing
from descentry.testing.curves import power_law


def swinging(n_cycles: float, amplitude: float, m: int = 216, noise: float = 0.01) -> np.ndarray:
    phase = 2.0 * np.pi * n_cycles * np.arange(m) / m
    return power_law(m) + amplitude * np.sin(phase) + noise * np.random.default_rng(1).standard_normal(m)


@pytest.mark.parametrize("n_cycles", [4.0, 9.0, 20.5, 33.0])
def test_the_number_of_cycles_and_the_amplitude_are_found(n_cycles: float) -> None:
    found = swing(swinging(n_cycles, 0.2))
    assert found is not None
    assert found.n_cycles == pytest.approx(n_cycles, abs=0.5)
    assert found.amplitude == pytest.approx(0.2, rel=0.15)
    assert found.share > 0.8
    assert found.score > 100


def test_white_noise_has_no_line() -> None:
    scores = [
        found.score * found.share
        for seed in range(50)
        if (found := swing(power_law(216) + 0.1 * np.random.default_rng(seed).standard_normal(216)))
    ]
    assert len(scores) == 50
    assert max(scores) < 8.0


def test_a_smooth_descent_leaves_next_to_nothing() -> None:
    y = power_law(216)
    assert np.abs(residual(y)).max() < 0.1 * np.ptp(y)


@pytest.mark.parametrize("m", [0, 5, 20, 29])
def test_too_short_a_course_has_none(m: int) -> None:
    assert swing(np.linspace(2.0, 1.0, m)) is None


def test_a_constant_course_has_no_swing_to_speak_of() -> None:
    found = swing(np.full(200, 3.0))
    assert found is not None
    assert found.amplitude == pytest.approx(0.0, abs=1e-9)
