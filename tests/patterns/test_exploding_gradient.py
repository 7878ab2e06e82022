"""exploding_gradient: the norm leaves its settled range upwards by orders of magnitude."""

import numpy as np
import pytest
from tests.patterns.saying import ALL, alone

from descentry.record.chunk import Chunk
from descentry.record.finding import Finding, Severity
from descentry.testing import curves
from descentry.testing import curves_signals as signals
from descentry.testing.curves import healthy, with_values
from descentry.testing.verdicts import said

NAME = "exploding_gradient"


def found(chunk: Chunk) -> Finding:
    return alone(chunk, NAME)[0]


@pytest.mark.parametrize("n_points", [200, 2000, 20_000])
@pytest.mark.parametrize("factor", [30.0, 300.0, 1e4])
def test_a_norm_that_grows_is_found(n_points: int, factor: float) -> None:
    at = n_points // 2
    one = found(signals.exploding(healthy(n_points, seed=1), at=at, factor=factor))
    assert at - 0.03 * n_points <= one.onset_step <= at + 0.15 * n_points
    assert one.severity is (Severity.WARNING if factor < 100 else Severity.CRITICAL)
    assert one.end_step is None


@pytest.mark.parametrize("sigma", [0.05, 0.2, 0.5])
def test_noise_of_the_norm_does_not_hide_it(sigma: float) -> None:
    chunk = signals.gradients(healthy(2000, seed=2), sigma=sigma)
    norm = chunk.columns[signals.NORM].values
    chunk = with_values(chunk, signals.NORM, norm * 300.0 ** np.clip((np.arange(2000) - 1000) / 1000, 0, 1))
    assert found(chunk).onset_step == pytest.approx(1000, abs=300)


def test_a_leap_of_single_points_is_told_with_its_steps() -> None:
    one = found(signals.exploding(healthy(2000, seed=1), at=1200, factor=80.0, n_rows=1))
    assert one.steps == (1201,)
    assert one.severity is Severity.WARNING
    assert one.statement.startswith("the gradient norm leaps to ")


def test_it_is_found_before_the_end_of_the_log() -> None:
    one = found(signals.exploding(healthy(2000, seed=1), at=800, factor=1e4))
    assert one.detected_at_step <= 1300


@pytest.mark.parametrize("factor", [300.0, 1e4])
def test_growth_that_has_set_in_is_told_while_it_goes(factor: float) -> None:
    one = found(signals.exploding(healthy(2000, seed=1), at=1000, factor=factor))
    assert one.detected_at_step <= 1000 + (330 if factor < 1e3 else 210)
    assert one.onset_step == pytest.approx(1000, abs=80)


def test_a_burst_of_high_norms_is_not_taken_for_growth() -> None:
    chunk = signals.gradients(healthy(2000, seed=1))
    norm = chunk.columns[signals.NORM].values.copy()
    for at in range(400, 2000, 90):
        norm[at : at + 12] *= 5.0
    assert alone(with_values(chunk, signals.NORM, norm), NAME) == []


@pytest.mark.parametrize("seed", range(6))
def test_norms_that_scatter_by_a_power_law_do_not_leap(seed: int) -> None:
    norm = 0.5 * np.exp(np.random.default_rng(seed).exponential(0.45, 3000))
    assert norm.max() > 12.0
    assert alone(with_values(healthy(3000, seed=seed), signals.NORM, norm), NAME) == []


def test_a_norm_that_comes_back_has_an_end() -> None:
    one = found(signals.exploding(healthy(2000, seed=1), at=800, factor=100.0, n_rows=200))
    assert one.end_step is not None
    assert 980 <= one.end_step <= 1060


def test_it_follows_from_a_spike_of_the_loss() -> None:
    chunk = signals.exploding(
        curves.spike(healthy(2000, seed=1), at=1200, height=3.0), at=1200, factor=100.0, n_rows=3
    )
    findings = said(ALL, [chunk])
    leader = next(i for i, one in enumerate(findings) if one.pattern == "spike")
    assert [one.explained_by for one in findings if one.pattern == NAME] == [leader]


def test_norms_at_a_ceiling_inform() -> None:
    chunk = signals.gradients(healthy(2000, seed=1))
    norm = np.minimum(chunk.columns[signals.NORM].values, 0.45)
    one = found(with_values(chunk, signals.NORM, norm))
    assert one.severity is Severity.INFO
    assert "ceiling" in one.statement


@pytest.mark.parametrize("seed", range(4))
def test_norms_with_heavy_tails_and_a_drift_are_calm(seed: int) -> None:
    random = np.random.default_rng(seed)
    norm = 0.5 * np.exp(0.6 * random.standard_normal(3000)) * np.linspace(1.0, 4.0, 3000)
    assert alone(with_values(healthy(3000, seed=seed), signals.NORM, norm), NAME) == []


def test_a_high_start_is_no_explosion() -> None:
    norm = 0.3 + 50.0 * np.exp(-np.arange(2000) / 20.0)
    assert alone(with_values(healthy(2000), signals.NORM, norm), NAME) == []


def test_a_leap_of_a_few_times_is_no_explosion() -> None:
    assert alone(signals.exploding(healthy(2000), at=1500, factor=6.0, n_rows=2), NAME) == []


def test_a_norm_that_falls_by_orders_and_comes_back_has_not_exploded() -> None:
    fall = 10.0 ** -np.interp(np.arange(2000), [0, 800, 1200, 2000], [0.0, 2.0, 2.0, 0.2])
    assert alone(with_values(healthy(2000), signals.NORM, fall), NAME) == []


def test_zeros_and_a_constant_norm_say_nothing() -> None:
    assert alone(with_values(healthy(500), signals.NORM, np.zeros(500)), NAME) == []


def test_without_a_norm_nothing_is_said() -> None:
    assert alone(healthy(2000), NAME) == []
