"""Abrupt changes of level."""

import numpy as np
import pytest

from descentry.signal.leaps import leaps
from descentry.testing.curves import power_law


def stepped(
    m: int = 240, at: int = 120, size: float = 1.0, slope: float = 0.0, noise: float = 0.0
) -> np.ndarray:
    t = np.arange(m)
    return 5.0 + slope * t / m + size * (t >= at) + noise * np.random.default_rng(3).standard_normal(m)


@pytest.mark.parametrize("slope", [-3.0, 0.0, 2.0])
@pytest.mark.parametrize("size", [0.5, 2.0])
def test_a_step_on_a_line_has_its_place_and_its_size(slope: float, size: float) -> None:
    found = leaps(stepped(slope=slope, size=size), 10, 4.0)
    assert [one.at for one in found] == [120]
    assert found[0].size == pytest.approx(size, abs=0.03)


def test_a_step_down_is_found_by_its_sign_alone() -> None:
    y = stepped(size=-1.0, noise=0.02)
    assert leaps(y, 10, 4.0) == []
    down = leaps(y, 10, 4.0, sign=-1)
    assert len(down) == 1
    assert down[0].size == pytest.approx(-1.0, abs=0.05)
    assert down[0].before > down[0].after


def test_what_lasts_and_what_comes_back_differ_in_what_is_kept() -> None:
    lasting = leaps(stepped(noise=0.02), 10, 4.0)[0]
    bump = stepped(noise=0.02)
    bump[130:] -= 1.0
    (gone,) = leaps(bump, 10, 4.0)
    assert lasting.kept == pytest.approx(1.0, abs=0.1)
    assert gone.kept == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("exponent", [0.2, 0.5, 1.0])
def test_a_bent_descent_has_no_step(exponent: float) -> None:
    assert leaps(power_law(240, exponent=exponent), 10, 3.0) == []


def test_two_steps_are_two_and_no_two_lie_within_a_window() -> None:
    y = stepped(at=80, noise=0.01) + (np.arange(240) >= 160)
    assert [one.at for one in leaps(y, 10, 4.0)] == [80, 160]


@pytest.mark.parametrize("m", [0, 1, 7, 15])
def test_too_few_values_have_none(m: int) -> None:
    assert leaps(np.arange(m, dtype=float), 4, 3.0) == []


def test_a_scale_plays_no_part() -> None:
    y = stepped(noise=0.1)
    assert [one.at for one in leaps(1e6 * y, 10, 4.0)] == [one.at for one in leaps(y, 10, 4.0)]
