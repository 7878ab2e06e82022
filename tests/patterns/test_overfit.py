"""overfit: validation turns up, training does not; the onset is the validation minimum."""

import pytest
from tests.patterns.saying import leading, only

from descentry.record.finding import Severity
from descentry.testing import curves
from descentry.testing.curves import TRAIN, healthy


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
