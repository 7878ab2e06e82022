"""sawtooth: noise that hides the progress, and only that."""

import numpy as np
import pytest
from tests.patterns.saying import leading, only

from descentry.testing import curves
from descentry.testing.curves import VAL, healthy


@pytest.mark.parametrize("n_points", [100, 1000, 3_000])
def test_noise_that_hides_the_progress_is_found(n_points: int) -> None:
    found = only(curves.sawtooth(healthy(n_points, seed=1), sigma=1.0), "sawtooth")
    assert found.severity == "warning"


def test_noise_on_validation_is_told_of_validation() -> None:
    chunk = healthy(2000, seed=1, n_validations=200)
    assert only(curves.sawtooth(chunk, sigma=1.0, name=VAL), "sawtooth").curve == VAL


@pytest.mark.parametrize("sigma", [0.0, 0.01, 0.03])
def test_moderate_noise_is_none(sigma: float) -> None:
    assert leading(healthy(2000, seed=1, sigma=sigma)) == {}


def test_noise_through_which_progress_shows_only_informs() -> None:
    chunk = healthy(2000, seed=1, sigma=0.05)
    assert only(chunk, "sawtooth").severity == "info"


@pytest.mark.parametrize("n_validations", [80, 400])
@pytest.mark.parametrize("seed", range(3))
def test_a_jitter_that_no_plot_of_the_run_shows_hides_nothing(n_validations: int, seed: int) -> None:
    chunk = healthy(4000, seed=seed, sigma=0.001, n_validations=n_validations)
    rows = chunk.columns[VAL].rows
    held = 0.44 + 1.9 * np.exp(-rows / 150.0) - 0.03 * rows / 4000
    for sigma, is_told in ((0.015, False), (0.06, True)):
        jumps = sigma * np.random.default_rng(seed).standard_normal(len(rows))
        found = leading(curves.with_values(chunk, VAL, held + jumps, rows))
        assert ("sawtooth" in found) is is_told
