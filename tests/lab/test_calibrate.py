"""Calibration: the rising fit, how little data is drawn to the prior, and the data file that ships."""

import tomllib

import numpy as np
import pytest
from lab.score.calibrate import CAUSE_PRIOR, Word, as_toml, learned
from lab.score.isotonic import MOST, PRIOR, fit, pooled

from descentry.diagnosis.confidence import Curve, load
from descentry.patterns.registry import detectors


def test_pooling_is_the_textbook_answer() -> None:
    ones = np.ones(5)
    assert pooled(np.array([1.0, 3.0, 2.0, 4.0, 3.5]), ones).tolist() == [1.0, 2.5, 2.5, 3.75, 3.75]
    assert pooled(np.array([1.0, 2.0, 3.0]), np.ones(3)).tolist() == [1.0, 2.0, 3.0]
    assert pooled(np.array([3.0, 0.0]), np.array([1.0, 2.0])).tolist() == [1.0, 1.0]


def test_pooling_is_nearer_than_any_other_rising_sequence() -> None:
    random = np.random.default_rng(0)
    values, weights = random.random(8), 0.5 + random.random(8)
    best = float((weights * (pooled(values, weights) - values) ** 2).sum())
    for _ in range(300):
        other = np.sort(random.random(8))
        assert best <= float((weights * (other - values) ** 2).sum()) + 1e-12


def test_a_fit_rises_and_follows_the_shares() -> None:
    said = [0.6] * 400 + [0.8] * 400
    right = [True] * 200 + [False] * 200 + [True] * 360 + [False] * 40
    curve = fit(said, right)
    assert curve(0.6) == pytest.approx(0.5, abs=0.01)
    assert curve(0.8) == pytest.approx(0.9, abs=0.01)
    assert curve(0.6) < curve(0.7) < curve(0.8) == curve(0.99)


def test_few_findings_move_a_pattern_little() -> None:
    assert fit([0.8], [False])(0.8) == pytest.approx(0.8 * PRIOR / (PRIOR + 1), abs=1e-4)
    assert fit([], []) == Curve()


def test_what_was_never_said_keeps_its_proportion() -> None:
    curve = fit([0.8] * 50, [True] * 50)
    assert curve(0.4) == pytest.approx(curve(0.8) / 2)


def test_nothing_is_certain() -> None:
    assert fit([0.9] * 5000, [True] * 5000)(0.9) == MOST


def test_what_is_written_is_what_was_learned() -> None:
    words = [Word("spike", 0.9, k % 4 > 0, (0.7, k % 2 == 0)) for k in range(80)]
    words += [Word("nan", 0.99, True, None)] * 40
    found = learned(words)
    told = tomllib.loads("\n".join(as_toml(found, 120, 60)))
    assert set(told["findings"]) == {"spike", "nan"}
    for name, curve in found.findings.items():
        assert tuple(map(tuple, told["findings"][name])) == tuple(zip(curve.said, curve.shares, strict=True))
    assert found.findings["spike"](0.9) < found.findings["nan"](0.99)
    assert found.cause(0.7) == pytest.approx((40 + CAUSE_PRIOR * 0.7) / (80 + CAUSE_PRIOR), abs=1e-4)


def test_most_detectors_that_ship_are_calibrated() -> None:
    known = {one.id for one in detectors()}
    assert set(load().findings) <= known
    assert len(load().findings) >= 0.9 * len(known)


@pytest.mark.parametrize("name", [*load().findings, "cause"])
def test_shipped_curves_rise_between_nothing_and_certainty(name: str) -> None:
    curve = load().cause if name == "cause" else load().findings[name]
    assert isinstance(curve, Curve)
    assert len(curve.said) == len(curve.shares) > 0
    assert list(curve.said) == sorted(set(curve.said))
    assert list(curve.shares) == sorted(curve.shares)
    assert curve.shares[0] >= 0.0
    assert curve.shares[-1] < 1.0
