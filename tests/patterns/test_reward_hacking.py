"""reward_hacking: the reward climbs while a held-out preference falls, or the KL blows up."""

import numpy as np
import pytest
from tests.patterns.saying import alone, leading

from descentry.record.chunk import Chunk
from descentry.record.finding import Severity
from descentry.testing import curves
from descentry.testing import curves_signals as signals
from descentry.testing.curves import RATE, TRAIN, VAL, healthy, with_values, without
from descentry.testing.noise import autoregressive

NAME = "reward_hacking"


def policy(n_points: int, seed: int = 1) -> Chunk:
    """A policy gradient's loss: around 0, of either sign."""
    loss = 0.2 * np.random.default_rng(seed).standard_normal(n_points)
    return with_values(without(healthy(n_points), VAL, RATE), TRAIN, loss)


@pytest.mark.parametrize("n_points", [300, 2000, 20_000])
@pytest.mark.parametrize("fall", [0.15, 0.5])
def test_a_preference_that_turns_down_is_found(n_points: int, fall: float) -> None:
    at = int(0.45 * n_points)
    one = alone(signals.hacking(policy(n_points), at=at, fall=fall), NAME)[0]
    assert one.onset_step == pytest.approx(at, abs=0.15 * n_points)
    assert one.severity is Severity.CRITICAL
    assert one.detected_at_step < n_points
    assert "eval_preference falls from" in one.statement


@pytest.mark.parametrize("growth", [60.0, 400.0])
def test_a_kl_that_blows_up_is_found_without_a_judge(growth: float) -> None:
    chunk = without(signals.hacking(policy(2000), at=1000, fall=0.0, growth=growth), signals.PREFERENCE)
    one = alone(chunk, NAME)[0]
    assert "kl blows up from" in one.statement
    assert one.onset_step == pytest.approx(1100, abs=250)


def test_a_policy_that_is_kept_near_is_no_case() -> None:
    assert alone(signals.hacking(policy(2000), at=1000, fall=0.0, growth=0.0), NAME) == []


def test_a_kl_that_grows_evenly_is_no_case() -> None:
    chunk = without(signals.hacking(policy(2000), at=1000, fall=0.0, growth=0.0), signals.PREFERENCE)
    assert alone(with_values(chunk, signals.KL, np.linspace(0.0, 30.0, 2000)), NAME) == []


def test_a_reward_that_falls_with_the_preference_is_no_hacking() -> None:
    chunk = signals.hacking(policy(2000), at=1000, fall=0.3)
    rows, reward = chunk.columns[signals.REWARD]
    assert (
        alone(with_values(chunk, signals.REWARD, reward - 4.0 * np.clip((rows - 900) / 1100, 0, 1)), NAME)
        == []
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_preference_that_scatters_is_no_case(seed: int) -> None:
    chunk = signals.hacking(policy(2000), at=1000, fall=0.0, growth=0.0)
    rows, held = chunk.columns[signals.PREFERENCE]
    noise = 0.1 * np.random.default_rng(seed).standard_normal(len(held))
    assert alone(with_values(chunk, signals.PREFERENCE, held + noise, rows), NAME) == []


@pytest.mark.parametrize("seed", range(6))
def test_a_preference_that_wanders_slowly_is_no_case(seed: int) -> None:
    chunk = signals.hacking(policy(2000), at=1000, fall=0.0, growth=0.0)
    rows, held = chunk.columns[signals.PREFERENCE]
    slow = 0.02 * autoregressive(np.random.default_rng(seed), len(held), share=0.8)
    assert alone(with_values(chunk, signals.PREFERENCE, held + slow, rows), NAME) == []


def test_a_kl_that_bends_upwards_makes_it_known_sooner() -> None:
    even = alone(signals.hacking(policy(2000), at=900, fall=0.3, growth=0.0), NAME)[0]
    bent = alone(signals.hacking(policy(2000), at=900, fall=0.3, growth=60.0), NAME)[0]
    assert bent.detected_at_step < even.detected_at_step
    assert bent.detected_at_step <= 1350


def test_without_a_reward_nothing_is_said() -> None:
    chunk = without(signals.hacking(healthy(2000), at=1000, fall=0.5), signals.REWARD)
    assert alone(chunk, NAME) == []


def test_the_loss_of_a_policy_alarms_nobody() -> None:
    chunk = signals.hacking(policy(2000), at=1000, fall=0.0, growth=0.0)
    rising = chunk.columns[TRAIN].values + np.linspace(0.0, 3.0, 2000)
    assert not {"divergence", "plateau", "flat", "nan"} & set(leading(with_values(chunk, TRAIN, rising)))


def test_a_preference_loss_that_diverges_still_alarms() -> None:
    chunk = with_values(
        curves.divergence(healthy(2000, seed=1), at=1000, rise=2.0), signals.REWARD, np.linspace(0, 1, 2000)
    )
    assert "divergence" in leading(chunk)
