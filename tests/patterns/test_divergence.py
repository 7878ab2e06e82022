"""divergence: a rise that lasts to the end of the log."""

import numpy as np
import pytest
from tests.patterns.saying import leading, only

from descentry.record.chunk import Chunk, Floats
from descentry.stream.drive import Stream
from descentry.testing import curves
from descentry.testing.curves import TRAIN, exact, healthy


@pytest.mark.parametrize("n_points", [100, 1000, 20_000])
@pytest.mark.parametrize("share", [0.4, 0.6, 0.75])
def test_a_lasting_rise_is_found(n_points: int, share: float) -> None:
    at = int(share * n_points)
    found = only(curves.divergence(healthy(n_points, seed=3), at=at, rise=2.0), "divergence")
    # A quarter of the rise has to be there before it is told from the course.
    assert at - 0.05 * n_points < found.onset_step < at + 0.35 * (n_points - at)
    assert found.onset_step <= found.detected_at_step
    assert found.end_step is None


def test_a_noise_free_rise_is_found() -> None:
    found = only(curves.divergence(exact(2000), at=1200, rise=1.5), "divergence")
    assert found.onset_step == pytest.approx(1200, abs=200)


def test_a_rise_that_comes_back_is_none() -> None:
    hump = 1.5 * np.exp(-(((np.arange(3000) - 1500) / 200.0) ** 2))
    chunk = healthy(3000, seed=1)
    assert "divergence" not in leading(curves.with_values(chunk, TRAIN, chunk.columns[TRAIN].values + hump))


def test_a_jump_to_a_new_level_is_a_divergence() -> None:
    jump = 2.0 * (np.arange(3000) > 2000)
    chunk = healthy(3000, seed=1)
    found = leading(curves.with_values(chunk, TRAIN, chunk.columns[TRAIN].values + jump))
    assert found["divergence"].onset_step == pytest.approx(2001, abs=60)
    assert found["divergence"].facts["after_spike"] == 1.0


def first_said(chunk: Chunk) -> float:
    """The step at which a growing run was first said to diverge; infinity where it never was."""
    steps = [change.step for change in Stream().feed(chunk) if change.finding.pattern == "divergence"]
    return min(steps, default=np.inf)


@pytest.mark.parametrize("seed", range(4))
def test_what_comes_back_is_never_called_so(seed: int) -> None:
    chunk = healthy(3000, seed=seed)
    k = np.arange(3000) - 1500
    decaying = np.where(k >= 0, 1.5 * np.exp(-np.maximum(k, 0) / 15.0), 0.0)
    assert first_said(curves.with_values(chunk, TRAIN, chunk.columns[TRAIN].values + decaying)) == np.inf


@pytest.mark.parametrize("seed", range(4))
def test_a_step_that_stays_is_waited_for_and_a_climb_is_not(seed: int) -> None:
    chunk = healthy(3000, seed=seed)
    k = np.arange(3000) - 1500
    step = curves.with_values(chunk, TRAIN, chunk.columns[TRAIN].values + 0.4 * (k >= 0))
    climb = curves.with_values(chunk, TRAIN, chunk.columns[TRAIN].values + np.maximum(k, 0) / 100.0)
    assert first_said(step) > 1560
    assert 1500 < first_said(climb) <= 1560


def test_what_is_said_of_a_growing_run_stays() -> None:
    chunk = curves.divergence(healthy(3000, seed=4), at=1800, rise=2.0)
    changes = [change.event for change in Stream().feed(chunk) if change.finding.pattern == "divergence"]
    assert changes == ["opened"]


def test_a_rise_within_noise_is_nothing() -> None:
    chunk = curves.divergence(healthy(3000, seed=1, sigma=0.1), at=2500, rise=0.02)
    assert "divergence" not in leading(chunk)


def test_a_negative_loss_that_falls_does_not_diverge() -> None:
    chunk = healthy(2000, seed=1)
    assert leading(curves.with_values(chunk, TRAIN, chunk.columns[TRAIN].values - 4.0)) == {}


def added(chunk: Chunk, change: Floats) -> Chunk:
    """The run with that change of its training loss, float64[n]."""
    return curves.with_values(chunk, TRAIN, chunk.columns[TRAIN].values + change)


@pytest.mark.parametrize("n_points", [300, 3000, 20_000])
@pytest.mark.parametrize("left", [0.02, 0.4])
@pytest.mark.parametrize("seed", range(3))
def test_the_end_of_a_dip_is_none(n_points: int, left: float, seed: int) -> None:
    chunk = healthy(n_points, seed=seed)
    k = np.arange(n_points) / n_points
    dip = np.where((k > 0.5) & (k < 0.7), left + (1.0 - left) * np.exp(-(k - 0.5) / 0.02), 1.0)
    chunk = curves.with_values(chunk, TRAIN, chunk.columns[TRAIN].values * dip)
    assert "divergence" not in leading(chunk)


@pytest.mark.parametrize("n_points", [500, 3000])
@pytest.mark.parametrize("seed", range(3))
def test_what_is_left_of_a_leap_that_falls_on_is_none(n_points: int, seed: int) -> None:
    k = np.arange(n_points) / n_points - 0.65
    leap = (k >= 0) * (0.3 + 2.5 * np.exp(-np.maximum(k, 0) / 0.05))
    assert "divergence" not in leading(added(healthy(n_points, seed=seed), leap))


@pytest.mark.parametrize("seed", range(3))
def test_a_stage_that_is_lost_again_slowly_is_one(seed: int) -> None:
    k = np.arange(3000)
    stage = np.where(k > 1200, -0.8, 0.0) + 0.9 * np.clip((k - 2000) / 800, 0.0, 1.0)
    assert "divergence" in leading(added(healthy(3000, seed=seed), stage))


@pytest.mark.parametrize("seed", range(3))
def test_a_leap_back_to_an_untaught_level_is_one(seed: int) -> None:
    k = np.arange(3000)
    noise = 0.02 * np.random.default_rng(seed).standard_normal(3000)
    course = np.where(k < 2200, 0.5 + 1.8 / (1.0 + np.exp((k - 900) / 80)), 2.3) + noise
    assert "divergence" in leading(curves.with_values(healthy(3000), TRAIN, course))


@pytest.mark.parametrize("seed", range(3))
def test_a_blow_up_that_settles_where_most_is_lost_is_one(seed: int) -> None:
    k = np.arange(3000) - 2000
    leap = (k >= 0) * (2.4 + 40.0 * np.exp(-np.maximum(k, 0) / 30.0))
    assert "divergence" in leading(added(healthy(3000, seed=seed), leap))


@pytest.mark.parametrize("at", [1900, 2500])
def test_a_spike_in_a_slow_rise_hides_nothing(at: int) -> None:
    rising = curves.divergence(healthy(3000, seed=2), at=1800, rise=0.6)
    assert "divergence" in leading(curves.spike(rising, at=at, height=5.0))
