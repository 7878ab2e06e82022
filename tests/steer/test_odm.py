"""ODM: Algorithm 1, the bound of its exploration, and where its weights lean."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.steer import naive

from descentry import UsageError
from descentry.steer import Odm, OdmSettings
from descentry.steer.odm import exploration

NAMES = ("a", "b", "c")
STREAM = st.lists(st.dictionaries(st.sampled_from(NAMES), st.floats(0.0, 12.0)), max_size=80)


@given(STREAM, st.floats(0.0, 0.99))
def test_as_algorithm_1(stream: list[dict[str, float]], smoothing: float) -> None:
    odm, obvious = Odm(NAMES, OdmSettings(smoothing=smoothing)), naive.Odm(NAMES, smoothing)
    for step, losses in enumerate(stream):
        assert odm.observe(step, losses) == pytest.approx(obvious.observe(losses), rel=1e-9)


def test_exploration_falls_from_equal_shares() -> None:
    assert exploration(5, 1) == 0.2
    assert exploration(5, 1000) == pytest.approx(math.sqrt(math.log(5) / 5000))
    assert exploration(1, 10) == 0.0


def test_a_high_loss_is_drawn_more_and_none_less_than_its_exploration() -> None:
    odm = Odm(NAMES, OdmSettings(is_importance_weighted=False))
    for step in range(200):
        weights = odm.observe(step, {"a": 1.0, "b": 2.0, "c": 6.0})
        assert min(weights.values()) >= exploration(3, step + 1) - 1e-12
    assert weights["c"] > weights["b"] > weights["a"]


def test_the_warm_up_draws_alike() -> None:
    odm = Odm(NAMES, OdmSettings(warmup=10))
    for step in range(10):
        assert odm.observe(step, {"a": 9.0}) == pytest.approx(dict.fromkeys(NAMES, 1 / 3))
    assert odm.observe(10, {"a": 9.0})["a"] > 1 / 3


def test_huge_losses_are_no_overflow() -> None:
    odm = Odm(NAMES)
    for step in range(50):
        weights = odm.observe(step, {"a": 1e99, "b": 1.0, "c": 1.0})
    assert all(map(math.isfinite, weights.values()))


def test_settings_out_of_range_are_usage_errors() -> None:
    with pytest.raises(UsageError, match=r"smoothing is 1\.5, expected 0 to 1"):
        Odm(NAMES, OdmSettings(smoothing=1.5))
