"""flat: nothing is learnt from the first step to the last; a slow start is something else."""

import numpy as np
import pytest
from tests.patterns.saying import leading, only

from descentry.record.finding import Severity
from descentry.stream.drive import Stream
from descentry.testing import curves
from descentry.testing.curves import TRAIN, healthy


@pytest.mark.parametrize("sigma", [0.0, 1e-4, 0.01, 0.05])
@pytest.mark.parametrize("n_points", [20, 300, 5000, 100_000])
def test_a_run_on_its_starting_level_is_flat(n_points: int, sigma: float) -> None:
    found = leading(curves.flat(healthy(n_points, n_validations=10), sigma=sigma))
    assert found["flat"].onset_step == 1
    assert set(found) == {"flat"}


def test_a_log_of_zeros_is_told_without_a_crash() -> None:
    assert "flat" in leading(curves.with_values(curves.exact(500), TRAIN, np.zeros(500)))


def test_a_late_start_is_no_flat_run() -> None:
    course = np.where(np.arange(2000) < 1400, 0.0, -1.5 * (1 - np.exp(-(np.arange(2000) - 1400) / 100)))
    chunk = curves.flat(healthy(2000))
    chunk = curves.with_values(chunk, TRAIN, chunk.columns[TRAIN].values + course)
    assert "flat" not in leading(chunk)


def test_a_slow_descent_is_no_flat_run() -> None:
    values = 2.3 - 0.3 * np.arange(2000) / 2000 + 0.02 * np.random.default_rng(0).standard_normal(2000)
    assert "flat" not in leading(curves.with_values(healthy(2000), TRAIN, values))


def test_flat_explains_its_own_noise() -> None:
    assert only(curves.flat(healthy(1000), sigma=0.05), "flat").severity == "critical"


def test_a_live_run_has_time_to_begin() -> None:
    chunk, stream = curves.flat(healthy(3000), sigma=0.05), Stream()
    severities = dict[int, Severity]()
    for start in range(0, 3000, 50):
        stream.feed(chunk.take(start, start + 50))
        for one in stream.standing:
            if one.pattern == "flat":
                severities[start + 50] = one.severity
    told_at = min(at for at, severity in severities.items() if severity is Severity.CRITICAL)
    assert min(severities) < 300
    assert {severity for at, severity in severities.items() if at < told_at} == {Severity.INFO}
    assert 1000 <= told_at <= 1150
