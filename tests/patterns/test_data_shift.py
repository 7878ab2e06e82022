"""data_shift: a level that changes at once and stays changed."""

import numpy as np
import pytest
from tests.patterns.saying import ALL, leading

from descentry.patterns.data_shift import DataShift
from descentry.record.chunk import Chunk
from descentry.record.finding import Severity
from descentry.testing import curves
from descentry.testing.curves import RATE, TRAIN, VAL, healthy
from descentry.testing.curves_events import bumped, data_shift
from descentry.testing.noise import NOISES
from descentry.testing.transforms import pieces, scaled, strided
from descentry.testing.verdicts import said


def shifted(n_points: int = 3000, share: float = 0.5, size: float = 0.15, seed: int = 0) -> Chunk:
    return data_shift(healthy(n_points, seed=seed), at=int(share * n_points), size=size)


@pytest.mark.parametrize(
    ("n_points", "share", "noise"),
    [
        (600, 0.55, "white"),
        (600, 0.3, "skewed"),
        (3000, 0.8, "laplace"),
        (3000, 0.3, "student"),
        (20_000, 0.5, "white"),
    ],
)
def test_a_rise_that_stays_is_found_where_it_happens(n_points: int, share: float, noise: str) -> None:
    base = healthy(n_points, noise=NOISES[noise])
    found = leading(data_shift(base, at=int(share * n_points), size=0.2))["data_shift"]
    assert found.onset_step == pytest.approx(share * n_points + 1, abs=0.01 * n_points)
    assert found.severity is Severity.WARNING
    assert found.curve == TRAIN


def test_it_says_from_where_to_where() -> None:
    statement = leading(shifted(20_000))["data_shift"].statement
    assert statement.startswith("the loss changes its level from ")
    assert "at step 10 0" in statement
    assert statement.endswith("and goes on from there")


def test_it_is_known_soon() -> None:
    found = leading(shifted(8000))["data_shift"]
    assert found.onset_step < found.detected_at_step <= found.onset_step + 0.1 * 8000


@pytest.mark.parametrize("factor", [0.01, 100.0])
def test_unit_and_stride_play_no_part(factor: float) -> None:
    plain, other = (
        leading(shifted())["data_shift"],
        leading(strided(scaled(shifted(), factor), 50))["data_shift"],
    )
    assert other.onset_step == 50 * plain.onset_step


def test_a_log_in_pieces_says_the_same() -> None:
    chunk = shifted(900)
    assert said(ALL, pieces(chunk, [3, 400, 455, 700])) == said(ALL, [chunk])


def test_two_smaller_steps_speak_for_each_other() -> None:
    chunk = data_shift(data_shift(healthy(6000, seed=4), at=2500, size=0.12), at=4500, size=0.12)
    assert len(leading(chunk)["data_shift"].steps) == 2


@pytest.mark.parametrize("size", [-0.15, 0.15])
def test_a_change_of_the_logged_data_version_ties_either_sign(size: float) -> None:
    chunk = data_shift(healthy(3000, seed=1), at=1800, size=size, version=True)
    found = leading(chunk)["data_shift"]
    assert found.statement.endswith("where the data version changes")
    assert found.facts["upwards"] == float(size > 0)


def test_validation_alone_can_shift() -> None:
    base = healthy(3000, seed=2, n_validations=60)
    found = leading(data_shift(base, at=1600, size=0.5, on=VAL))["data_shift"]
    assert found.curve == VAL
    assert found.onset_step == pytest.approx(1600, abs=60)


def test_what_learns_on_after_a_huge_rise_has_not_diverged() -> None:
    found = leading(shifted(8000, share=0.4, size=2.0))
    assert "data_shift" in found
    assert "divergence" not in found


def test_a_rise_without_end_is_a_divergence() -> None:
    assert "data_shift" not in leading(curves.divergence(healthy(3000), at=1800, rise=1.5))


def surprised(n_points: int = 1000, at: int = 500, size: float = 0.2, on_val: float = 0.0) -> Chunk:
    """Training leaps up once at a row and lies lower from there on; validation falls by that share of it."""
    chunk = curves.spike(healthy(n_points, seed=4, n_validations=50), at=at, height=1.5, n_decay=1.0)
    chunk = data_shift(chunk, at=at + 1, size=-size)
    rows, values = chunk.columns[VAL]
    return curves.with_values(chunk, VAL, values - on_val * size * (rows >= at), rows)


def test_a_drop_after_a_leap_is_a_shift_where_validation_goes_on_as_before() -> None:
    found = leading(surprised())["data_shift"]
    assert found.onset_step == pytest.approx(501, abs=3)
    assert found.facts["upwards"] == 0.0


@pytest.mark.parametrize("n_validations", [8, 20, 80])
@pytest.mark.parametrize("exponent", [0.7, 1.0])
def test_a_validation_without_noise_that_climbs_has_no_step(n_validations: int, exponent: float) -> None:
    base = healthy(2000, n_validations=0)
    rows = np.linspace(0, 1999, n_validations).astype(np.int64)
    share = rows / 2000
    held = 2.0 + (0.15 - share) ** 2 * (share < 0.15) * 30 + 3 * np.maximum(0.0, share - 0.15) ** exponent
    assert "data_shift" not in leading(curves.with_values(base, VAL, held, rows))


NOT_SHIFTS = {
    "a leap of the optimiser, after which validation lies lower too": surprised(on_val=1.0),
    "a leap and a drop without a validation to tell": curves.without(surprised(), VAL),
    "healthy": healthy(3000),
    "a drop": data_shift(healthy(3000), at=1500, size=-0.2),
    "a spike": curves.spike(healthy(3000), at=1500, height=2.0),
    "a resume": bumped(healthy(3000), at=1500, height=0.5, back=50, decay=30.0),
    "overfit": curves.overfit(healthy(3000), at=1200, rise=0.8),
    "a plateau": curves.plateau(healthy(3000), at=1200),
    "epochs": curves.staircase(healthy(3000), [1000, 1600, 2300], ratio=0.8, by="epoch"),
    "few points": data_shift(healthy(30), at=15, size=0.3),
    "next to nothing": data_shift(healthy(3000), at=1500, size=0.004),
}


@pytest.mark.parametrize("name", NOT_SHIFTS)
def test_look_alikes_are_not_accused(name: str) -> None:
    assert "data_shift" not in leading(NOT_SHIFTS[name])


def test_a_rise_of_the_learning_rate_explains_a_rise_of_the_loss() -> None:
    chunk = shifted()
    rate = chunk.columns[RATE].values.copy()
    rate[1500:] *= 3.0
    assert "data_shift" not in leading(curves.with_values(chunk, RATE, rate))


@pytest.mark.parametrize("noise", ["white", "student", "skewed", "autoregressive"])
def test_noise_alone_shifts_nothing(noise: str) -> None:
    silent = [not said([DataShift()], [healthy(1000, seed=seed, noise=NOISES[noise])]) for seed in range(12)]
    assert all(silent)


def test_a_run_of_one_value_is_left_alone() -> None:
    flat = curves.with_values(healthy(500), TRAIN, np.full(500, 2.0))
    assert not said([DataShift()], [flat])
