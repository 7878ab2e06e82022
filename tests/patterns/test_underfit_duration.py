"""underfit_duration: the log ends while the losses still fall at a material rate."""

from dataclasses import replace

import numpy as np
import pytest
from tests.patterns.saying import ALL, leading

from descentry.record.chunk import Chunk
from descentry.record.finding import Severity
from descentry.testing import curves
from descentry.testing.curves import RATE, TRAIN, VAL, healthy
from descentry.testing.noise import autoregressive
from descentry.testing.transforms import pieces, scaled, strided
from descentry.testing.verdicts import said

NAME = "underfit_duration"


def cut(n_points: int, share: float = 0.1, seed: int = 1, sigma: float = 0.02) -> Chunk:
    """The first share of a healthy run: its rate is still near the peak."""
    return healthy(n_points, seed=seed, sigma=sigma, n_validations=100).take(0, int(share * n_points))


def constant(chunk: Chunk, rate: float = 3e-4) -> Chunk:
    return curves.with_values(chunk, RATE, np.full(chunk.n_rows, rate))


@pytest.mark.parametrize("n_points", [600, 2000, 20_000, 80_000])
@pytest.mark.parametrize("share", [0.05, 0.15])
def test_a_run_that_is_cut_off_is_told(n_points: int, share: float) -> None:
    found = leading(cut(n_points, share))[NAME]
    assert found.severity is Severity.INFO
    assert found.curve == TRAIN
    assert found.onset_step == pytest.approx(0.7 * share * n_points, rel=0.1)
    assert found.end_step is None


@pytest.mark.parametrize("seed", range(4))
def test_slow_noise_at_the_end_does_not_hide_a_run_that_was_to_go_on(seed: int) -> None:
    n = 300
    course = 2.0 + 2.5 * (1.0 + 20.0 * np.arange(n) / n) ** -0.5
    slow = 0.03 * autoregressive(np.random.default_rng(seed), n)
    chunk = curves.with_values(constant(curves.without(curves.exact(n), VAL)), TRAIN, course + slow)
    findings = said(ALL, [replace(chunk, config={"max_steps": 3000})])
    assert NAME in {one.pattern for one in findings}


def test_a_run_right_after_its_warm_up_is_told_without_a_plan() -> None:
    n = 800
    chunk = curves.with_values(curves.exact(n), TRAIN, 11.0 * np.exp(-np.arange(n) / n))
    chunk = curves.with_values(chunk, RATE, 3e-4 * np.minimum(1.0, np.arange(1, n + 1) / 700))
    assert NAME in leading(chunk)


def test_it_says_how_much_was_still_gained() -> None:
    chunk = replace(cut(6000), config={"max_steps": 6000})
    statement = leading(chunk)[NAME].statement
    assert statement.startswith("the loss still falls when the log ends at step 600: from 2.7")
    assert statement.endswith("% of its whole fall, 6 000 steps were planned")


def test_the_plan_outweighs_a_rate_that_is_already_low() -> None:
    chunk = curves.with_values(cut(6000), RATE, 1.0 / np.arange(1, 601))
    assert NAME not in leading(chunk)
    assert NAME in leading(replace(chunk, config={"max_steps": 6000}))


def test_unit_stride_and_pieces_of_the_log_play_no_part() -> None:
    plain = leading(cut(3000))[NAME]
    for factor in (0.01, 100.0):
        other = leading(strided(scaled(cut(3000), factor), 50))[NAME]
        assert other.onset_step == 50 * plain.onset_step
    assert said(ALL, pieces(cut(3000), [7, 100, 260])) == said(ALL, [cut(3000)])


def quiet(chunk: Chunk) -> bool:
    return all(one.pattern != NAME for one in said(ALL, [chunk]))


@pytest.mark.parametrize("n_points", [300, 3000, 30_000])
def test_a_healthy_run_has_come_to_its_end(n_points: int) -> None:
    for seed in range(3):
        assert quiet(healthy(n_points, seed=seed))
        assert quiet(constant(healthy(n_points, seed=seed)))


def test_a_rate_at_the_end_of_its_schedule_explains_the_end() -> None:
    chunk = cut(6000)
    rate = curves.cosine(chunk.n_rows)
    assert quiet(curves.with_values(chunk, RATE, 3e-4 * rate))


def test_one_drop_near_the_end_is_no_steady_fall() -> None:
    chunk = constant(curves.staircase(healthy(2000, seed=1), [1700], ratio=0.7))
    assert quiet(chunk)


def test_validation_that_has_turned_speaks_against_more_steps() -> None:
    chunk = curves.overfit(cut(6000, share=0.2), at=600, rise=0.4)
    assert quiet(chunk)


def test_validation_that_stands_speaks_against_more_steps() -> None:
    chunk = cut(6000, share=0.2)
    rows, values = chunk.columns[VAL]
    late = values[len(values) // 2] + 0.002 * np.arange(len(values))
    assert quiet(curves.with_values(chunk, VAL, np.maximum(values, late), rows))


def test_noise_is_no_fall() -> None:
    for seed in range(10):
        assert quiet(constant(curves.plateau(healthy(1500, seed=seed, sigma=0.2), at=300)))


def test_a_blow_up_and_a_broken_tail_are_not_cut_off() -> None:
    assert quiet(curves.nan(cut(3000), at=200))
    assert quiet(curves.divergence(cut(3000), at=150, rise=3.0))


def test_a_dozen_points_show_no_rate() -> None:
    assert quiet(cut(150))
