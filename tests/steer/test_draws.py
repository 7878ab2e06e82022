"""Counts: they sum up, come within one of their expectation, average to it, and go on after a resume."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from descentry import UsageError
from descentry.steer import Draws

WEIGHTS = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8).filter(lambda some: sum(some) > 1e-6)


@given(WEIGHTS, st.integers(0, 500), st.integers(0, 99))
def test_counts_sum_to_n_and_are_near_their_expectation(values: list[float], n: int, seed: int) -> None:
    weights = {str(k): value for k, value in enumerate(values)}
    counts = Draws(seed).counts(weights, n)
    assert sum(counts.values()) == n
    for name, weight in weights.items():
        assert abs(counts[name] - n * weight / sum(values)) <= 1.0 + 1e-9


def test_counts_average_to_the_weights() -> None:
    draws, weights = Draws(3), {"a": 0.05, "b": 0.25, "c": 0.7}
    drawn = [draws.counts(weights, 8) for _ in range(2000)]
    for name, weight in weights.items():
        assert np.mean([counts[name] for counts in drawn]) == pytest.approx(8 * weight, abs=0.05)


def test_a_resume_goes_on_with_the_same_draws() -> None:
    one, weights = Draws(5), {"a": 0.3, "b": 0.7}
    for _ in range(7):
        one.counts(weights, 3)
    other = Draws()
    other.load_state_dict(json.loads(json.dumps(one.state_dict())))
    assert [one.counts(weights, 3) for _ in range(20)] == [other.counts(weights, 3) for _ in range(20)]


@pytest.mark.parametrize("weights", [{}, {"a": 0.0}, {"a": -1.0, "b": 2.0}, {"a": float("nan")}])
def test_bad_weights_are_usage_errors(weights: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="cannot draw 4"):
        Draws().counts(weights, 4)


def test_a_foreign_state_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="expected 'draws'"):
        Draws().load_state_dict({"kind": "ado"})
