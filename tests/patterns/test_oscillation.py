"""oscillation: swings with a steady period of many points."""

import numpy as np
import pytest
from tests.patterns.saying import ALL, leading

from descentry.patterns.oscillation import Oscillation
from descentry.record.chunk import Chunk
from descentry.record.finding import Severity
from descentry.testing import curves
from descentry.testing.curves import RATE, TRAIN, VAL, healthy
from descentry.testing.curves_events import data_shift, swinging
from descentry.testing.noise import NOISES
from descentry.testing.transforms import pieces, scaled, strided
from descentry.testing.verdicts import said


@pytest.mark.parametrize(("n_points", "n_cycles"), [(500, 6.0), (500, 11.5), (4000, 24.0), (20_000, 11.5)])
def test_a_steady_swing_is_found_with_its_period(n_points: int, n_cycles: float) -> None:
    found = leading(swinging(healthy(n_points, seed=1), n_cycles, 0.12))["oscillation"]
    assert found.severity is Severity.WARNING
    assert found.curve == TRAIN
    assert (
        f"swings up and down {round(0.9 * n_cycles)} times" in found.statement
        or abs(found.facts["n_events"] - 0.9 * n_cycles) <= 1.0
    )


def test_sharp_teeth_are_swings_as_well() -> None:
    base = healthy(3000, seed=2)
    rows, values = base.columns[TRAIN]
    teeth = curves.with_values(base, TRAIN, values + 0.4 * np.exp(-(rows % 250) / 40.0), rows)
    assert "oscillation" in leading(teeth)


def test_validation_can_swing_alone() -> None:
    base = healthy(4000, seed=3, n_validations=160)
    assert leading(swinging(base, 9.0, 0.3, on=VAL))["oscillation"].curve == VAL


def test_it_is_known_while_the_run_goes_on() -> None:
    found = leading(swinging(healthy(4000), 20.0, 0.15))["oscillation"]
    assert found.detected_at_step < 2600


def test_a_learning_rate_that_swings_with_it_explains_it() -> None:
    base = swinging(healthy(4000, seed=4), 8.0, 0.15)
    phase = 2.0 * np.pi * 8.0 * np.arange(4000) / 4000
    chunk = curves.with_values(base, RATE, 3e-4 * (1.2 + np.sin(phase)))
    found = {one.pattern: one for one in said([Oscillation()], [chunk])}["oscillation"]
    assert found.severity is Severity.INFO
    assert found.statement.endswith("as the learning rate does")


@pytest.mark.parametrize("factor", [0.01, 100.0])
def test_unit_and_stride_play_no_part(factor: float) -> None:
    chunk = swinging(healthy(2000), 10.0, 0.15)
    plain, other = leading(chunk)["oscillation"], leading(strided(scaled(chunk, factor), 50))["oscillation"]
    assert other.onset_step == 50 * plain.onset_step


def test_a_log_in_pieces_says_the_same() -> None:
    chunk = swinging(healthy(900), 10.0, 0.2)
    assert said(ALL, pieces(chunk, [5, 333, 334, 800])) == said(ALL, [chunk])


def doubled(chunk: Chunk) -> Chunk:
    return curves.sawtooth(chunk, sigma=1.0)


NOT_SWINGS = {
    "healthy": healthy(3000),
    "white noise": doubled(healthy(3000)),
    "slow noise": healthy(3000, noise=NOISES["autoregressive"], sigma=0.1),
    "one hump": curves.spike(healthy(3000), at=1500, height=2.0),
    "a level change": data_shift(healthy(3000), at=1500, size=0.4),
    "stairs": curves.staircase(healthy(3000), [500, 1000, 1500, 2000, 2500]),
    "too small to be seen": swinging(healthy(3000), 10.0, 0.005),
    "few points": swinging(healthy(40), 8.0, 0.2),
    "two periods": swinging(healthy(3000), 2.0, 0.1),
}


@pytest.mark.parametrize("name", NOT_SWINGS)
def test_look_alikes_are_not_accused(name: str) -> None:
    assert "oscillation" not in leading(NOT_SWINGS[name])


@pytest.mark.parametrize("noise", ["white", "student", "skewed", "autoregressive"])
def test_noise_alone_has_no_period(noise: str) -> None:
    assert all(
        not said([Oscillation()], [healthy(1000, seed=seed, noise=NOISES[noise])]) for seed in range(12)
    )
