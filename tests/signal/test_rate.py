"""Where a learning rate rises again."""

import numpy as np
import pytest

from descentry.signal.rate import rate_rises
from descentry.signal.shape import Shape
from descentry.signal.summary import Summary
from descentry.testing.curves import cosine


def shape_of(values: np.ndarray) -> Shape:
    summary = Summary()
    summary.extend(np.arange(len(values), dtype=np.int64) + 1, values)
    return summary.shape()


@pytest.mark.parametrize("n", [300, 20_000])
def test_warm_restarts_are_quick_rises(n: int) -> None:
    k = np.arange(n) % (n // 3)
    found = rate_rises(shape_of(0.02 + 0.49 * (1 + np.cos(np.pi * k / (n // 3)))))
    assert len(found) == 2
    assert all(one.is_quick for one in found)
    assert [round(one.start / n, 2) for one in found] == [
        pytest.approx(1 / 3, abs=0.01),
        pytest.approx(2 / 3, abs=0.01),
    ]


def test_cycles_rise_slowly() -> None:
    n = 4000
    inside = (4.0 * np.arange(n) / n) % 1.0
    found = rate_rises(shape_of(0.1 + 0.9 * (1.0 - np.abs(2.0 * inside - 1.0))))
    assert len(found) == 3
    assert not any(one.is_quick for one in found)


@pytest.mark.parametrize("rates", [cosine(1000), np.full(100, 1e-3), np.linspace(1, 0, 50), np.array([1.0])])
def test_what_only_warms_up_and_falls_has_no_rise(rates: np.ndarray) -> None:
    assert rate_rises(shape_of(rates)) == []


def test_no_rate_has_none() -> None:
    assert rate_rises(None) == []


def test_a_rate_set_anew_is_one_rise_with_its_factor() -> None:
    (found,) = rate_rises(shape_of(np.concatenate([np.linspace(1.0, 0.2, 500), np.full(500, 0.8)])))
    assert found.factor == pytest.approx(4.0, rel=0.02)
    assert found.is_quick
