"""restart_bump: a jump where the run restarts, and back."""

import numpy as np
import pytest
from tests.patterns.saying import ALL, leading

from descentry.patterns.restart_bump import RestartBump
from descentry.record.chunk import Chunk, Column
from descentry.record.event import Event
from descentry.record.finding import Severity
from descentry.testing import curves
from descentry.testing.curves import RATE, TRAIN, healthy
from descentry.testing.curves_events import bumped
from descentry.testing.noise import NOISES
from descentry.testing.transforms import pieces, scaled, strided
from descentry.testing.verdicts import said


def resumed(n_points: int = 2000, height: float = 0.4, seed: int = 0) -> Chunk:
    at = 6 * n_points // 10
    return bumped(healthy(n_points, seed=seed), at, height, back=n_points // 40, decay=n_points / 80)


@pytest.mark.parametrize(("n_points", "height"), [(400, 0.4), (2000, 0.3), (2000, 2.0), (12_000, 0.2)])
def test_a_jump_at_a_resume_is_found_and_explains_the_spike(n_points: int, height: float) -> None:
    found = leading(resumed(n_points, height))
    bump = found["restart_bump"]
    assert bump.onset_step == 6 * n_points // 10 - n_points // 40 + 1
    assert bump.severity is Severity.WARNING
    assert "spike" not in found
    assert "data_shift" not in found
    assert bump.facts["recovered"] == 1.0


def test_it_says_where_and_how_high() -> None:
    statement = leading(resumed())["restart_bump"].statement
    assert statement.startswith("where the run was resumed at step 1 151, the loss jumps from ")
    assert "and is back by step" in statement


def test_a_resume_that_only_the_clock_tells_of_counts() -> None:
    base = healthy(2000, seed=1)
    since = np.arange(2000) - 1200
    raised = curves.with_values(
        base,
        TRAIN,
        base.columns[TRAIN].values + np.where(since >= 0, 0.5 * np.exp(-np.maximum(since, 0) / 25.0), 0.0),
    )
    event = Event("resume", "the clock stood still", step=1201, warning=False)
    told = Chunk(raised.steps, raised.columns, None, (event,), {})
    assert leading(told)["restart_bump"].onset_step == 1201


def test_one_that_is_not_yet_back_is_told_while_there_was_no_time() -> None:
    late = bumped(healthy(2000), at=1900, height=0.6, back=40, decay=2000.0)
    found = leading(late)["restart_bump"]
    assert found.facts["recovered"] == 0.0
    assert found.statement.endswith("not yet back")


def test_a_restart_of_the_learning_rate_only_informs() -> None:
    base = healthy(3000, seed=3)
    k = np.arange(3000) % 1000
    rate = 3e-4 * (0.02 + 0.49 * (1 + np.cos(np.pi * k / 1000)))
    high = np.where(np.arange(3000) >= 1000, 0.4 * np.exp(-k / 150.0), 0.0)
    chunk = curves.with_values(curves.with_values(base, RATE, rate), TRAIN, base.columns[TRAIN].values + high)
    found = {one.pattern: one for one in said(ALL, [chunk])}
    assert found["restart_bump"].severity is Severity.INFO
    assert found["restart_bump"].statement.startswith("where the learning rate restarts, 2 times, most ")
    assert all(one.severity is Severity.INFO for one in found.values() if one.explained_by is None)


@pytest.mark.parametrize(("back", "units"), [(0, 1.5), (5, 1.5), (40, 1.2)])
def test_a_level_a_little_higher_for_tens_of_points_is_told_at_a_resume(back: int, units: float) -> None:
    low = bumped(healthy(900, seed=5), at=600, height=0.03 * units, back=back, decay=400.0)
    event = Event("resume", "resumed", step=601 - back, warning=False)
    chunk = Chunk(low.steps, low.columns, None, (event,), {})
    assert leading(chunk)["restart_bump"].onset_step == 601 - back


def test_what_stood_at_the_same_steps_is_the_witness_where_the_loss_falls() -> None:
    falling = healthy(900, seed=2, floor=0.5, first=9.0)
    low = bumped(falling, at=350, height=0.06, back=50, decay=200.0)
    values = low.columns[TRAIN].values
    event = Event("resume", "resumed", step=301, warning=False)
    cut = np.r_[:300, 350 : len(values)]
    alone = Chunk(low.steps[cut], {TRAIN: Column(np.arange(len(cut)), values[cut])}, None, (event,), {})
    assert "restart_bump" not in leading(alone)
    assert leading(low)["restart_bump"].onset_step == 301


@pytest.mark.parametrize("name", NOISES)
@pytest.mark.parametrize("n_points", [300, 1000])
def test_healthy_resumes_are_silent(name: str, n_points: int) -> None:
    for seed in range(15):
        first = healthy(n_points, seed=seed, noise=NOISES[name])
        again = healthy(n_points, seed=100 + seed, noise=NOISES[name]).columns[TRAIN].values
        at, back = n_points * (2 + seed % 7) // 10, (0, 5, 30)[seed % 3]
        steps = np.concatenate([np.arange(at), np.arange(at - back, n_points)])
        values = np.concatenate([first.columns[TRAIN].values[:at], again[at - back :]])
        event = Event("resume", "resumed", step=at - back + 1, warning=False)
        chunk = Chunk(steps + 1, {TRAIN: Column(np.arange(len(steps)), values)}, None, (event,), {})
        assert not said([RestartBump()], [chunk])


@pytest.mark.parametrize("factor", [0.01, 100.0])
def test_unit_and_stride_play_no_part(factor: float) -> None:
    plain = leading(resumed())["restart_bump"]
    other = leading(strided(scaled(resumed(), factor), 50))["restart_bump"]
    assert other.onset_step == 50 * plain.onset_step


def test_a_log_in_pieces_says_the_same() -> None:
    chunk = resumed(800)
    assert said(ALL, pieces(chunk, [9, 480, 481, 700])) == said(ALL, [chunk])


NOT_BUMPS = {
    "a quiet resume": bumped(healthy(2000), at=1200, height=0.0, back=50, decay=10.0),
    "a spike elsewhere": curves.spike(
        bumped(healthy(2000), at=1200, height=0.0, back=50, decay=10.0), 700, 2.0
    ),
    "a spike, no resume": curves.spike(healthy(2000), at=1200, height=2.0),
    "another attempt": bumped(healthy(2000), at=1200, height=0.0, back=1190, decay=10.0),
    "next to nothing": bumped(healthy(2000), at=1200, height=0.02, back=50, decay=30.0),
    "a divergence after a resume": curves.divergence(
        bumped(healthy(2000), at=1000, height=0.0, back=50, decay=10.0), at=1200, rise=2.0
    ),
}


@pytest.mark.parametrize("name", NOT_BUMPS)
def test_look_alikes_are_not_accused(name: str) -> None:
    assert "restart_bump" not in leading(NOT_BUMPS[name])
