"""underfit_capacity: training and validation stop side by side, high up."""

import numpy as np
import pytest
from tests.patterns.saying import ALL, leading

from descentry.record.chunk import Chunk
from descentry.record.finding import Severity
from descentry.testing import curves
from descentry.testing.curves import RATE, TRAIN, VAL, healthy
from descentry.testing.transforms import pieces, scaled, strided
from descentry.testing.verdicts import said

NAME = "underfit_capacity"


def stuck(
    n_points: int = 3000, share: float = 0.1, seed: int = 1, gap: float = 0.02, rate: float = 1e-3
) -> Chunk:
    """Both losses stand still from that share of the run on, validation by `gap` above."""
    at = int(share * n_points)
    chunk = curves.plateau(healthy(n_points, seed=seed, sigma=0.02, n_validations=60), at=at)
    rows = chunk.columns[VAL].rows
    course = curves.power_law(n_points)[np.minimum(rows, at)]
    noise = 0.005 * np.random.default_rng(seed).standard_normal(len(rows))
    chunk = curves.with_values(chunk, VAL, course * (1.0 + gap) + noise, rows)
    return curves.with_values(chunk, RATE, np.full(n_points, rate))


@pytest.mark.parametrize("n_points", [500, 3000, 7000])
@pytest.mark.parametrize("share", [0.06, 0.15])
def test_it_is_told_instead_of_the_plateau(n_points: int, share: float) -> None:
    found = leading(stuck(n_points, share))
    assert NAME in found
    assert "plateau" not in found
    assert found[NAME].severity is Severity.WARNING
    assert found[NAME].onset_step == pytest.approx(share * n_points, abs=0.12 * n_points)


def test_it_says_both_levels_and_is_known_before_the_end() -> None:
    found = leading(stuck())[NAME]
    assert found.statement.startswith("training and validation both stay high, at 2.6")
    assert found.detected_at_step < 2000


def test_without_a_logged_rate_validation_tells() -> None:
    assert NAME in leading(curves.without(stuck(), RATE))


def test_unit_stride_and_pieces_of_the_log_play_no_part() -> None:
    plain = leading(stuck())[NAME]
    for factor in (0.01, 100.0):
        assert leading(strided(scaled(stuck(), factor), 50))[NAME].onset_step == 50 * plain.onset_step
    assert said(ALL, pieces(stuck(600), [7, 150, 420])) == said(ALL, [stuck(600)])


def quiet(chunk: Chunk) -> bool:
    return all(one.pattern != NAME for one in said(ALL, [chunk]))


def test_healthy_runs_have_room() -> None:
    assert all(quiet(healthy(n, seed=seed, n_validations=40)) for n in (300, 3000) for seed in range(4))


def test_validation_far_above_leaves_room_to_spare() -> None:
    assert quiet(stuck(gap=0.2))


def test_validation_that_still_falls_has_not_levelled_off() -> None:
    chunk = stuck()
    rows, values = chunk.columns[VAL]
    assert quiet(curves.with_values(chunk, VAL, values + 0.1 - 0.2 * rows / 3000, rows))


def test_without_validation_it_stays_a_plateau() -> None:
    found = leading(curves.without(stuck(), VAL))
    assert "plateau" in found
    assert NAME not in found


def test_a_small_rate_is_the_likelier_reason() -> None:
    found = leading(stuck(rate=1e-6))
    assert "plateau" in found
    assert NAME not in found


def test_a_stall_in_the_middle_is_no_lack_of_capacity() -> None:
    chunk = curves.plateau(healthy(3000, seed=1, sigma=0.02, n_validations=60), at=100, until=1700)
    assert quiet(chunk)


def test_a_rate_that_has_ended_explains_the_end() -> None:
    assert quiet(curves.with_values(stuck(), RATE, np.where(np.arange(3000) < 300, 1e-3, 1e-5)))


def test_two_validations_in_the_stretch_show_nothing() -> None:
    chunk = stuck()
    rows, values = chunk.columns[VAL]
    assert quiet(curves.with_values(chunk, VAL, values[:8], rows[:8]))
    assert len(chunk.columns[TRAIN].values) == 3000
