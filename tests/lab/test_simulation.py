"""Healthy runs by the thousand: what they are made of, and that the default rate is kept on a few."""

import numpy as np
import pytest
from lab.simulation.alarms import Simulated, lines, simulate
from lab.simulation.healthy import N_CHUNK, chunks, healthy_run
from lab.simulation.signals import with_signals

from descentry.sources.roles import resolve


@pytest.mark.parametrize("n", [300, 1000, 20_000])
def test_a_run_is_made_of_a_seed_alone(n: int) -> None:
    one, again, other = healthy_run(n, 3), healthy_run(n, 3), healthy_run(n, 4)
    assert set(one.columns) == {"train_loss", "val_loss", "lr", "grad_norm"}
    assert all(np.array_equal(one.columns[name].values, again.columns[name].values) for name in one.columns)
    assert not np.array_equal(one.columns["train_loss"].values, other.columns["train_loss"].values)
    assert all(np.isfinite(column.values).all() for column in one.columns.values())


def test_signals_are_made_of_a_seed_alone_and_known_by_name() -> None:
    one, again = with_signals(1000, 3), with_signals(1000, 3)
    assert all(np.array_equal(one.columns[name].values, again.columns[name].values) for name in one.columns)
    assert all(resolve(list(one.columns)).values())
    assert all(np.isfinite(column.values).all() for column in one.columns.values())


@pytest.mark.parametrize("seed", range(10))
def test_healthy_runs_with_every_signal_stay_silent(seed: int) -> None:
    assert not simulate(400, seed, None, signals=True).ever


def test_long_runs_come_in_pieces() -> None:
    run = healthy_run(2 * N_CHUNK + 5, 0)
    assert [piece.n_rows for piece in chunks(run)] == [N_CHUNK, N_CHUNK, 5]


@pytest.mark.parametrize("seed", range(10))
def test_healthy_runs_stay_silent_as_they_grow(seed: int) -> None:
    told = simulate(400, seed, None)
    assert not told.ever
    assert told.last <= told.ever


def test_what_is_told_of_them() -> None:
    runs = [Simulated(0, frozenset({"spike"}), frozenset(), 0.5), Simulated(1, frozenset(), frozenset(), 0.1)]
    told = list(lines(runs))
    assert told[0].split()[-4:-1] == ["0/2", "=", "0.0000"]
    assert any("spike" in line and "seeds 0" in line for line in told)
    assert told[-1] == "0.300 CPU s a run"
