"""Rates and silences, from the run's own pace."""

import math

import numpy as np

from descentry.watch.pace import N_KEPT, Pace


def steady(distance_s: float, n: int = 20) -> Pace:
    pace = Pace()
    for k in range(n):
        pace.arrive(1, 1000.0 + k * distance_s)
    return pace


def test_the_rate_is_rows_a_second() -> None:
    pace = steady(0.5)
    assert math.isclose(pace.per_s(1000.0 + 19 * 0.5), 2.0)


def test_before_two_arrivals_there_is_no_rate() -> None:
    pace = Pace()
    assert math.isnan(pace.per_s(5.0))
    pace.arrive(3, 5.0)
    assert math.isnan(pace.per_s(5.0))


def test_the_rate_falls_when_nothing_comes() -> None:
    pace = steady(1.0)
    assert pace.per_s(1019.0 + 25.0) < pace.per_s(1019.0)


def test_a_silence_is_longer_than_the_pace_explains() -> None:
    pace = steady(10.0)
    assert pace.silence_s(1190.0 + 290.0) is None
    assert pace.silence_s(1190.0 + 301.0) == 301.0


def test_short_silences_of_a_fast_run_are_none() -> None:
    pace = steady(0.1)
    assert pace.silence_s(1001.9 + 59.0) is None
    assert pace.silence_s(1001.9 + 61.0) is not None


def test_an_evaluation_as_long_as_others_before_is_no_silence() -> None:
    pace = steady(10.0)
    pace.arrive(1, 1190.0 + 900.0)
    assert pace.silence_s(2090.0 + 1000.0) is None


def test_with_few_rows_nothing_is_a_silence() -> None:
    assert steady(1.0, 8).silence_s(1e9) is None


def test_what_was_there_before_gives_pace_and_age_by_its_own_times() -> None:
    pace = Pace()
    pace.read(np.arange(0.0, 600.0, 60.0), changed=5000.0)
    assert (pace.last, pace.usual_s()) == (540.0, 60.0)
    pace.read(None, changed=5000.0)
    assert pace.last == 5000.0
    pace.read(np.array([np.nan, 700.0, np.nan, 690.0]), changed=5000.0)
    assert pace.last == 690.0


def test_memory_is_bounded() -> None:
    pace = steady(0.01, 5000)
    pace.read(np.arange(1e5), changed=0.0)
    assert len(pace.distances) == N_KEPT
