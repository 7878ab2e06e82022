"""vanishing_gradient: the norm sinks by orders of magnitude while the loss stands still."""

import numpy as np
import pytest
from tests.patterns.saying import ALL, alone

from descentry.record.finding import Severity
from descentry.testing import curves
from descentry.testing import curves_signals as signals
from descentry.testing.curves import TRAIN, healthy, with_values
from descentry.testing.verdicts import said

NAME = "vanishing_gradient"


@pytest.mark.parametrize("n_points", [200, 2000, 20_000])
@pytest.mark.parametrize("factor", [1e3, 1e6])
def test_gradients_that_die_are_found(n_points: int, factor: float) -> None:
    at = int(0.3 * n_points)
    one = alone(signals.vanishing(healthy(n_points, seed=1), at=at, factor=factor), NAME)[0]
    assert one.onset_step == pytest.approx(at, abs=0.04 * n_points)
    assert one.severity is Severity.WARNING
    assert one.detected_at_step <= 0.7 * n_points or n_points < 1000
    assert "while the loss stands still" in one.statement


def test_a_norm_of_exactly_zero_is_told_as_such() -> None:
    chunk = signals.vanishing(healthy(2000, seed=1), at=600)
    norm = np.where(np.arange(2000) < 600, chunk.columns[signals.NORM].values, 0.0)
    one = alone(with_values(chunk, signals.NORM, norm), NAME)[0]
    assert "sinks from" in one.statement
    assert " to 0 since" in one.statement
    assert one.facts["zero"] == 1.0


def test_norms_that_shrink_towards_the_input_are_found() -> None:
    one = alone(signals.shrinking_layers(healthy(2000, seed=1), at=500), NAME)[0]
    assert one.curve == "grad_norm/layers.0"
    assert "a factor of 10" in one.statement.replace("9.9", "10").replace("10.0", "10")


def test_the_plateau_beside_it_follows_from_it() -> None:
    findings = said(ALL, [signals.vanishing(healthy(2000, seed=1), at=500)])
    leader = next(i for i, one in enumerate(findings) if one.pattern == NAME)
    assert [one.explained_by for one in findings if one.pattern == "plateau"] in ([leader], [])


def test_a_converging_run_is_no_case() -> None:
    loss = 5.0 * np.exp(-10.0 * np.arange(2000) / 2000) + 0.001
    chunk = with_values(healthy(2000), TRAIN, loss)
    assert alone(with_values(chunk, signals.NORM, 0.3 * loss), NAME) == []


def test_a_norm_that_falls_tenfold_is_no_case() -> None:
    chunk = curves.plateau(healthy(2000, seed=1), at=600)
    norm = np.exp(-np.linspace(0.0, 2.3, 2000))
    assert alone(with_values(chunk, signals.NORM, norm), NAME) == []


def test_a_loss_that_goes_on_falling_is_no_case() -> None:
    norm = signals.vanishing(healthy(2000, seed=1), at=600).columns[signals.NORM].values
    line = np.linspace(5.0, 3.0, 2000) + 0.03 * np.random.default_rng(0).standard_normal(2000)
    assert alone(with_values(with_values(healthy(2000), TRAIN, line), signals.NORM, norm), NAME) == []


def test_layers_alike_are_no_case() -> None:
    assert alone(signals.shrinking_layers(healthy(2000, seed=1), at=500, factor=1.3), NAME) == []


def test_shrinking_layers_of_a_run_that_learns_are_no_case() -> None:
    layers = signals.shrinking_layers(healthy(2000, seed=1), at=500)
    assert alone(with_values(layers, TRAIN, healthy(2000, seed=1).columns[TRAIN].values), NAME) == []


@pytest.mark.parametrize("seed", range(3))
def test_healthy_norms_say_nothing(seed: int) -> None:
    assert alone(signals.gradients(healthy(3000, seed=seed), seed=seed, sigma=0.5), NAME) == []
