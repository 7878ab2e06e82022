"""dead_units: a layer's share of silent units rises past a third, or its sparsity jumps."""

import numpy as np
import pytest
from tests.patterns.saying import alone

from descentry.record.finding import Severity
from descentry.testing import curves_signals as signals
from descentry.testing.curves import healthy, with_values

NAME, SHARE = "dead_units", "dead_fraction"


@pytest.mark.parametrize("n_points", [100, 2000, 20_000])
@pytest.mark.parametrize("share", [0.4, 0.7, 0.95])
def test_a_dying_layer_is_found(n_points: int, share: float) -> None:
    at = int(0.4 * n_points)
    one = alone(signals.dying(healthy(n_points, seed=1), at=at, share=share), NAME)[0]
    assert one.onset_step == pytest.approx(at, abs=0.03 * n_points)
    assert one.severity is Severity.WARNING
    assert one.detected_at_step <= 0.75 * n_points or n_points < 200  # a live run waits for 100 points
    assert one.curve == "dead_fraction/layers.1"
    assert "(1 of 3 layers)" in one.statement


def test_a_jump_of_a_sparse_layer_is_found() -> None:
    values = np.where(np.arange(2000) < 1000, 0.5, 0.9) + 0.01 * np.random.default_rng(0).standard_normal(
        2000
    )
    assert alone(with_values(healthy(2000), "sparsity/layer1", values), NAME)[0].onset_step == pytest.approx(
        1000, abs=40
    )


def said_of(values: np.ndarray) -> set[str]:
    return {one.pattern for one in alone(with_values(healthy(len(values)), SHARE, values), NAME)}


def test_a_steady_third_is_no_case() -> None:
    assert said_of(0.3 + 0.03 * np.random.default_rng(0).standard_normal(2000)) == set()


def test_sparsity_that_grows_slowly_is_learned() -> None:
    assert said_of(np.linspace(0.5, 0.95, 2000)) == set()


def test_a_rise_below_a_third_is_no_case() -> None:
    assert said_of(np.linspace(0.02, 0.25, 2000)) == set()


def test_one_bad_window_is_no_case() -> None:
    assert said_of(np.where(np.abs(np.arange(2000) - 900) < 20, 0.8, 0.05)) == set()


def test_counts_are_no_shares() -> None:
    assert said_of(np.linspace(0.0, 400.0, 2000)) == set()


def test_noise_around_a_third_is_no_case() -> None:
    values = 0.33 + 0.1 * np.random.default_rng(1).standard_normal(2000)
    assert said_of(np.clip(values, 0.0, 1.0)) == set()
