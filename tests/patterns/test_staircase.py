"""staircase: lasting drops, and what they coincide with."""

import numpy as np
import pytest
from tests.patterns.saying import leading, only

from descentry.record.chunk import Chunk
from descentry.testing import curves
from descentry.testing.curves import TRAIN, exact, healthy


@pytest.mark.parametrize("n_points", [500, 2000, 30_000])
@pytest.mark.parametrize(("by", "fact"), [("", ""), ("lr", "rate_aligned"), ("epoch", "epoch_aligned")])
def test_drops_are_found_and_laid_beside_their_marks(n_points: int, by: str, fact: str) -> None:
    at = [int(share * n_points) for share in (0.3, 0.5, 0.7)]
    found = only(curves.staircase(healthy(n_points, seed=1), at, ratio=0.7, by=by), "staircase")
    assert found.steps == pytest.approx(at, abs=0.012 * n_points)
    assert {name for name in ("rate_aligned", "epoch_aligned") if found.facts[name] == 1.0} == {fact} - {""}


def test_noise_free_stairs_are_found() -> None:
    found = only(curves.staircase(exact(2000), [600, 1000, 1400], ratio=0.7), "staircase")
    assert found.steps == pytest.approx((600, 1000, 1400), abs=20)


def test_stairs_are_no_alarm() -> None:
    found = only(curves.staircase(healthy(2000, seed=1), [600, 1000, 1400]), "staircase")
    assert found.severity == "info"


def test_the_beginning_of_learning_is_no_stair() -> None:
    k = np.arange(2000)
    values = np.where(k < 300, 5.0, 2.0 + 1.0 * (1 + np.maximum(k - 300, 0) / 100.0) ** -0.5)
    values = values + 0.02 * np.random.default_rng(0).standard_normal(2000)
    assert "staircase" not in leading(curves.with_values(healthy(2000), TRAIN, values))


def test_the_end_of_a_spike_is_no_stair() -> None:
    chunk = curves.spike(healthy(2000, seed=1), at=1000, height=2.0, n_decay=3.0)
    assert "staircase" not in leading(chunk)


def test_a_steep_but_smooth_fall_is_no_stair() -> None:
    values = 2.0 + 1.5 / (1.0 + np.exp((np.arange(4000) - 2000) / 400.0))
    values = values + 0.02 * np.random.default_rng(0).standard_normal(4000)
    assert "staircase" not in leading(curves.with_values(healthy(4000), TRAIN, values))


def learnt(n_points: int, seed: int, middle: float, width: float, sigma: float) -> Chunk:
    """A run that leaves its first level along a sigmoid: slowly, steeply, slowly; `middle` and `width` as shares."""
    k = np.arange(n_points) / n_points
    values = 0.5 + 1.8 / (1.0 + np.exp((k - middle) / width)) + 0.1 * np.exp(-k / 0.3)
    noise = sigma * np.random.default_rng(seed).standard_normal(n_points)
    return curves.with_values(healthy(n_points), TRAIN, values + noise)


@pytest.mark.parametrize("n_points", [600, 1500, 20_000])
@pytest.mark.parametrize(("middle", "width"), [(0.06, 0.012), (0.055, 0.01), (0.08, 0.02), (0.15, 0.02)])
@pytest.mark.parametrize("sigma", [1e-6, 0.01, 0.1])
def test_the_first_descent_is_no_stair_however_it_bends(
    n_points: int, middle: float, width: float, sigma: float
) -> None:
    assert "staircase" not in leading(learnt(n_points, 1, middle, width, sigma))


@pytest.mark.parametrize("sigma", [0.01, 0.1])
def test_stairs_after_such_a_descent_are_found(sigma: float) -> None:
    found = leading(curves.staircase(learnt(2000, 1, 0.06, 0.012, sigma), [700, 1200], ratio=0.5))
    assert found["staircase"].steps == pytest.approx((700, 1200), abs=25)


@pytest.mark.parametrize("seed", range(8))
def test_noise_that_shrinks_with_the_loss_makes_no_stairs(seed: int) -> None:
    random = np.random.default_rng(seed)
    level = 0.05 + 2.0 * np.exp(-np.arange(4000) / 500.0)
    values = level * np.exp(2.0 * random.standard_normal(4000))
    assert "staircase" not in leading(curves.with_values(healthy(4000), TRAIN, values))
