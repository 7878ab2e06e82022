"""nan: said at once, dated to its first step, and not confused with losses that are small."""

import numpy as np
import pytest
from tests.patterns.saying import leading, only

from descentry.record.finding import Severity
from descentry.testing import curves
from descentry.testing.curves import TRAIN, VAL, healthy


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("n_points", "at"), [(20, 9), (200, 0), (1000, 999), (1000, 412), (30_000, 20_001)])
def test_the_first_one_is_the_onset_and_the_detection(value: float, n_points: int, at: int) -> None:
    found = leading(curves.nan(healthy(n_points, seed=1), at=at, value=value))["nan"]
    assert found.onset_step == found.detected_at_step == at + 1
    assert found.severity is Severity.CRITICAL
    assert found.end_step is None
    assert found.facts["inf"] == float(np.isinf(value))
    assert found.facts["from_start"] == float(at == 0)


def test_a_loss_that_is_finite_again_has_recovered() -> None:
    found = only(curves.nan(healthy(1000, seed=1), at=500, n_points=2), "nan")
    assert found.severity is Severity.WARNING
    assert found.end_step == 502
    assert found.facts["recovered"] == 1.0


def test_a_nan_in_validation_is_told_of_validation() -> None:
    assert only(curves.nan(healthy(1000, seed=1), at=500, name=VAL), "nan").curve == VAL


@pytest.mark.parametrize("at", [150, 600, 900])
def test_a_fall_to_exactly_zero_is_a_hidden_nan(at: int) -> None:
    found = leading(curves.nan(healthy(1000, seed=1), at=at, value=0.0))["nan"]
    assert (found.onset_step, found.detected_at_step) == (at + 1, at + 3)
    assert found.facts["zero_before"] == 1.0


def test_zeros_before_the_nan_are_part_of_it() -> None:
    chunk = curves.nan(curves.nan(healthy(1000, seed=1), at=600, value=0.0), at=700)
    found = leading(chunk)["nan"]
    assert (found.onset_step, found.detected_at_step) == (601, 603)


def test_a_loss_learnt_down_to_zero_is_no_nan() -> None:
    values = np.maximum(3.0 * 0.97 ** np.arange(1000) - 1e-6, 0.0)
    assert "nan" not in leading(curves.with_values(healthy(1000), TRAIN, values))


def test_two_zeros_are_forgiven() -> None:
    assert leading(curves.nan(healthy(1000, seed=1), at=500, n_points=2, value=0.0)) == {}


def test_a_policy_loss_may_be_negative() -> None:
    values = 0.02 * np.random.default_rng(0).standard_normal(1000) - 0.005
    assert "nan" not in leading(curves.with_values(healthy(1000), TRAIN, values))


def test_a_cross_entropy_may_not_be_negative() -> None:
    chunk = healthy(1000, seed=1)
    values = chunk.columns[TRAIN].values.copy()
    values[700:] -= 3.0
    chunk = curves.with_values(curves.without(chunk, TRAIN), "train/ce_loss", values)
    assert leading(chunk)["nan"].onset_step == 701


def test_a_log_of_nothing_but_nan_is_told_from_the_start() -> None:
    found = leading(curves.nan(healthy(50), at=0))["nan"]
    assert "first logged step" in found.statement
