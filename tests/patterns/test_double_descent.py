"""double_descent: validation falls, rises and falls again; training does not."""

import numpy as np
import pytest
from tests.patterns.saying import ALL, leading

from descentry.record.chunk import Chunk
from descentry.record.finding import Severity
from descentry.testing import curves, curves_validation
from descentry.testing.curves import TRAIN, VAL, healthy
from descentry.testing.noise import NOISES
from descentry.testing.transforms import pieces, scaled, strided
from descentry.testing.verdicts import said

NAME = "double_descent"


def test_a_dozen_validations_show_a_clear_hump() -> None:
    held = [4.46, 4.10, 3.93, 4.19, 4.98, 4.75, 3.76, 3.35, 3.27, 3.21, 3.15, 3.11]
    rows = np.linspace(0, 1999, 13).astype(np.int64)[1:]
    assert NAME in leading(curves.with_values(healthy(2000), VAL, np.array(held), rows))


@pytest.mark.parametrize("seed", range(20))
def test_a_dozen_validations_that_scatter_show_none(seed: int) -> None:
    held = 2.0 + 1.5 * np.exp(-np.arange(12) / 3.0) + 0.1 * np.random.default_rng(seed).standard_normal(12)
    rows = np.linspace(0, 1999, 13).astype(np.int64)[1:]
    assert NAME not in leading(curves.with_values(healthy(2000), VAL, held, rows))


def humped(n_points: int = 2000, height: float = 0.8, n_validations: int = 40, seed: int = 1) -> Chunk:
    base = healthy(n_points, seed=seed, n_validations=n_validations)
    return curves_validation.double_descent(base, at=int(0.45 * n_points), height=height)


@pytest.mark.parametrize("n_points", [300, 2000, 20_000])
@pytest.mark.parametrize("n_validations", [25, 60, 200])
@pytest.mark.parametrize("height", [0.4, 2.0])
def test_a_hump_of_validation_is_found(n_points: int, n_validations: int, height: float) -> None:
    found = leading(humped(n_points, height, n_validations))[NAME]
    assert found.severity is Severity.INFO
    assert found.curve == VAL
    assert 0.15 * n_points <= found.onset_step <= 0.4 * n_points
    assert found.end_step is not None
    assert found.end_step > 0.5 * n_points


@pytest.mark.parametrize("noise", NOISES)
def test_it_is_found_under_any_noise(noise: str) -> None:
    chunk = healthy(2000, seed=2, noise=NOISES[noise], n_validations=60)
    assert NAME in leading(curves_validation.double_descent(chunk, at=900, height=0.8))


def test_a_first_descent_before_the_first_validation_counts() -> None:
    rows = np.arange(20, 2000, 20)
    values = 0.9 + 0.2 * np.exp(-0.5 * ((rows - 500) / 250) ** 2) - 0.0001 * rows
    chunk = curves.with_values(healthy(2000, seed=1, first=1.6, floor=0.2), VAL, values, rows)
    assert NAME in leading(chunk)


def test_it_says_both_minima_and_the_top_and_is_known_before_the_end() -> None:
    found = leading(humped())[NAME]
    assert found.statement.startswith("validation falls to 2.")
    assert ", and falls again to 2." in found.statement
    assert found.detected_at_step <= 1500


def test_the_overfitting_told_on_the_way_follows_from_it() -> None:
    assert set(leading(humped(height=1.5))) == {NAME}


def test_unit_stride_and_pieces_of_the_log_play_no_part() -> None:
    plain = leading(humped())[NAME]
    for factor in (0.01, 100.0):
        assert leading(strided(scaled(humped(), factor), 50))[NAME].onset_step == 50 * plain.onset_step
    assert said(ALL, pieces(humped(600), [7, 150, 420])) == said(ALL, [humped(600)])


def quiet(chunk: Chunk) -> bool:
    return all(one.pattern != NAME for one in said(ALL, [chunk]))


@pytest.mark.parametrize("n_validations", [10, 20, 100, 500])
def test_noise_of_validation_is_no_hump(n_validations: int) -> None:
    for seed in range(6):
        assert quiet(curves.sawtooth(healthy(1500, seed=seed, n_validations=n_validations), 0.2, seed, VAL))


def test_overfitting_that_goes_on_is_no_double_descent() -> None:
    assert quiet(curves.overfit(healthy(2000, seed=1, n_validations=40), at=800, rise=0.8))


def test_a_return_half_way_is_no_second_descent() -> None:
    chunk = humped()
    rows, values = chunk.columns[VAL]
    assert quiet(curves.with_values(chunk, VAL, values + np.where(rows > 900, 0.7, 0.0), rows))


def test_a_hump_of_both_is_no_double_descent() -> None:
    chunk = humped()
    rows = np.arange(2000)
    hump = 0.8 * np.exp(-0.5 * ((rows - 900) / 160) ** 2)
    assert quiet(curves.with_values(chunk, TRAIN, chunk.columns[TRAIN].values + hump))


def test_one_bad_evaluation_is_no_hump() -> None:
    chunk = healthy(2000, seed=1, n_validations=100)
    rows, values = chunk.columns[VAL]
    assert quiet(
        curves.with_values(chunk, VAL, values + np.where((rows > 900) & (rows < 950), 1.0, 0.0), rows)
    )


def test_swings_of_validation_are_no_hump() -> None:
    chunk = healthy(2000, seed=1, n_validations=100)
    rows, values = chunk.columns[VAL]
    assert quiet(curves.with_values(chunk, VAL, values + 0.4 * np.sin(rows / 60), rows))


def test_a_rise_from_the_first_point_on_has_no_first_descent() -> None:
    rows = np.arange(0, 2000, 20)
    values = 5.0 + 3.0 * np.exp(-0.5 * ((rows - 700) / 250) ** 2) - 0.001 * rows
    assert quiet(curves.with_values(healthy(2000, seed=1), VAL, values, rows))


@pytest.mark.parametrize("n_points", [300, 2000])
@pytest.mark.parametrize("seed", range(3))
def test_training_that_leaps_between_the_domains_made_the_hump(n_points: int, seed: int) -> None:
    chunk = humped(n_points, seed=seed)
    k = np.arange(n_points)
    leaps = sum(
        (k >= at) * np.exp(-np.maximum(k - at, 0) / (0.02 * n_points))
        for at in (int(0.36 * n_points), int(0.54 * n_points))
    )
    assert quiet(curves.with_values(chunk, TRAIN, chunk.columns[TRAIN].values + leaps))


@pytest.mark.parametrize("n_points", [300, 2000])
@pytest.mark.parametrize("seed", range(3))
def test_training_that_falls_for_a_while_and_leaps_back_made_the_hump(n_points: int, seed: int) -> None:
    chunk = humped(n_points, seed=seed)
    k = np.arange(n_points) / n_points
    repeated = np.where((k > 0.36) & (k < 0.55), 0.3, 1.0)
    assert quiet(curves.with_values(chunk, TRAIN, chunk.columns[TRAIN].values * repeated))


@pytest.mark.parametrize("seed", range(4))
def test_noise_stairs_and_single_spikes_of_training_have_no_part_in_the_hump(seed: int) -> None:
    noisy = curves.sawtooth(humped(seed=seed), 0.5, seed)
    stairs = curves.staircase(humped(seed=seed), [700, 1000])
    spikes = curves.spike(curves.spike(humped(seed=seed), at=850, height=3.0), at=1200, height=3.0)
    for chunk in (noisy, stairs, spikes):
        assert NAME in leading(chunk)
