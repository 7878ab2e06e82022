"""plateau: a stall above the floor; slow power laws, converged runs and ended schedules are none."""

import numpy as np
import pytest
from tests.patterns.saying import ALL, leading, only

from descentry.record.chunk import Chunk
from descentry.record.finding import Severity
from descentry.stream.drive import Stream
from descentry.testing import curves
from descentry.testing.curves import RATE, TRAIN, exact, healthy
from descentry.testing.verdicts import said


@pytest.mark.parametrize("n_points", [300, 1000, 5000, 50_000])
@pytest.mark.parametrize("share", [0.2, 0.3, 0.5])
def test_a_run_that_stops_falling_has_a_plateau(n_points: int, share: float) -> None:
    at = int(share * n_points)
    plateau = only(curves.plateau(healthy(n_points, seed=2, sigma=0.01), at=at), "plateau")
    assert plateau.onset_step == pytest.approx(at, abs=0.2 * n_points)
    assert plateau.end_step is None
    assert plateau.severity is Severity.WARNING


def test_a_noise_free_plateau_is_found() -> None:
    plateau = only(curves.plateau(exact(2000), at=600), "plateau")
    assert plateau.onset_step == pytest.approx(600, abs=300)


def test_a_stall_after_which_the_fall_resumes_has_an_end() -> None:
    k = np.arange(3000)
    values = np.interp(k, [0, 600, 1800, 3000], [5.0, 3.0, 3.0, 1.8])
    chunk = curves.with_values(
        healthy(3000), TRAIN, values + 0.03 * np.random.default_rng(0).standard_normal(3000)
    )
    (plateau,) = (one for one in said(ALL, [chunk]) if one.pattern == "plateau")
    assert plateau.onset_step == pytest.approx(600, abs=300)
    assert plateau.end_step == pytest.approx(1800, abs=300)
    assert plateau.facts["mid_run"] == 1.0


@pytest.mark.parametrize("exponent", [0.1, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("n_points", [200, 2000, 50_000])
def test_a_power_law_that_slows_down_is_no_plateau(exponent: float, n_points: int) -> None:
    for sigma in (0.0, 0.02, 0.05):
        assert "plateau" not in leading(healthy(n_points, seed=1, sigma=sigma, exponent=exponent))


def test_a_loss_near_its_floor_has_converged() -> None:
    values = 3.0 * np.exp(-np.arange(2000) / 100.0) + 0.01
    assert "plateau" not in leading(curves.with_values(healthy(2000), TRAIN, values))


def test_an_ended_schedule_explains_the_stretch() -> None:
    chunk = curves.plateau(healthy(2000, seed=2, sigma=0.01), at=600)
    chunk = curves.with_values(chunk, RATE, np.where(np.arange(2000) < 600, 3e-4, 0.0))
    assert only(chunk, "plateau").severity is Severity.INFO


@pytest.mark.parametrize("seed", range(3))
def test_a_stall_of_a_growing_run_is_told_soon_and_stays_told(seed: int) -> None:
    chunk = curves.plateau(healthy(5000, seed=seed, sigma=0.01), at=1500)
    told = [(c.event, c.step) for c in Stream().feed(chunk) if c.finding.pattern == "plateau"]
    assert [event for event, _step in told] == ["opened"]
    assert told[0][1] < 2000


def test_a_leap_up_that_hides_the_fall_is_no_stall() -> None:
    chunk = healthy(3000, seed=1, sigma=0.02)
    values = chunk.columns[TRAIN].values + 0.3 * (np.arange(3000) > 1200)
    changes = Stream().feed(curves.with_values(chunk, TRAIN, values))
    assert "plateau" not in {change.finding.pattern for change in changes}


def spent_early(share: float, seed: int = 0) -> Chunk:
    """A noisy descent whose logged rate ends after that share of the run; from there on nothing moves."""
    end = int(share * 2000)
    chunk = healthy(2000, seed=seed, sigma=0.08)
    if share < 0.9:
        chunk = curves.plateau(chunk, at=end)
    return curves.with_values(chunk, RATE, 3e-4 * np.maximum(1e-4, 1.0 - np.arange(2000) / end))


@pytest.mark.parametrize("share", [0.15, 0.3, 0.5])
def test_a_rate_that_is_spent_early_shows_why_nothing_moves(share: float) -> None:
    found = leading(spent_early(share))
    assert "plateau" in found
    assert found["plateau"].onset_step == pytest.approx(2000 * share, abs=60)
    assert "ended its schedule" in found["plateau"].statement


def test_a_rate_that_ends_with_the_run_is_no_stall() -> None:
    assert "plateau" not in leading(spent_early(0.97))
