"""Made curves hold the event that was put in, and transforms leave the rest alone."""

import numpy as np
import pytest

from descentry.record.roles import Role
from descentry.testing import curves, noise
from descentry.testing.battery import battery
from descentry.testing.curves import TRAIN, VAL, exact, healthy
from descentry.testing.transforms import as_run, pieces, random_cuts, scaled, singles, strided, thinned


@pytest.mark.parametrize("name", noise.NOISES)
def test_noise_has_mean_0_and_scale_1(name: str) -> None:
    values = noise.NOISES[name](np.random.default_rng(0), 100_000)
    assert values.mean() == pytest.approx(0.0, abs=0.05)
    assert values.std() == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize("n_points", [0, 1, 2, 20, 1000])
def test_any_length_can_be_made(n_points: int) -> None:
    chunk = healthy(n_points)
    assert chunk.n_rows == n_points
    assert all(len(rows) == len(values) for rows, values in chunk.columns.values())


def test_a_healthy_course_falls_to_its_floor() -> None:
    values = exact(10_000, first=6.0, floor=1.0, exponent=2.0).columns[TRAIN].values
    assert values[0] == 6.0
    assert values[-1] == pytest.approx(1.0, abs=1e-3)
    assert (np.diff(values) < 0).all()


def test_events_leave_their_input_as_it_is() -> None:
    chunk = healthy(500, seed=1)
    before = chunk.columns[TRAIN].values.copy()
    for event in (
        curves.spike(chunk, at=100, height=1.0),
        curves.nan(chunk, at=100),
        curves.divergence(chunk, at=100, rise=1.0),
        curves.staircase(chunk, [100, 200]),
        curves.plateau(chunk, at=100),
    ):
        assert not np.array_equal(event.columns[TRAIN].values, before)
        np.testing.assert_array_equal(event.columns[TRAIN].values[:100], before[:100])
    np.testing.assert_array_equal(chunk.columns[TRAIN].values, before)


def test_a_resume_writes_steps_twice() -> None:
    chunk = curves.resumed(healthy(100, seed=1), at=59, back=20)
    assert chunk.steps.tolist() == [*range(1, 61), *range(41, 101)]
    rows, values = curves.resumed(healthy(100, seed=1), at=59, back=20, sigma=0.0).columns[TRAIN]
    np.testing.assert_array_equal(values[40:60], values[60:80])
    assert len(rows) == 120


def test_pieces_are_the_whole() -> None:
    chunk = healthy(100, seed=1)
    for parts in (list(singles(chunk)), list(pieces(chunk, random_cuts(100, 7, seed=3)))):
        assert np.concatenate([part.steps for part in parts]).tolist() == chunk.steps.tolist()
        joined = [part.columns[VAL].values for part in parts if VAL in part.columns]
        np.testing.assert_array_equal(np.concatenate(joined), chunk.columns[VAL].values)


def test_a_scale_changes_losses_only() -> None:
    chunk = healthy(100, seed=1)
    other = scaled(chunk, 2.0)
    np.testing.assert_array_equal(other.columns[TRAIN].values, 2.0 * chunk.columns[TRAIN].values)
    np.testing.assert_array_equal(other.columns["lr"].values, chunk.columns["lr"].values)


def test_thinning_keeps_steps_and_validations() -> None:
    chunk = thinned(healthy(1000, seed=1, n_validations=9), 10)
    rows, _values = chunk.columns[TRAIN]
    assert chunk.steps[rows].tolist() == list(range(1, 1001, 10))
    assert len(chunk.columns[VAL].rows) == 9


def test_strides_and_runs() -> None:
    run = as_run(strided(healthy(50), 10))
    curve = run.by_role(Role.TRAIN_LOSS)
    assert curve is not None
    assert curve.steps.tolist() == list(range(10, 501, 10))


def test_the_battery_is_sound() -> None:
    for name, chunk in battery(600).items():
        assert chunk.n_rows >= 60, name
        assert TRAIN in chunk.columns
