"""The search for the rate: opened by large updates, decided by what attempts bring on the same batches."""

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from tests.guard.made import at_once

from descentry.guard.actions import Continue, RollBack
from descentry.guard.guard import Guard
from descentry.guard.rate_search import Search, begun, lower_by
from descentry.guard.rules import RateSearch
from descentry.integrations.watcher import only_goes_on

NAN, INF = float("nan"), float("inf")
POLICY: dict[str, Any] = {"rate_search": {}}
N_STEPS = 400
Course = Callable[[int, float], dict[str, float]]


def row(step: int, rate: float, best: float = 0.09, update: float = 0.2) -> dict[str, float]:
    """A training whose loss falls to a level that is lowest at the rate `best`; noise belongs to the step."""
    noise = 0.1 * float(np.random.default_rng(step).standard_normal())
    level = 2.0 + 0.1 * math.log10(rate / best) ** 2
    told = {"loss": level + math.exp(-step / 30.0) + noise, "grad_norm": 1.0 + 0.1 * abs(noise)}
    return {**told, "update_ratio": update * rate} if step % 10 == 1 else told


def trained(
    guard: Guard, course: Course = row, n_steps: int = N_STEPS
) -> Iterator[tuple[int, float, RollBack]]:
    """The roll backs that it asks for, done: with step and rate."""
    step, rate = 0, 1.0
    while step < n_steps:
        if step % 20 == 0:
            guard.saved(step)
        action = guard.observe(step, **course(step, rate))
        step += 1
        if isinstance(action, RollBack):
            yield step - 1, rate, action
            step, rate = action.to_step, rate * action.rate


def acting(policy: Any = POLICY, n_steps: int | None = N_STEPS) -> Guard:
    return at_once(policy, act=True, n_steps=n_steps, budget_s=INF)


@pytest.mark.parametrize(("best", "rates"), [
    (0.09, [1.0, 0.3, 0.09, 0.027]), (0.3, [1.0, 0.3, 0.09]), (1.0, [1.0, 0.3]),
    (0.0081, [1.0, 0.3, 0.09, 0.027, 0.0081, 0.00243]),
])  # fmt: skip
def test_it_goes_lower_for_as_long_as_that_is_better_and_back_to_the_best(
    best: float, rates: list[float]
) -> None:
    guard = acting()
    backs = list(trained(guard, lambda step, rate: row(step, rate, best)))
    assert [rate for _, rate, _ in backs] == pytest.approx(rates)
    assert all((step, back.to_step, back.skip) == (99, 0, 0) for step, _, back in backs)
    assert backs[-1][1] * backs[-1][2].rate == pytest.approx(best)
    assert guard.search is not None
    assert guard.search.is_over
    assert backs[0][2].reason.startswith("rate_search: updates of 0.2 times the weights")
    assert "times the rate against" in backs[-1][2].reason
    assert guard.faults == ()


@pytest.mark.parametrize("update", [0.001, 0.01, 0.029])
def test_usual_updates_open_nothing(update: float) -> None:
    assert list(trained(acting(), lambda step, rate: row(step, rate, update=update))) == []


def test_one_large_update_among_usual_ones_opens_nothing() -> None:
    def once(step: int, rate: float) -> dict[str, float]:
        return row(step, rate, update=0.05 if step == 41 else 0.005)

    assert list(trained(acting(), once)) == []


@pytest.mark.parametrize("first", [1.0, 0.95, NAN, INF])
def test_weights_that_began_at_nothing_tell_nothing(first: float) -> None:
    def linear(step: int, rate: float) -> dict[str, float]:
        told = row(step, rate)
        return {**told, "update_ratio": first / step} if "update_ratio" in told else told

    assert list(trained(acting(), linear)) == []


@pytest.mark.parametrize("n_steps", [None, 100, 10**9])
def test_without_a_plan_or_of_another_size_there_is_no_search(n_steps: int | None) -> None:
    guard = acting(n_steps=n_steps)
    assert guard.search is None
    assert list(trained(guard)) == []


def test_without_a_checkpoint_of_the_start_it_asks_for_nothing() -> None:
    guard = acting()
    assert all(guard.observe(step, **row(step, 1.0)) == Continue() for step in range(N_STEPS))


