"""The lives of findings: opened once, updated when there is something to tell, resolved once."""

from dataclasses import replace

import numpy as np

from descentry.record.finding import Finding, Severity
from descentry.stream.drive import Stream
from descentry.stream.lives import Lives
from descentry.testing import curves
from descentry.testing.transforms import singles

PLATEAU = Finding("plateau", Severity.WARNING, 0.8, "loss", 40, None, 100, "it stands still")


def events(lives: Lives, findings: list[Finding], step: int) -> list[tuple[str, int]]:
    return [(change.event, change.step) for change in lives.judge(findings, step)]


def test_a_life_is_opened_updated_and_resolved_once() -> None:
    lives = Lives()
    worse = replace(PLATEAU, severity=Severity.CRITICAL, detected_at_step=150)
    assert events(lives, [PLATEAU], 100) == [("opened", 100)]
    assert events(lives, [PLATEAU], 110) == []
    assert events(lives, [worse], 150) == [("updated", 150)]
    assert events(lives, [worse], 160) == []
    assert events(lives, [], 200) == [("resolved", 200)]
    assert events(lives, [], 210) == []


def test_the_first_detection_is_kept() -> None:
    lives = Lives()
    lives.judge([PLATEAU], 100)
    lives.judge([replace(PLATEAU, detected_at_step=300)], 300)
    assert [one.detected_at_step for one in lives.standing.values()] == [100]


def test_nothing_is_detected_before_its_onset() -> None:
    lives = Lives()
    lives.judge([PLATEAU], 100)
    lives.judge([replace(PLATEAU, onset_step=250, detected_at_step=300)], 300)
    assert [one.detected_at_step for one in lives.standing.values()] == [250]


def test_patterns_that_date_themselves_are_believed() -> None:
    lives = Lives(frozenset({"plateau"}))
    lives.judge([PLATEAU], 100)
    lives.judge([replace(PLATEAU, detected_at_step=300)], 300)
    assert [one.detected_at_step for one in lives.standing.values()] == [300]


def test_one_pattern_on_two_curves_has_two_lives() -> None:
    lives = Lives()
    both = [PLATEAU, replace(PLATEAU, curve="val")]
    assert events(lives, both, 100) == [("opened", 100)] * 2
    assert events(lives, [PLATEAU], 120) == [("resolved", 120)]


def test_a_live_nan_is_opened_at_its_first_step_and_never_again() -> None:
    stream = Stream()
    log = curves.nan(curves.healthy(400, seed=1), at=300)
    changes = [change for row in singles(log) for change in stream.feed(row)]
    assert [(one.event, one.finding.pattern, one.step) for one in changes] == [("opened", "nan", 301)]


def test_every_life_alternates() -> None:
    stream = Stream()
    log = curves.spike(curves.healthy(900, seed=1), at=500, height=2.0)
    log = curves.with_values(log, "val_loss", np.linspace(3.0, 5.0, 900))
    last: dict[tuple[str, str], str] = {}
    for row in singles(log):
        for change in stream.feed(row):
            key = (change.finding.pattern, change.finding.curve)
            assert (change.event == "opened") == (last.get(key) in (None, "resolved"))
            last[key] = change.event
    assert {key for key, event in last.items() if event != "resolved"} == {
        (one.pattern, one.curve) for one in stream.standing
    }
