"""Rises that are no trouble of their own: ends of dips, and what is left of leaps that have come back."""

import numpy as np
import pytest

from descentry.record.chunk import Floats
from descentry.signal.leap_back import Rise, ends_dip, has_fallen_back

M = 200
K = np.arange(M)
DESCENT = 2.0 + 3.0 * np.exp(-K / 15.0)


def rise_of(y: Floats, before: int) -> Rise:
    """The rise from the lowest stretch before that bin to the last tenth."""
    return Rise(before, float(np.median(y[before - 10 : before])), float(np.median(y[-20:])), float(y[0]), 20)


def dipped(factor: float = 1.0) -> Floats:
    return DESCENT - factor * 1.5 * ((K >= 100) & (K < 140))


def leapt(left: float = 0.3, height: float = 2.5) -> Floats:
    return DESCENT + (K >= 140) * (left + height * np.exp(-np.maximum(K - 140, 0) / 8.0))


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
def test_a_dip_ends_at_the_level_that_it_began_from(scale: float) -> None:
    y = scale * dipped()
    assert ends_dip(y, rise_of(y, 140))
    assert not has_fallen_back(y, rise_of(y, 140))


def test_a_dip_without_an_edge_on_either_side_is_none() -> None:
    only_descent = DESCENT + 1.0 * (K >= 140)
    slowly_back = dipped() + 1.5 * ((K >= 100) & (K < 140)) * np.clip((K - 110) / 30.0, 0.0, 1.0)
    assert not ends_dip(only_descent, rise_of(only_descent, 140))
    assert not ends_dip(slowly_back, rise_of(slowly_back, 112))


def test_a_dip_deeper_than_twice_what_was_learnt_is_all_that_was_learnt() -> None:
    y = np.where(K < 140, 0.5 + 1.8 / (1.0 + np.exp((K - 100) / 3.0)), 2.3)
    assert not ends_dip(y, rise_of(y, 140))


def test_a_leap_of_which_a_quarter_or_less_is_left_has_fallen_back() -> None:
    assert has_fallen_back(leapt(), rise_of(leapt(), 140))
    assert not has_fallen_back(leapt(left=1.0), rise_of(leapt(left=1.0), 140))


def test_a_blow_up_that_costs_most_of_the_descent_has_not() -> None:
    assert not has_fallen_back(leapt(2.0, 50.0), rise_of(leapt(2.0, 50.0), 140))


def test_a_course_that_goes_on_rising_after_its_leap_has_not() -> None:
    y = DESCENT + 0.6 * np.clip((K - 140) / 50.0, 0.0, 1.0)
    y[145] += 5.0
    assert not has_fallen_back(y, rise_of(y, 140))
