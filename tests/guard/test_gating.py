"""Who asks the gate, and who teaches it."""

from math import inf

from descentry.guard.course import Course
from descentry.guard.gate import Gatekeeper
from descentry.guard.gating import Gating
from descentry.guard.monitor import Monitor
from descentry.guard.rules import Gate

NAN = float("nan")


def made(budget_s: float = inf) -> tuple[Gating, Course]:
    return Gating(Monitor(background=False), budget_s), Course(Gatekeeper(Gate()), None)


def test_what_was_said_before_the_step_is_known_at_it() -> None:
    gating, course = made()
    assert gating.before(course.gatekeeper, 0, 1.0, NAN, False) == "loss is not finite"
    assert not gating.passes(course.gatekeeper, 0, 3.0, 1.0)
    assert gating.judged(course, 7, 0, 3.0, 1.0, False) == "loss is not finite"
    assert (gating.is_gated, gating.why, course.bad_from) == (False, "", 7)


def test_what_came_after_it_is_asked_whether_it_is_finite() -> None:
    gating, course = made()
    assert gating.before(course.gatekeeper, 0, 1.0, None, False) == ""
    assert gating.judged(course, 0, 0, NAN, 1.0, False) == "loss is not finite"


def test_without_a_thread_the_loop_learns_at_once() -> None:
    gating, course = made()
    for step in range(30):
        gating.judged(course, step, step, 3.0, 1.0, False)
        assert course.gatekeeper.n_pending == 0


def test_beyond_its_budget_only_nan_is_looked_for() -> None:
    gating, course = made(-1.0)
    for step in range(20):
        gating.judged(course, step, step, 3.0, 1.0, False)
    assert course.gatekeeper.is_off
    assert gating.judged(course, 20, 20, NAN, 1.0, False) == "loss is not finite"


def test_a_course_is_kept_with_all_that_was_learnt() -> None:
    gating, course = made()
    course.gatekeeper.loss.learn(0, 3.0)
    assert gating.kept(course)
    assert course.gatekeeper.n_pending == 0
