"""overfit: validation turns up, training does not; the onset is the validation minimum."""

import numpy as np
import pytest
from tests.patterns.saying import leading, only

from descentry.record.chunk import Chunk
from descentry.record.finding import Severity
from descentry.stream.drive import Stream
from descentry.testing import curves
from descentry.testing.curves import TRAIN, VAL, healthy


@pytest.mark.parametrize(("n_points", "n_validations"), [(20, 20), (200, 40), (2000, 20), (20_000, 200)])
def test_validation_that_turns_up_is_found_at_its_minimum(n_points: int, n_validations: int) -> None:
    at = int(0.4 * n_points)
    chunk = healthy(n_points, seed=1, sigma=0.02, n_validations=n_validations)
    found = only(curves.overfit(chunk, at=at, rise=0.8), "overfit")
    assert found.onset_step == pytest.approx(at, abs=0.1 * n_points)
    assert found.severity is Severity.CRITICAL


def test_a_mild_rise_is_a_warning() -> None:
    found = only(curves.overfit(healthy(2000, seed=1, n_validations=50), at=800, rise=0.2), "overfit")
    assert found.severity is Severity.WARNING


def test_validation_noise_is_no_overfitting() -> None:
    for seed in range(5):
        assert "overfit" not in leading(healthy(2000, seed=seed, sigma=0.3, n_validations=40))


def test_a_rise_of_both_is_a_divergence() -> None:
    found = leading(curves.divergence(healthy(2000, seed=1), at=1000, rise=2.0))
    assert set(found) == {"divergence"}


def test_without_validation_nothing_is_said() -> None:
    assert leading(healthy(2000, seed=1, n_validations=0)) == {}


def test_validation_alone_can_overfit() -> None:
    chunk = curves.overfit(healthy(2000, seed=1), at=800, rise=0.8)
    assert "overfit" in leading(curves.without(chunk, TRAIN))


def both(n_points: int, seed: int, share: float, rise: float = 0.2, sigma: float = 0.15) -> Chunk:
    """Validation rises by `rise` from two fifths of the run on, noisy training by that share of it."""
    chunk = healthy(n_points, seed=seed, sigma=sigma, exponent=1.5, n_validations=50)
    chunk = curves.overfit(chunk, at=int(0.4 * n_points), rise=rise)
    risen = share * rise * np.clip((np.arange(n_points) / n_points - 0.4) / 0.6, 0.0, 1.0)
    return curves.with_values(chunk, TRAIN, chunk.columns[TRAIN].values + risen)


@pytest.mark.parametrize("n_points", [500, 3000])
@pytest.mark.parametrize("seed", range(4))
def test_what_makes_both_worse_is_no_overfitting(n_points: int, seed: int) -> None:
    assert "overfit" not in leading(both(n_points, seed, share=0.7))


@pytest.mark.parametrize("n_points", [500, 3000])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("share", [0.0, -0.5])
def test_noisy_training_that_stays_or_falls_leaves_it_told(n_points: int, seed: int, share: float) -> None:
    assert "overfit" in leading(both(n_points, seed, share))


@pytest.mark.parametrize("lowest", [2.15, 2.27])
def test_one_low_validation_is_no_minimum_while_the_run_goes_on(lowest: float) -> None:
    chunk = healthy(2000, seed=1, n_validations=10)
    rows = chunk.columns[VAL].rows
    noise = 0.01 * np.random.default_rng(3).standard_normal(len(rows) - 1)
    chunk = curves.with_values(chunk, VAL, np.concatenate([[lowest], 2.28 + noise]), rows)
    stream, ever = Stream(), set[str]()
    for start in range(0, 2000, 100):
        stream.feed(chunk.take(start, start + 100))
        ever |= {one.pattern for one in stream.standing}
    assert "overfit" not in ever
