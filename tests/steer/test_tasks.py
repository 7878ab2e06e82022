"""Weights of tasks: the closed form against descent, the ratio rule against its formula, units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.steer import naive

from descentry import UsageError
from descentry.steer import DwaSettings, DynamicWeightAverage, UncertaintySettings, UncertaintyWeighting

MEANS = st.fixed_dictionaries({name: st.floats(0.5, 4.0) for name in "abc"})  # no ratio is cut


@given(MEANS)
def test_the_closed_form_is_where_descent_ends(means: dict[str, float]) -> None:
    steerer = UncertaintyWeighting(settings=UncertaintySettings(floor=0.0))
    for step in range(3):
        weights = steerer.observe(step, means)
    assert weights == pytest.approx(naive.uncertainty_weights(means), rel=1e-6)


@given(MEANS, st.floats(1e-3, 1e3))
def test_one_unit_for_all_changes_nothing(means: dict[str, float], unit: float) -> None:
    one, other = UncertaintyWeighting(), UncertaintyWeighting()
    scaled = {name: mean * unit for name, mean in means.items()}
    assert other.observe(0, scaled) == pytest.approx(one.observe(0, means), rel=1e-9)


def test_running_means_forget_by_half_lives() -> None:
    steerer = UncertaintyWeighting(settings=UncertaintySettings(half_life=1.0, floor=0.0))
    steerer.observe(0, {"a": 4.0, "b": 1.0})
    weights = steerer.observe(1, {"a": 1.0, "b": 1.0})
    assert weights["b"] / weights["a"] == pytest.approx((0.25 * 4 + 0.5 * 1) / 0.75)


def test_a_loss_of_nothing_is_bounded_by_the_floor() -> None:
    weights = UncertaintyWeighting().observe(0, {"a": 0.0, "b": 1.0})
    assert weights == pytest.approx({"a": 1.99, "b": 0.01})


@given(MEANS, MEANS, st.floats(0.1, 10.0))
def test_as_the_ratio_rule(before: dict[str, float], last: dict[str, float], temperature: float) -> None:
    steerer = DynamicWeightAverage(settings=DwaSettings(period=2, temperature=temperature))
    for step, means in enumerate((before, before, last, last)):
        weights = steerer.observe(step, means)
        if step < 3:
            assert weights == pytest.approx(dict.fromkeys("abc", 1.0))
    assert weights == pytest.approx(naive.dwa_weights(last, before, temperature), rel=1e-9)


def test_what_falls_slowly_weighs_more_whatever_its_unit() -> None:
    steerer = DynamicWeightAverage(settings=DwaSettings(period=1))
    steerer.observe(0, {"slow": 100.0, "fast": 0.01})
    weights = steerer.observe(1, {"slow": 99.0, "fast": 0.001})
    assert weights["slow"] > 1 > weights["fast"]


def test_settings_out_of_range_are_usage_errors() -> None:
    with pytest.raises(UsageError, match="period is 0"):
        DynamicWeightAverage(settings=DwaSettings(period=0))
    with pytest.raises(UsageError, match="half_life is 0"):
        UncertaintyWeighting(settings=UncertaintySettings(half_life=0.0))
