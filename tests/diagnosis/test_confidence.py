"""Calibration as the diagnosis applies it: to findings, and to the causes of one finding together."""

import pytest

from descentry.diagnosis.confidence import PLAIN, Calibration, Curve
from descentry.record.finding import Finding, Severity

HALF = Curve((0.0, 1.0), (0.0, 0.5))


def finding(confidence: float) -> Finding:
    return Finding("spike", Severity.WARNING, confidence, "loss", 1, None, 2, "up")


def test_a_curve_is_straight_between_its_places_and_level_outside() -> None:
    curve = Curve((0.5, 0.9), (0.6, 1.0))
    assert curve(0.7) == pytest.approx(0.8)
    assert (curve(0.5), curve(0.9), curve(0.1), curve(1.0)) == (0.6, 1.0, 0.6, 1.0)
    assert Curve((0.7,), (0.95,))(0.2) == 0.95


def test_what_was_never_measured_stays_as_it_is() -> None:
    assert PLAIN.finding(finding(0.4)).confidence == 0.4
    assert Calibration({"nan": HALF}, HALF).finding(finding(0.4)).confidence == 0.4
    assert Calibration({"spike": HALF}, HALF).finding(finding(0.4)).confidence == pytest.approx(0.2)


def test_the_other_causes_share_what_the_first_leaves() -> None:
    surer = Calibration({}, Curve((0.5,), (0.8,)))
    assert surer.causes([0.5, 0.3, 0.1]) == pytest.approx([0.8, 0.12, 0.04])
    assert surer.causes([]) == []
    assert surer.causes([1.0, 0.0]) == [0.8, 0.0]


def test_no_cause_passes_the_likeliest() -> None:
    told = Calibration({}, Curve((0.5,), (0.3,))).causes([0.5, 0.45])
    assert told[0] == 0.3
    assert told[1] <= told[0]
    assert sum(told) <= 1.0
