"""Power laws: found exactly without noise, as well as by trying with it, in any unit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.steer import naive

from descentry.steer import PowerLaw, fitted

N = np.arange(20.0, 220.0)


@pytest.mark.parametrize(("floor", "height", "exponent"), [(1.5, 3.0, 0.3), (0.5, 9.0, 0.8), (0.0, 2.0, 0.1)])
def test_a_law_without_noise_is_found(floor: float, height: float, exponent: float) -> None:
    law = fitted(N, floor + height * N**-exponent)
    assert law is not None
    assert law.exponent == pytest.approx(exponent, rel=0.1)
    assert law.loss(100.0) == pytest.approx(floor + height * 100.0**-exponent, rel=1e-3)
    assert law.speed(200.0) == pytest.approx(exponent * height * 200.0 ** (-exponent - 1), rel=0.02)


@pytest.mark.parametrize("seed", range(4))
def test_a_law_is_as_good_as_the_best_of_all_tries(seed: int) -> None:
    losses = 1.0 + 4.0 * N**-0.5 + np.random.default_rng(seed).uniform(-0.01, 0.01, len(N))
    law = fitted(N, losses)
    assert law is not None
    ours = naive.law_misfit(N.tolist(), losses.tolist(), (law.floor, law.height, law.exponent))
    assert ours <= 1.02 * naive.law_misfit(
        N.tolist(), losses.tolist(), naive.best_law(N.tolist(), losses.tolist())
    )


@given(st.floats(1e-6, 1e6), st.integers(0, 9))
def test_a_loss_in_other_units_has_the_same_exponent(unit: float, seed: int) -> None:
    losses = 1.0 + 4.0 * N**-0.5 + np.random.default_rng(seed).normal(0, 0.02, len(N))
    one, other = fitted(N, losses), fitted(N, losses * unit)
    assert one is not None
    assert other is not None
    assert other.exponent == pytest.approx(one.exponent, rel=1e-6)
    assert other.speed(300.0) == pytest.approx(one.speed(300.0) * unit, rel=1e-6)


def test_what_stands_or_rises_has_no_speed() -> None:
    for losses in (np.full(200, 3.0), np.linspace(1.0, 2.0, 200), np.zeros(200)):
        law = fitted(N, losses)
        assert law is not None
        assert law.speed(200.0) == pytest.approx(0.0, abs=1e-12)


def test_outliers_hardly_move_a_law() -> None:
    losses = 1.0 + 4.0 * N**-0.5
    spoilt = losses.copy()
    spoilt[50:55] = 50.0
    law = fitted(N, spoilt + np.random.default_rng(0).normal(0, 0.01, len(N)))
    assert law is not None
    assert law.loss(200.0) == pytest.approx(losses[-1], rel=0.1)


@pytest.mark.parametrize("n", [np.arange(1.0, 8.0), np.arange(1000.0, 1100.0), np.zeros(0)])
def test_too_little_tells_no_law(n: np.ndarray) -> None:
    assert fitted(n, 1.0 + n) is None


def test_a_law_says_what_is_left() -> None:
    law = PowerLaw(1.0, 2.0, 0.5)
    assert (law.reducible(4.0), law.loss(4.0), law.speed(4.0)) == (1.0, 2.0, 0.125)
