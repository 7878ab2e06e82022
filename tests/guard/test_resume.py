"""A schedule that begins anew at a resume is seen; warm restarts, cycles and plain resumes are not."""

import json
import math
from collections.abc import Callable

import pytest
from tests.guard.made import at_once, driven, rows

from descentry.guard.actions import ScaleLr
from descentry.guard.resume import Rates

NAN = float("nan")


def seen(rates: Rates, schedule: Callable[[int], float], first: int, last: int) -> list[tuple[int, float]]:
    """Where it asks for another rate, and by which factor, at the rows `first` to `last` - 1."""
    asked = []
    for row in range(first, last):
        rates.note(schedule(row))
        if rates.back:
            asked.append((row, rates.back))
    return asked


def linear(row: int) -> float:
    """From 1 down to 0.02, warmed up for five rows."""
    return (1.0 - 0.98 * row / 500) * min(1.0, (row + 1) / 5)


def cosine(row: int) -> float:
    return 0.55 + 0.45 * math.cos(math.pi * row / 500)


def step_decay(row: int) -> float:
    return 0.1 ** ((row >= 200) + (row >= 350))


@pytest.mark.parametrize("schedule", [linear, cosine, step_decay])
def test_a_schedule_begun_anew_is_told_once_it_rises_no_further(schedule: Callable[[int], float]) -> None:
    rates = Rates()
    assert seen(rates, schedule, 0, 400) == []
    before = rates.last
    rates.loaded()
    assert seen(rates, schedule, 400, 403) == []
    ((row, back),) = seen(rates, lambda row: schedule(row - 403), 403, 500)
    assert row - 403 < 10
    top = max(schedule(row) for row in range(10))
    assert back == pytest.approx(before / top, rel=1e-9)


@pytest.mark.parametrize("schedule", [linear, cosine, step_decay])
def test_a_resume_that_restores_its_schedule_is_left_alone(schedule: Callable[[int], float]) -> None:
    rates = Rates()
    seen(rates, schedule, 0, 400)
    rates.loaded()
    assert seen(rates, schedule, 400, 500) == []


@pytest.mark.parametrize("period", [40, 100, 130])
def test_warm_restarts_and_cycles_are_left_alone_with_a_resume_and_without(period: int) -> None:
    def restarts(row: int) -> float:
        return 0.51 + 0.49 * math.cos(math.pi * (row % period) / period)

    assert seen(Rates(), restarts, 0, 1000) == []
    for at in range(period + 5, 4 * period, 7):
        rates = Rates()
        seen(rates, restarts, 0, at)
        rates.loaded()
        assert seen(rates, restarts, at, 1000) == [], at


def test_a_rate_that_rises_long_after_the_resume_is_meant() -> None:
    rates = Rates()
    seen(rates, linear, 0, 400)
    rates.loaded()
    assert seen(rates, lambda row: linear(row) if row < 460 else linear(row - 460), 400, 700) == []


def test_a_slow_warm_up_is_told_at_the_end_of_the_window() -> None:
    rates = Rates()
    seen(rates, linear, 0, 400)
    rates.loaded()
    ((row, back),) = seen(rates, lambda row: (row - 399) / 100, 400, 600)
    assert (row, back) == (449, pytest.approx(linear(399) / 0.5))


def test_what_is_no_rate_is_passed_over() -> None:
    rates = Rates()
    assert seen(rates, lambda row: (NAN, math.inf, 0.0, -1.0)[row % 4], 0, 40) == []
    assert rates == Rates()


def test_the_guard_brings_the_rate_back_after_its_state_was_loaded() -> None:
    first, second = (at_once("resume_rate", act=True) for _ in range(2))
    told = [dict(row, lr=linear(step)) for step, row in enumerate(rows(400))]
    driven(first, told)
    assert second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    again = [dict(row, lr=linear(step)) for step, row in enumerate(rows(60))]
    driven(first, again, 400)
    driven(second, again, 400)
    assert list(first.history) == []
    ((step, deed),) = second.history
    assert step == 405
    assert deed == ScaleLr(pytest.approx(linear(399) / linear(4)), None, deed.reason)
    assert deed.reason == "resume_rate: 4.55 times the rate before"
