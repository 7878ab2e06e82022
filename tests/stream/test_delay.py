"""When a finding was made, and what acting then would have saved."""

from dataclasses import replace

import numpy as np
import pytest

from descentry.record.chunk import Chunk, table
from descentry.record.finding import Finding, Severity
from descentry.stream.delay import N_KEPT, Pace, with_delays
from descentry.stream.drive import run
from descentry.testing import curves

RISE = Finding("divergence", Severity.CRITICAL, 0.9, "loss", 400, None, 450, "it rises")


def test_what_asks_for_acting_tells_its_delay_and_what_it_saves() -> None:
    (told,) = with_delays([RISE], 1000, 0.01)
    assert told.saved_steps == 550
    assert "told 50 steps after its onset" in told.evidence[-1].statement
    assert "saved 550 steps (about 5.5 h)" in told.evidence[-1].statement
    assert told.evidence[-1].step == 450


def test_without_a_clock_there_are_no_hours() -> None:
    (told,) = with_delays([RISE], 1000)
    assert " h)" not in told.evidence[-1].statement


@pytest.mark.parametrize("calm", [replace(RISE, severity=Severity.INFO), replace(RISE, end_step=500)])
def test_what_asks_for_nothing_saves_nothing(calm: Finding) -> None:
    assert with_delays([calm], 1000) == (calm,)


def test_a_finding_at_the_very_end_saves_no_steps() -> None:
    (told,) = with_delays([replace(RISE, detected_at_step=1000)], 1000)
    assert told.saved_steps == 0
    assert "saved" not in told.evidence[-1].statement


@pytest.mark.parametrize("size", [1, 7, 400, 5000])
def test_the_pace_is_that_of_most_rows_however_they_come(size: int) -> None:
    steps = np.arange(5000) * 10
    walls = np.arange(5000) * 36.0
    walls[2500:] += 86_400.0
    walls[::50] = np.nan
    pace = Pace()
    for start in range(0, 5000, size):
        pace.take(steps[start : start + size], walls[start : start + size])
    assert pace.hours_a_step == pytest.approx(0.001)
    assert len(pace.recent) == N_KEPT


def test_the_hours_are_those_of_the_log() -> None:
    log = curves.divergence(curves.healthy(2000, seed=3), at=1200, rise=2.0)
    timed = Chunk(log.steps, log.columns, np.arange(2000) * 18.0)
    found = next(one for one in run([timed]).findings if one.pattern == "divergence")
    assert found.saved_steps is not None
    assert found.saved_steps > 500
    assert f"about {found.saved_steps * 18 / 3600:.2g} h" in found.evidence[-1].statement


def test_no_times_are_no_pace() -> None:
    pace = Pace()
    pace.take(np.arange(3), np.full(3, np.nan))
    assert pace.hours_a_step is None
    assert run([table(np.arange(3), {})]).findings == ()
