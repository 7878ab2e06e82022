"""One rate of false alarms: every judgement by noise takes it, and a lower one never finds more."""

from dataclasses import fields, replace

import pytest

from descentry.patterns.divergence import Divergence
from descentry.patterns.registry import at_rate, detectors
from descentry.patterns.spike import Spike
from descentry.signal.alarms import DEFAULT_RATE
from descentry.stream.drive import Stream, run
from descentry.testing import curves
from descentry.testing.battery import battery
from descentry.testing.curves import healthy
from descentry.testing.verdicts import said

BY_NOISE = {
    "spike", "divergence", "flat", "overfit", "staircase", "plateau", "data_shift", "oscillation", "restart_bump",
    "exploding_gradient", "vanishing_gradient", "leakage", "loss_metric_split", "objective_tradeoff",
    "reward_hacking", "double_descent", "underfit_duration", "saturation", "dead_units",
}  # fmt: skip
RATES = (1e-8, 1e-5, DEFAULT_RATE, 0.05, 0.5)
CURVES = battery(600)


def test_every_judgement_by_noise_takes_the_rate() -> None:
    taking = {one.id for one in detectors() if "alarm_rate" in {f.name for f in fields(one)}}  # type: ignore[arg-type]
    assert taking == BY_NOISE


def test_the_default_is_the_rate_that_is_told() -> None:
    assert at_rate(detectors(), DEFAULT_RATE) == detectors()
    assert at_rate([Divergence()], 0.01) == [replace(Divergence(), alarm_rate=0.01)]


@pytest.mark.parametrize("detector", detectors(), ids=lambda one: one.id)
@pytest.mark.parametrize(
    "name", ["spikes", "divergence", "overfit", "another level", "staircase", "swings", "flat"]
)
def test_a_lower_rate_never_finds_more(detector: object, name: str) -> None:
    if detector.id not in BY_NOISE:  # type: ignore[attr-defined]
        return
    counts = [len(said(at_rate([detector], rate), [CURVES[name]])) for rate in RATES]  # type: ignore[list-item]
    assert counts == sorted(counts)


@pytest.mark.parametrize("height", [0.35, 0.45, 0.6])
def test_a_lower_rate_finds_no_smaller_spikes(height: float) -> None:
    log = curves.spike(healthy(2000, seed=4, sigma=0.05), at=1200, height=height)
    found = [bool(said([Spike(alarm_rate=rate)], [log])) for rate in RATES]
    assert found == sorted(found)


def test_a_lower_rate_is_later() -> None:
    log = curves.divergence(healthy(1000, seed=5, sigma=0.2), at=500, rise=1.5)
    known = [said([Divergence(alarm_rate=rate)], [log])[0].detected_at_step for rate in RATES]
    assert known == sorted(known, reverse=True)
    assert known[0] > known[-1]


def test_stream_and_run_hand_the_rate_on() -> None:
    faint = curves.divergence(healthy(2000, seed=5, sigma=0.2), at=1000, rise=1.5)
    stream = Stream(alarm_rate=1e-8)
    stream.feed(faint)
    strict = next(one for one in stream.end().findings if one.pattern == "divergence")
    usual = next(one for one in run([faint]).findings if one.pattern == "divergence")
    assert strict.detected_at_step > usual.detected_at_step
    assert run([faint], alarm_rate=1e-8).findings == stream.end().findings
