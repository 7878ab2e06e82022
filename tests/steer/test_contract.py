"""What every steerer holds to, whatever the losses: plain states, exact resumption, sums, bounds, no surprise."""

import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.steer.samples import NAMES, PACERS, SAMPLERS, STREAM, TASKS, WEIGHERS

from descentry import UsageError
from descentry.steer import Odm, Pacer, Weigher

Losses = dict[str, float]
MAKERS: dict[str, Callable[[], Weigher | Pacer]] = {**WEIGHERS, **PACERS}


def told(steerer: Weigher | Pacer) -> object:
    """What a training loop sees."""
    return (
        steerer.share if hasattr(steerer, "share") else steerer.weights,
        [(event.kind, event.message) for event in steerer.events],
    )


@pytest.mark.parametrize("kind", MAKERS)
@settings(max_examples=30)
@given(stream=STREAM, cut=st.integers(0, 50))
def test_a_resume_goes_on_exactly(kind: str, stream: list[Losses], cut: int) -> None:
    whole, first, second = (MAKERS[kind]() for _ in range(3))
    for step, losses in enumerate(stream):
        whole.observe(step, losses)
    for step, losses in enumerate(stream[:cut]):
        first.observe(step, losses)
    second.load_state_dict(json.loads(json.dumps(first.state_dict(), allow_nan=False)))
    assert told(second) == told(first)
    for step, losses in list(enumerate(stream))[cut:]:
        second.observe(step, losses)
    assert told(second) == told(whole)
    assert second.state_dict() == whole.state_dict()


@pytest.mark.parametrize("kind", SAMPLERS)
@settings(max_examples=30)
@given(stream=STREAM)
def test_sampling_weights_sum_to_one_and_stay_above_the_floor(kind: str, stream: list[Losses]) -> None:
    steerer = SAMPLERS[kind]()
    for step, losses in enumerate(stream):
        weights = steerer.observe(step, losses)
        assert weights == steerer.weights
        if weights:
            assert math.fsum(weights.values()) == pytest.approx(1.0, abs=1e-9)
            assert min(weights.values()) >= (0.05 - 1e-12 if kind != "odm_unnamed" else 0.0)


@pytest.mark.parametrize("kind", TASKS)
@settings(max_examples=30)
@given(stream=STREAM)
def test_task_weights_have_mean_one(kind: str, stream: list[Losses]) -> None:
    steerer = TASKS[kind]()
    for step, losses in enumerate(stream):
        weights = steerer.observe(step, losses)
        assert math.fsum(weights.values()) == pytest.approx(len(weights), rel=1e-9)
        assert min(weights.values()) > 0


@pytest.mark.parametrize("kind", PACERS)
@settings(max_examples=30)
@given(stream=STREAM)
def test_shares_rise_from_above_zero_to_one(kind: str, stream: list[Losses]) -> None:
    steerer = PACERS[kind]()
    last = steerer.share
    for step, losses in enumerate(stream):
        share = steerer.observe(step, losses)
        assert 0 < last <= share <= 1
        last = share


@pytest.mark.parametrize("kind", WEIGHERS)
def test_losses_that_cannot_be_used_change_nothing_and_are_told_once(kind: str) -> None:
    steerer = WEIGHERS[kind]()
    one = WEIGHERS[kind]()
    for step in range(50):
        steerer.observe(step, {"a": 3.0, "b": 2.0, "c": math.nan if step % 2 else math.inf})
        one.observe(step, {"a": 3.0, "b": 2.0} if "c" in one.weights else {"a": 3.0, "b": 2.0, "c": math.nan})
    assert steerer.weights == pytest.approx(one.weights)
    kinds = [event.kind for event in steerer.events]
    assert (kinds.count("nan"), kinds.count("inf")) == (1, 1)
    assert all(event.where for event in steerer.events)


@pytest.mark.parametrize("kind", WEIGHERS)
def test_a_domain_that_falls_silent_is_told(kind: str) -> None:
    steerer = WEIGHERS[kind]()
    for step in range(150):
        steerer.observe(step, {"a": 3.0, "b": 2.0} if step else {"a": 3.0, "b": 2.0, "c": 1.0})
    assert [event.message for event in steerer.events if event.kind == "silent"] == [
        "c: no usable loss in 100 calls; its last figures stand"
    ]


