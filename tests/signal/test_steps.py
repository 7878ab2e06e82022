"""Courses and drops: bins against plain medians, drops where they were put, none on smooth descents."""

import numpy as np
import pytest
from tests import naive

from descentry.record.chunk import Floats
from descentry.signal.profile import Profile, profile
from descentry.signal.shape import Shape
from descentry.signal.steps import drops
from descentry.signal.summary import Summary


def shape_of(values: Floats) -> Shape:
    summary = Summary()
    summary.extend(np.arange(len(values), dtype=np.int64), values)
    return summary.shape()


def course_of(values: Floats, n_bins: int = 240) -> Profile:
    return profile(shape_of(values), n_bins)


@pytest.mark.parametrize("n_points", [1, 3, 99, 100, 101, 250, 5000])
def test_bins_are_medians_of_their_points(n_points: int) -> None:
    values = np.random.default_rng(0).standard_normal(n_points)
    course = course_of(values, 100)
    assert len(course) == min(n_points, 100)
    assert course.starts[0] == 0
    assert course.ends[-1] == n_points - 1
    width = n_points // len(course)
    slow = [naive.median(values[int(start) : int(start) + width].tolist()) for start in course.starts]
    np.testing.assert_allclose(course.y, slow)


def test_a_profile_is_made_once() -> None:
    shape = shape_of(np.arange(300.0))
    assert profile(shape) is profile(shape)
    assert profile(shape, 50) is not profile(shape)


def test_wander_is_the_noise_of_a_bin() -> None:
    course = course_of(np.random.default_rng(0).standard_normal(20_000), 100)
    assert course.noise == pytest.approx(1.0, rel=0.1)
    assert course.wander < 0.3


@pytest.mark.parametrize("sigma", [0.0, 0.02])
def test_drops_lie_where_they_were_put(sigma: float) -> None:
    k = np.arange(2400)
    values = (
        4.0 - 1.0 * (k >= 800) - 0.5 * (k >= 1600) + sigma * np.random.default_rng(0).standard_normal(2400)
    )
    course = course_of(values)
    found = drops(course, 6, 5.0)
    assert [course.starts[drop.at] for drop in found] == pytest.approx([800, 1600], abs=20)
    assert [drop.excess for drop in found] == pytest.approx([1.0, 0.5], abs=0.1)


@pytest.mark.parametrize("exponent", [0.2, 0.5, 1.0])
def test_a_convex_descent_has_no_drops(exponent: float) -> None:
    assert drops(course_of(5.0 * (1.0 + np.arange(2400) / 20.0) ** -exponent), 6, 5.0) == []


def test_a_slope_has_no_drops() -> None:
    noise = 0.01 * np.random.default_rng(0).standard_normal(2400)
    assert drops(course_of(5.0 - np.arange(2400) / 1000.0 + noise), 6, 5.0) == []


def test_a_rise_is_no_drop() -> None:
    assert drops(course_of(1.0 + (np.arange(2400) > 1200)), 6, 5.0) == []


def test_the_end_of_a_hump_is_no_drop() -> None:
    k = np.arange(2400)
    assert drops(course_of(2.0 + 1.0 * ((k > 1000) & (k < 1050))), 6, 5.0) == []


def test_too_short_a_course_has_no_drops() -> None:
    assert drops(course_of(np.array([3.0, 2.0, 1.0])), 6, 5.0) == []
