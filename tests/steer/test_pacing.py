"""Competence: the paper's formula at its ends and between; whole counts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from descentry import UsageError
from descentry.steer import Competence, CompetenceSettings, open_count


@given(st.integers(0, 2000), st.floats(0.01, 1.0))
def test_the_square_root_competence(step: int, start: float) -> None:
    pacer = Competence(CompetenceSettings(n_steps=1000, start=start))
    expected = min(1.0, math.sqrt(step * (1 - start**2) / 1000 + start**2))
    assert pacer.observe(step) == pytest.approx(expected)


def test_a_power_of_one_is_a_line() -> None:
    pacer = Competence(CompetenceSettings(n_steps=100, start=0.2, power=1.0))
    assert [round(pacer.observe(step), 12) for step in (0, 50, 100, 150)] == [0.2, 0.6, 1.0, 1.0]


def test_a_step_that_goes_back_closes_nothing() -> None:
    pacer = Competence(CompetenceSettings(n_steps=100))
    assert pacer.observe(80) == pacer.observe(10)


@pytest.mark.parametrize(
    ("share", "n", "opened"), [(0.001, 10, 1), (0.25, 10, 2), (1.0, 10, 10), (0.5, 0, 0)]
)
def test_open_count(share: float, n: int, opened: int) -> None:
    assert open_count(share, n) == opened


def test_settings_out_of_range_are_usage_errors() -> None:
    with pytest.raises(UsageError, match=r"start is 0\.0"):
        Competence(CompetenceSettings(n_steps=10, start=0.0))
    with pytest.raises(UsageError, match="n_steps is 0"):
        Competence(CompetenceSettings(n_steps=0))