@pytest.mark.parametrize("kind", WEIGHERS)
def test_a_late_domain_joins(kind: str) -> None:
    steerer = WEIGHERS[kind]()
    for step in range(60):
        losses = dict.fromkeys(NAMES, 1.0 + 3.0 / (step + 1))
        steerer.observe(step, losses | ({"late": 5.0 - step / 30} if step >= 30 else {}))
        assert ("late" in steerer.weights) == (step >= 30)
    assert steerer.weights["late"] > 0.04
    assert [event.warning for event in steerer.events if event.kind == "joined"] == [False]


@pytest.mark.parametrize("kind", MAKERS)
def test_a_step_that_goes_back_is_told(kind: str) -> None:
    steerer = MAKERS[kind]()
    for step in (1, 2, 2, 1, 0):
        steerer.observe(step, {"a": 1.0})
    assert [event.kind for event in steerer.events if event.warning] == ["step_back"]


@pytest.mark.parametrize("kind", MAKERS)
def test_what_is_no_number_is_a_usage_error_and_changes_nothing(kind: str) -> None:
    steerer = MAKERS[kind]()
    before = steerer.state_dict()
    with pytest.raises(UsageError, match="the loss of b is of type list"):
        steerer.observe(0, {"a": 1.0, "b": [1]})  # type: ignore[dict-item]
    with pytest.raises(UsageError, match="expected a string"):
        steerer.observe(0, {"": 1.0})
    assert steerer.state_dict() == before


@pytest.mark.parametrize("kind", MAKERS)
def test_states_of_others_and_torn_states_are_usage_errors(kind: str) -> None:
    steerer = MAKERS[kind]()
    state = steerer.state_dict()
    with pytest.raises(UsageError, match="the state is of 'lion', version 1"):
        steerer.load_state_dict(state | {"kind": "lion"})
    for step in range(20):
        steerer.observe(step, {"a": 3.0, "b": 2.0})
    before = steerer.state_dict()
    with pytest.raises(UsageError, match="the state is torn"):
        steerer.load_state_dict(state | {"own": {}})
    with pytest.raises(UsageError, match="the state is torn"):
        steerer.load_state_dict({name: value for name, value in state.items() if name != "intake"})
    assert steerer.state_dict() == before


@pytest.mark.parametrize("kind", MAKERS)
def test_other_settings_than_those_saved_are_told(kind: str) -> None:
    steerer = MAKERS[kind]()
    state = steerer.state_dict()
    name = next(iter(state["settings"]))
    steerer.load_state_dict(state | {"settings": state["settings"] | {name: 123}})
    assert [event.kind for event in steerer.events] == ["settings_changed"]


@pytest.mark.parametrize("kind", WEIGHERS)
@settings(max_examples=30)
@given(stream=STREAM.map(lambda stream: [{k: v for k, v in one.items() if k != "late"} for one in stream]))
def test_the_order_of_domains_does_not_matter(kind: str, stream: list[Losses]) -> None:
    one, other = WEIGHERS[kind](), WEIGHERS[kind]()
    for step, losses in enumerate(stream):
        one.observe(step, losses)
        other.observe(step, dict(reversed(losses.items())))
    assert other.weights == pytest.approx(one.weights, rel=1e-6)


@pytest.mark.parametrize("kind", ["ado", "odm"])
def test_a_state_of_a_wrong_length_is_torn(kind: str) -> None:
    steerer = MAKERS[kind]()
    state = steerer.state_dict()
    for weights in ([0.5, 0.5], [0.5, 0.5, "nan"], None):
        with pytest.raises(UsageError, match="the state is torn"):
            steerer.load_state_dict(state | {"own": state["own"] | {"weights": weights}})


def test_a_name_comes_once() -> None:
    with pytest.raises(UsageError, match="'a' is named twice"):
        Odm(["a", "b", "a"])


def test_what_is_odd_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    steerer = Odm(NAMES)
    for step in range(3):
        steerer.observe(step, {"a": math.nan})
    assert [(record.name, record.getMessage()) for record in caplog.records] == [
        (
            "descentry.steer",
            "odm: step 0: a: the loss is not a number; it was left aside, and so will others be",
        )
    ]


def test_any_number_is_a_loss() -> None:
    weights = Odm(NAMES).observe(0, {"a": np.float32(2.0), "b": 1, "c": np.array(3.0)})
    assert math.fsum(weights.values()) == pytest.approx(1.0)
