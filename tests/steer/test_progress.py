"""Progress: a part that is spent opens the next, one that still falls does not, and all is open in bounded time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.steer.samples import fall

from descentry import UsageError
from descentry.steer import Progress, ProgressSettings

SETTINGS = ProgressSettings(start=0.25, growth=2.0, least=20, most=200)


def opened_at(exponent: float, unit: float = 1.0, noise: float = 0.0) -> int:
    pacer, random = Progress(SETTINGS), np.random.default_rng(0)
    for step in range(1000):
        if (
            pacer.observe(step, {"open": unit * (fall(step, 1, 4, exponent) + noise * random.normal())})
            > 0.25
        ):
            return step
    raise AssertionError("it never opened")


def test_what_falls_fast_and_ends_is_spent_first() -> None:
    assert opened_at(1.5) < opened_at(0.5) == SETTINGS.most - 1


@settings(max_examples=10)
@given(st.floats(1e-3, 1e3))
def test_the_unit_does_not_matter(unit: float) -> None:
    assert opened_at(1.5, unit) == opened_at(1.5)


def test_noise_does_not_hide_what_is_spent() -> None:
    assert opened_at(1.5, noise=0.01) < 100


def test_all_is_open_in_bounded_time_and_a_part_that_timed_out_is_told() -> None:
    pacer = Progress(SETTINGS)
    for step in range(2 * SETTINGS.most):
        pacer.observe(step, {"open": fall(step % SETTINGS.most, 1, 4, 0.3)})
    assert pacer.share == 1.0
    assert [event.kind for event in pacer.events] == ["part_timed_out"]


def test_without_losses_the_clock_goes_on() -> None:
    pacer = Progress(SETTINGS)
    for step in range(2 * SETTINGS.most):
        pacer.observe(step, {})
    assert pacer.share == 1.0


def test_settings_out_of_range_are_usage_errors() -> None:
    with pytest.raises(UsageError, match="expected 1 <= least <= most"):
        Progress(ProgressSettings(least=10, most=5))
