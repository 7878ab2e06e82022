"""loss_scale_collapse: the dynamic loss scale halves again and again without recovering."""

import numpy as np
import pytest
from tests.patterns.saying import alone

from descentry.record.finding import Severity
from descentry.testing import curves_signals as signals
from descentry.testing.curves import healthy, with_values

NAME = "loss_scale_collapse"


@pytest.mark.parametrize(("n_points", "every"), [(200, 2), (2000, 3), (2000, 1), (20_000, 20)])
@pytest.mark.parametrize("floor", [1.0, 2.0**-14])
def test_halvings_without_end_are_found(n_points: int, every: int, floor: float) -> None:
    at = n_points // 2
    one = alone(signals.collapsing_scale(healthy(n_points, seed=1), at=at, every=every, floor=floor), NAME)[0]
    assert at <= one.onset_step <= at + 2 * every + 0.01 * n_points
    assert one.severity is Severity.CRITICAL
    assert one.detected_at_step <= at + 0.2 * n_points
    assert one.statement.startswith("the loss scale falls from 6.554e+04 to ")
    assert "more steps are skipped" in one.statement


def test_a_scale_that_never_holds_counts_at_its_floor() -> None:
    assert alone(signals.collapsing_scale(healthy(500), at=0, every=1), NAME)


@pytest.mark.parametrize("seed", range(4))
def test_a_scaler_at_work_is_no_collapse(seed: int) -> None:
    assert alone(signals.working_scale(healthy(3000, seed=seed), seed=seed), NAME) == []


def test_the_search_for_a_scale_is_no_collapse() -> None:
    scale = np.maximum(2.0 ** (32.0 - np.arange(2000)), 2.0**16)
    assert alone(with_values(healthy(2000), signals.SCALE, scale), NAME) == []


def test_a_few_halvings_are_no_collapse() -> None:
    scale = np.where(np.arange(2000) < 1000, 2.0**16, 2.0**12)
    assert alone(with_values(healthy(2000), signals.SCALE, scale), NAME) == []


def test_a_fall_that_recovers_is_no_collapse() -> None:
    k = np.arange(2000)
    scale = 2.0 ** np.interp(k, [0, 1000, 1020, 1200, 2000], [16, 16, 6, 15, 15]).round()
    assert alone(with_values(healthy(2000), signals.SCALE, scale), NAME) == []


def test_a_fixed_scale_says_nothing() -> None:
    assert alone(with_values(healthy(500), signals.SCALE, np.ones(500)), NAME) == []