def test_of_a_loop_that_only_goes_on_no_attempts_are_compared() -> None:
    guard = acting()
    only_goes_on(guard)
    assert list(trained(guard)) == []


def test_a_loop_that_does_not_go_back_ends_the_search() -> None:
    """It loads the weights, and counts on."""
    guard = acting()
    for step in range(N_STEPS):
        if step % 20 == 0:
            guard.saved(step)
        guard.observe(step, **row(step, 1.0))
    assert [step for step, _ in guard.history] == [99]
    assert guard.search is not None
    assert guard.search.is_over
    assert not guard.search.is_decided


def test_advice_is_given_once() -> None:
    guard = at_once(POLICY, n_steps=N_STEPS)
    for step in range(N_STEPS):
        guard.observe(step, **row(step, 1.0))
    assert [(step, type(deed)) for step, deed in guard.history] == [(99, RollBack)]


def test_an_attempt_that_is_lost_is_followed_by_the_next() -> None:
    """At full rate it diverges before there is anything to compare."""
    policy = {
        **POLICY,
        "rules": [{"on": "nonfinite", "in_a_row": 3, "do": [{"action": "roll_back", "rate": 0.5}]}],
    }

    def lost(step: int, rate: float) -> dict[str, float]:
        told = row(step, rate)
        return {**told, "loss": NAN} if rate == 1.0 and step > 50 else told

    backs = list(trained(acting(policy), lost))
    assert [rate for _, rate, _ in backs] == pytest.approx([1.0, 0.3, 0.09, 0.027])
    assert backs[0][0] == 53
    assert backs[0][2].reason.startswith("nonfinite: ")
    assert backs[-1][1] * backs[-1][2].rate == pytest.approx(0.09)


def test_a_rate_is_decided_from_the_start_on() -> None:
    assert Search(RateSearch(), 100, 7, is_over=True).decided_from is None
    assert Search(RateSearch(), 100, 7, is_over=True, is_decided=True).decided_from == 7


def test_rates_that_are_all_alike_are_no_end() -> None:
    """At the full rate and at 0.3 times it nothing is learnt at all; lower it is."""

    def stuck(step: int, rate: float) -> dict[str, float]:
        told = row(step, min(rate, 0.3))
        return {**told, "loss": told["loss"] + 0.02 * math.sin(step * (1.0 + rate))}

    backs = list(trained(acting(), stuck))
    assert [rate for _, rate, _ in backs] == pytest.approx([1.0, 0.3, 0.09, 0.027])
    assert backs[-1][1] * backs[-1][2].rate == pytest.approx(0.09)


def test_attempts_are_bounded() -> None:
    guard = acting({"rate_search": {"most": 2}})
    assert [rate for _, rate, _ in trained(guard, lambda step, rate: row(step, rate, 1e-6))] == [1.0, 0.3]


def test_a_state_goes_on_with_the_search() -> None:
    first, second = acting(), acting()
    for step in range(95):
        if step == 0:
            first.saved(0)
        first.observe(step, **row(step, 1.0))
    assert second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    said = [second.observe(step, **row(step, 1.0)) for step in range(95, 100)]
    assert isinstance(said[-1], RollBack)
    assert second.search == first.search or second.search is not None


def test_a_search_begins_where_steps_are_planned() -> None:
    assert begun(None, 1000) is None
    search = begun(RateSearch(share=0.1), 1000)
    assert search is not None
    assert search.horizon == 100


def test_differences_are_judged_by_the_medians_of_blocks() -> None:
    steps = range(100)
    old = {step: 2.0 + 0.5 * math.sin(step) for step in steps}
    new = {step: old[step] - 0.1 + 0.01 * math.cos(3 * step) for step in steps}
    assert lower_by(new, old, 60) < -20
    assert lower_by(old, new, 60) > 20
    assert lower_by({**new, 70: 1e9}, old, 60) < -20
    assert lower_by(old, old, 60) == 0.0
    assert lower_by(new, {**old, 70: NAN}, 60) == -INF
    assert lower_by({**new, 70: INF}, old, 60) == INF
    assert lower_by(new, old, 95) == INF
    assert (
        abs(
            lower_by(
                {s: float(np.random.default_rng(s).standard_normal()) for s in steps},
                dict.fromkeys(steps, 0.0),
                0,
            )
        )
        < 4
    )
