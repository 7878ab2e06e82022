"""objective_tradeoff: one objective improves as another worsens or stalls."""

import numpy as np
import pytest
from tests.patterns.saying import alone

from descentry.record.finding import Severity
from descentry.testing import curves_signals as signals
from descentry.testing.curves import TRAIN, healthy, with_values

NAME = "objective_tradeoff"


@pytest.mark.parametrize("n_points", [200, 2000, 20_000])
@pytest.mark.parametrize("rise", [0.8, 2.0])
def test_a_language_that_pays_for_another_is_found(n_points: int, rise: float) -> None:
    at = int(0.4 * n_points)
    one = alone(signals.trading(healthy(n_points, seed=1), at=at, rise=rise), NAME)[0]
    assert one.onset_step == pytest.approx(at, abs=0.12 * n_points)
    assert one.severity is Severity.WARNING
    assert one.curve == "loss/fr"
    assert one.detected_at_step < n_points or n_points < 1000
    assert "loss/fr rises from" in one.statement
    assert "while loss/en falls" in one.statement


@pytest.mark.parametrize("behind", [0.0, 0.1, 0.3])
def test_a_head_that_is_left_behind_is_found(behind: float) -> None:
    one = alone(signals.heads(healthy(2000, seed=1), behind=behind), NAME)[0]
    assert one.curve == "text_loss"
    assert "stays behind" in one.statement
    assert one.facts["never_moved"] == float(behind < 0.05)
    assert one.detected_at_step < 1500


def test_heads_that_learn_alike_are_no_case() -> None:
    assert alone(signals.heads(healthy(2000, seed=1), behind=0.7), NAME) == []


@pytest.mark.parametrize("seed", range(3))
def test_languages_that_fall_together_are_no_case(seed: int) -> None:
    assert (
        alone(signals.trading(healthy(2000, seed=seed, sigma=0.1), at=800, rise=0.0, seed=seed), NAME) == []
    )


def test_a_rise_of_all_is_a_divergence() -> None:
    chunk = signals.trading(healthy(2000, seed=1), at=800, rise=0.0)
    rise = 2.0 * np.clip((np.arange(2000) - 1000) / 1000, 0.0, 1.0)
    for name in (TRAIN, "loss/en", "loss/fr"):
        chunk = with_values(chunk, name, chunk.columns[name].values + rise)
    assert alone(chunk, NAME) == []


@pytest.mark.parametrize("name", ["router_z_loss", "kl_loss", "critic_loss", "load_balancing_loss"])
def test_helpers_may_rise(name: str) -> None:
    chunk = with_values(healthy(2000), "main_ce_loss", np.linspace(5.0, 2.0, 2000))
    rising = np.interp(np.arange(2000), [0, 500, 2000], [1.0, 0.5, 2.0])
    assert alone(with_values(chunk, name, rising), NAME) == []


def test_parts_with_floors_of_their_own_are_no_case() -> None:
    k = np.arange(2000)
    chunk = healthy(2000)
    for name, course in (
        ("train/box_loss", 2.0 - 0.2 * (1.0 - np.exp(-k / 100.0))),
        ("train/cls_loss", 0.2 + 1.8 * np.exp(-k / 100.0)),
    ):
        chunk = with_values(chunk, name, course + 0.01 * np.random.default_rng(1).standard_normal(2000))
    assert alone(chunk, NAME) == []


def test_slow_progress_of_one_is_no_case() -> None:
    chunk = signals.heads(healthy(2000, seed=1), behind=0.3)
    line = np.linspace(2.1, 1.5, 2000) * np.exp(0.05 * np.random.default_rng(1).standard_normal(2000))
    assert alone(with_values(chunk, "text_loss", line), NAME) == []
