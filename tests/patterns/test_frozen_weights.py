"""frozen_weights: the weights of some module that should train never change."""

import numpy as np
import pytest
from tests.patterns.saying import alone

from descentry.record.finding import Severity
from descentry.testing import curves_signals as signals
from descentry.testing.curves import healthy, with_values

NAME = "frozen_weights"


@pytest.mark.parametrize("n_points", [40, 2000, 20_000])
@pytest.mark.parametrize("still", [(1,), (0, 2)])
def test_modules_that_never_move_are_found(n_points: int, still: tuple[int, ...]) -> None:
    one = alone(signals.updates(healthy(n_points, seed=1), still=still), NAME)[0]
    assert one.onset_step == 1
    assert one.severity is Severity.CRITICAL
    assert one.detected_at_step <= 40
    assert one.statement.startswith(f"update_ratio/layers.{still[0]}")
    assert one.facts["all_modules"] == 0.0


def test_all_modules_still_is_told_as_such() -> None:
    one = alone(signals.updates(healthy(2000), still=(0, 1, 2, 3)), NAME)[0]
    assert one.facts["all_modules"] == 1.0
    assert one.statement.startswith("all 4 curves")


def test_a_module_that_stops_on_the_way_is_found() -> None:
    chunk = signals.updates(healthy(2000))
    name = "update_ratio/layers.2"
    values = np.where(np.arange(2000) < 1000, chunk.columns[name].values, 0.0)
    assert alone(with_values(chunk, name, values), NAME)[0].onset_step == pytest.approx(1001, abs=3)


def test_a_gradient_of_zero_in_one_module_is_found() -> None:
    chunk = with_values(healthy(2000), "grad_norm/layers.0", np.ones(2000))
    assert alone(with_values(chunk, "grad_norm/head", np.zeros(2000)), NAME)


def test_a_level_weight_norm_beside_moving_ones_is_found() -> None:
    chunk = with_values(healthy(2000), "weight_norm/embed", np.full(2000, 12.5))
    one = alone(with_values(chunk, "weight_norm/head", np.linspace(3.0, 4.0, 2000)), NAME)[0]
    assert one.curve == "weight_norm/embed"
    assert "never changes" in one.statement


def test_modules_that_move_say_nothing() -> None:
    assert alone(signals.updates(healthy(2000)), NAME) == []


def test_updates_of_a_rate_that_has_ended_are_no_case() -> None:
    chunk = signals.cut_rate(signals.updates(healthy(2000)), at=1500)
    for k in range(4):
        name = f"update_ratio/layers.{k}"
        values = np.where(np.arange(2000) < 1500, chunk.columns[name].values, 0.0)
        chunk = with_values(chunk, name, values)
    assert alone(chunk, NAME) == []


def test_single_zeros_are_no_case() -> None:
    chunk = signals.updates(healthy(2000))
    name = "update_ratio/layers.0"
    values = np.where(np.arange(2000) % 5 == 0, 0.0, chunk.columns[name].values)
    assert alone(with_values(chunk, name, values), NAME) == []


def test_tiny_updates_are_no_case() -> None:
    assert alone(with_values(healthy(2000), "update_ratio", np.full(2000, 1e-12)), NAME) == []


def test_one_level_weight_norm_of_a_run_that_learns_is_no_case() -> None:
    assert alone(with_values(healthy(2000), "weight_norm", np.full(2000, 12.5)), NAME) == []


def test_a_weight_norm_that_creeps_is_no_case() -> None:
    chunk = with_values(healthy(2000), "weight_norm/embed", np.linspace(12.5, 12.51, 2000))
    assert alone(with_values(chunk, "weight_norm/head", np.linspace(3.0, 4.0, 2000)), NAME) == []
