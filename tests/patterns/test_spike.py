"""spike: leaps that come back, told once each, at their step; what only looks like one is none."""

import numpy as np
import pytest
from tests.patterns.saying import leading, only

from descentry.patterns.spike import Spike
from descentry.record.finding import Severity
from descentry.testing import curves
from descentry.testing.curves import TRAIN, VAL, exact, healthy
from descentry.testing.noise import NOISES
from descentry.testing.verdicts import said


@pytest.mark.parametrize(
    ("n_points", "at", "height", "n_decay"),
    [
        (300, 150, 1.0, 4.0),
        (1000, 700, 1.0, 0.1),
        (1000, 333, 2.0, 8.0),
        (3000, 2500, 1.0, 20.0),
        (20_000, 12_345, 1.5, 30.0),
        (100_000, 70_000, 2.0, 30.0),
    ],
)
def test_a_spike_is_found_at_its_step(n_points: int, at: int, height: float, n_decay: float) -> None:
    chunk = curves.spike(healthy(n_points, seed=1), at=at, height=height, n_decay=n_decay)
    spike = only(chunk, "spike")
    assert spike.steps[0] == pytest.approx(at + 1, abs=3)
    assert spike.onset_step == at + 1
    assert spike.severity is Severity.WARNING
    assert spike.facts["recovered"] == 1.0


@pytest.mark.parametrize("at", [340, 541, 549, 560])
def test_one_spike_is_told_once_wherever_blocks_end(at: int) -> None:
    spike = only(curves.spike(healthy(1000, seed=7), at=at, height=1.5), "spike")
    assert spike.facts["n_events"] == 1.0
    assert spike.steps == (at + 1,)


def test_a_noise_free_spike_is_found_exactly() -> None:
    chunk = curves.spike(exact(2000), at=1200, height=1.0)
    spike = only(chunk, "spike")
    assert (spike.onset_step, spike.steps) == (1201, (1201,))
    assert spike.evidence[0].observed == chunk.columns[TRAIN].values[1200]


@pytest.mark.parametrize("n_rise", [8, 12, 40])
@pytest.mark.parametrize("at", [4, 20])
def test_a_smooth_hump_early_in_a_validation_without_noise_is_no_spike(n_rise: int, at: int) -> None:
    k = np.arange(240)
    hump = 0.2 * np.exp(-(((k - at - n_rise) / n_rise) ** 2) * np.where(k < at + n_rise, 4.0, 0.2))
    rows = 25 * k
    chunk = curves.with_values(healthy(6000, n_validations=0), VAL, 1.0 - 0.6 * k / 240 + hump, rows)
    assert "spike" not in leading(chunk)
    leap = 0.2 * (k >= at + 20) * np.exp(-np.maximum(0, k - at - 20) / 5.0)
    sharp = curves.with_values(healthy(6000, n_validations=0), VAL, 1.0 - 0.6 * k / 240 + leap, rows)
    assert "spike" in leading(sharp)


def test_several_spikes_are_one_grave_finding() -> None:
    chunk = healthy(3000, seed=2)
    for at in (600, 1200, 1800, 2400):
        chunk = curves.spike(chunk, at=at, height=1.5)
    spike = only(chunk, "spike")
    assert spike.steps == (601, 1201, 1801, 2401)
    assert spike.severity is Severity.CRITICAL


def test_a_spike_in_validation_is_told_of_validation() -> None:
    chunk = curves.spike(healthy(2000, seed=4, n_validations=200), at=1200, height=2.0, name=VAL)
    spike = only(chunk, "spike")
    assert spike.curve == VAL
    assert spike.facts["on_validation"] == 1.0


def test_strays_of_the_noise_are_hardly_ever_spikes() -> None:
    runs = [(name, seed) for name in NOISES for seed in range(10)]
    alarms = [
        (name, seed)
        for name, seed in runs
        if said([Spike()], [healthy(5000, seed=seed, noise=NOISES[name], sigma=0.05)])
    ]
    assert len(alarms) <= 0.02 * len(runs), alarms


def test_a_lasting_step_up_is_no_spike() -> None:
    chunk = healthy(2000, seed=1)
    chunk = curves.with_values(chunk, TRAIN, chunk.columns[TRAIN].values + 1.0 * (np.arange(2000) > 1000))
    assert "spike" not in leading(chunk)


def test_a_dip_is_no_spike() -> None:
    assert leading(curves.spike(healthy(2000, seed=1), at=1200, height=-1.0)) == {}


def test_a_resume_is_not_a_spike() -> None:
    assert "spike" not in leading(curves.resumed(healthy(2000, seed=1), at=1500, back=900))


def test_a_high_first_value_is_not_a_spike() -> None:
    assert leading(curves.spike(healthy(2000, seed=1), at=0, height=5.0, n_decay=2.0)) == {}


def test_nan_is_skipped() -> None:
    chunk = curves.nan(curves.spike(healthy(2000, seed=1), at=1200, height=1.5), at=700, n_points=3)
    assert leading(chunk)["spike"].steps == (1201,)


def test_a_spike_beside_negative_losses_is_found() -> None:
    chunk = healthy(2000, seed=1)
    chunk = curves.with_values(chunk, TRAIN, chunk.columns[TRAIN].values - 3.0)
    assert only(curves.spike(chunk, at=1200, height=1.5), "spike").onset_step == 1201
