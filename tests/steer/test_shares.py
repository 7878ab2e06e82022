"""Shares: sum, floor, order, and what newcomers take."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.steer import naive

from descentry.steer.shares import floored, prior_shares, widened

VALUES = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=9)


@given(VALUES, st.floats(0.0, 1.0))
def test_as_the_obvious_version(values: list[float], part: float) -> None:
    floor = part / len(values)
    found = floored(np.array(values), floor)
    assert found == pytest.approx(naive.floored(values, floor), abs=1e-9)
    assert found.sum() == pytest.approx(1.0, abs=1e-12)
    assert found.min() >= floor - 1e-12


@given(VALUES, st.floats(0.0, 1.0), st.floats(1e-9, 1e9))
def test_unit_and_order_do_not_matter(values: list[float], part: float, unit: float) -> None:
    floor = part / len(values)
    order = np.random.default_rng(len(values)).permutation(len(values))
    array = np.array(values)
    found = floored(array, floor)
    assert floored(array * unit, floor) == pytest.approx(found, abs=1e-9)
    assert floored(array[order], floor) == pytest.approx(found[order], abs=1e-9)


@pytest.mark.parametrize("values", [[0.0, 0.0], [5.0, 5.0], [1e308, 1e308]])
def test_equal_values_share_alike(values: list[float]) -> None:
    assert floored(np.array(values), 0.1).tolist() == [0.5, 0.5]


def test_extremes() -> None:
    assert floored(np.array([1.0, 0.0, 0.0]), 0.1) == pytest.approx([0.8, 0.1, 0.1])
    assert floored(np.array([3.0, 1.0]), 0.9).tolist() == [0.5, 0.5]
    assert floored(np.zeros(0), 0.1).tolist() == []


def test_a_name_without_a_prior_gets_the_mean() -> None:
    assert prior_shares(["a", "b", "c"], {"a": 1.0, "b": 3.0}) == pytest.approx([1 / 6, 3 / 6, 2 / 6])
    assert prior_shares(["a", "b"], None) == pytest.approx([0.5, 0.5])


def test_newcomers_leave_the_others_in_proportion() -> None:
    assert widened(np.array([0.75, 0.25]), np.array([0.2])) == pytest.approx([0.6, 0.2, 0.2])
    assert widened(np.zeros(0), np.array([0.2, 0.2])) == pytest.approx([0.5, 0.5])
