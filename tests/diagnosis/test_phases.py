"""Phases tell the course in words, and the schedule is told from where it is known."""

import numpy as np
import pytest
from lab.synthetic.cases_benign import scheduled
from lab.synthetic.cases_loss import FAULTS, made_up
from lab.synthetic.draft import Draft

from descentry.diagnosis.diagnose import diagnose
from descentry.record.report import RunReport
from descentry.record.roles import Role
from descentry.record.run import Curve, Run

ROLES = {
    "train_loss": Role.TRAIN_LOSS,
    "val_loss": Role.VAL_LOSS,
    "lr": Role.LEARNING_RATE,
    "grad_norm": Role.GRAD_NORM,
}


def told(of: Draft) -> RunReport:
    made = of.made()
    curves = {
        name: Curve(name, ROLES.get(name), steps, values) for name, (steps, values) in made.series.items()
    }
    return diagnose(Run("made", "made", "made", curves, dict(made.config)))


def words(report: RunReport) -> list[str]:
    return [phase.phase for phase in report.phases]


def test_a_wsd_run_in_words() -> None:
    report = told(scheduled("wsd", 0))
    assert words(report) == ["warm-up", "fast descent", "slow descent", "cool-down"]
    assert report.schedule is not None
    assert (report.schedule["kind"], report.schedule["origin"]) == ("wsd", "logged")


@pytest.mark.parametrize("name", ["constant", "cosine", "linear", "step", "exponential"])
def test_a_plain_descent_is_fast_then_slow(name: str) -> None:
    assert words(told(scheduled(name, 2)))[:2] == ["fast descent", "slow descent"]


def test_phases_follow_each_other_without_gap_or_overlap() -> None:
    report = told(scheduled("warmup", 0))
    for one, after in zip(report.phases[:-1], report.phases[1:], strict=True):
        assert one.first_step <= one.last_step < after.first_step


@pytest.mark.parametrize(
    ("event", "word"), [("divergence", "rise"), ("flat", "flat"), ("plateau", "plateau"), ("nan", "lost")]
)
def test_trouble_is_a_phase(event: str, word: str) -> None:
    assert word in words(told(made_up(FAULTS[event], 2, 7)))


def test_what_is_not_logged_is_guessed_and_said_so() -> None:
    of = made_up(FAULTS["staircase"], 2, 7)
    of.logs -= {"lr"}
    schedule = told(of).schedule
    assert schedule is not None
    assert (schedule["kind"], schedule["origin"]) == ("step", "guessed")
    assert isinstance(schedule["confidence"], float)
    assert schedule["confidence"] < 0.5
    assert str(schedule["statement"]).startswith("not logged; ")


def test_settings_come_before_a_guess() -> None:
    of = scheduled("step", 0)
    of.logs -= {"lr"}
    of.config["lr_scheduler_type"] = "cosine"
    schedule = told(of).schedule
    assert schedule is not None
    assert (schedule["kind"], schedule["origin"]) == ("cosine", "configured")


def test_too_few_points_have_no_phases() -> None:
    curve = Curve("loss", Role.TRAIN_LOSS, np.arange(5), np.arange(5.0))
    assert told_run(curve).phases == ()


def told_run(curve: Curve) -> RunReport:
    return diagnose(Run("few", "made", "few", {"loss": curve}))
