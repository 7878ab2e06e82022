"""The guard in the loop: what it is told, what it asks for, how it goes back and goes on."""

import json
from typing import Any

import numpy as np
import pytest
from tests.guard.made import at_once, driven, kinds, plain, rows

import descentry
from descentry.guard.actions import (
    Checkpoint,
    ClipTo,
    Continue,
    RollBack,
    ScaleLr,
    SkipBatch,
    Stop,
    as_mapping,
    name_of,
)  # fmt: skip
from descentry.record.errors import UsageError

NAN = float("nan")
NAN_ROW = dict.fromkeys(range(300, 330), NAN)
GATE = {"gate": {}}
SPIKE = dict.fromkeys(range(700, 712), 40.0)


def test_it_is_in_the_face() -> None:
    guard = descentry.Guard(policy="acting", background=False)
    action = guard.observe(0, loss=2.5, grad_norm=1.0, lr=1e-3)
    assert action == descentry.Continue()
    assert isinstance(guard.policy, descentry.Policy)
    faces = (descentry.SkipBatch, descentry.RollBack, descentry.ScaleLr, descentry.ClipTo, descentry.Stop)
    assert faces == (SkipBatch, RollBack, ScaleLr, ClipTo, Stop)
    assert descentry.Checkpoint is Checkpoint


def test_actions_are_plain_json() -> None:
    deeds = (SkipBatch("x"), RollBack(3, 4, 0.5), ScaleLr(0.1), ClipTo(1.0), Checkpoint(), Stop("y", 3))
    assert [name_of(deed) for deed in deeds] == [
        "skip_batch", "roll_back", "scale_lr", "clip_to", "checkpoint", "stop",
    ]  # fmt: skip
    told = json.loads(json.dumps(as_mapping(Continue(deeds))))
    assert (told["action"], told["advice"][1]["to_step"]) == ("continue", 3)
    assert Continue(deeds[:1]).reason == "x"


def test_it_advises_unless_it_may_act() -> None:
    for act in (False, True):
        guard = at_once("nan", act=act)
        said = driven(guard, rows(301, loss=NAN_ROW))
        assert said[299] == Continue()
        deed = said[300] if act else said[300].advice[0]  # type: ignore[union-attr]
        assert deed == SkipBatch("loss is not finite")
        assert guard.quarantine[0].is_kept_out == act


def test_a_veto_before_the_update_is_known_to_observe() -> None:
    for act in (False, True):
        guard = at_once(GATE, act=act)
        driven(guard, rows(300))
        assert guard.before_step(grad_norm=60.0, loss=3.0) is not act
        action = guard.observe(300, grad_norm=60.0, loss=3.0)
        deed = action if act else action.advice[0]  # type: ignore[union-attr]
        assert isinstance(deed, SkipBatch)
        assert "grad_norm 60 stands" in deed.reason
        assert guard.before_step(0.5, 3.0)
        assert guard.observe(301, grad_norm=0.5, loss=3.0) == Continue()


def test_a_policy_without_a_gate_vetoes_nothing() -> None:
    guard = at_once({}, act=True)
    assert guard.before_step(NAN, NAN)
    assert guard.observe(0, loss=NAN) == Continue()


def test_a_loss_that_before_step_did_not_know_is_looked_at() -> None:
    guard = at_once(GATE, act=True)
    assert guard.before_step(1.0)
    assert guard.observe(0, loss=NAN, grad_norm=1.0) == SkipBatch("loss is not finite")


def test_batch_and_module_are_told_and_kept() -> None:
    guard = at_once(GATE, act=True)
    driven(guard, rows(10))
    action = guard.observe(10, loss=NAN, batch="shard-3/17", module="layers.4.attention")
    assert action == SkipBatch("loss is not finite (batch shard-3/17; first in layers.4.attention)")
    (one,) = guard.quarantine
    assert (one.step, one.first, one.last, one.batch, one.module) == (
        10,
        10,
        10,
        "shard-3/17",
        "layers.4.attention",
    )


def test_other_signals_that_are_not_finite_are_named() -> None:
    guard = at_once(GATE, act=True)
    action = guard.observe(0, loss=NAN, **{"grad_norm/head": NAN, "grad_norm/body": 1.0})
    assert action == SkipBatch("loss is not finite (also grad_norm/head)")


def test_batches_passed_over_by_a_roll_back_are_in_quarantine() -> None:
    guard = at_once({"rules": [{"on": "nonfinite", "do": [{"action": "roll_back", "skip": 5}]}]}, act=True)
    guard.saved(0)
    driven(guard, rows(20))
    assert guard.observe(20, loss=NAN) == RollBack(0, 26, reason="nonfinite: loss is not finite")
    assert [(one.first, one.last) for one in guard.quarantine] == [(20, 20), (0, 25)]
    guard.observe(0, loss=NAN)
    assert guard.quarantine[-1].first == 26


def test_more_signals_of_a_step_are_not_another_batch() -> None:
    guard = at_once({"rules": [{"on": "nonfinite", "in_a_row": 3, "do": [{"action": "stop"}] * 2}]}, act=True)
    for step in range(3):
        assert guard.observe(step, accuracy=0.5) == Continue()
        action = guard.observe(step, loss=NAN)
        assert guard.observe(step, val_loss=2.0) == Continue()
    assert isinstance(action, Stop)
    assert guard.ledger.n_batches == 3


def test_a_repeated_step_with_a_loss_is_another_batch() -> None:
    guard = at_once(GATE, act=True)
    assert [isinstance(guard.observe(7, loss=NAN), SkipBatch) for _ in range(3)] == [True] * 3
    assert [one.last for one in guard.quarantine] == [0, 1, 2]


def test_what_does_not_keep_the_update_away_waits_for_the_next_step() -> None:
    policy = {**GATE, "rules": [{"on": "nonfinite", "do": [{"action": "clip_to", "norm": 0.5}]}]}
    guard = at_once(policy, act=True)
    assert guard.observe(0, loss=NAN) == SkipBatch("loss is not finite")
    assert guard.observe(1, loss=2.0) == ClipTo(0.5, "nonfinite: loss is not finite")
    assert guard.observe(2, loss=2.0) == Continue()


def test_after_a_stop_it_asks_for_nothing() -> None:
    guard = at_once("divergence_stop", act=True)
    said = driven(guard, rows(600, loss=dict.fromkeys(range(300, 600), NAN)))
    assert kinds(guard.history) == ["Stop"]
    assert all(action == Continue() for action in said[guard.history[0][0] + 1 :])


def test_the_best_step_is_that_of_validation_where_there_is_any() -> None:
    guard = at_once({})
    assert guard.best_step is None
    guard.observe(0, loss=3.0)
    guard.observe(1, loss=1.0)
    assert guard.best_step == 1
    guard.observe(2, loss=2.0, val_loss=2.5)
    guard.observe(3, loss=0.5, val_loss=NAN)
    assert guard.best_step == 2


def test_going_back_the_guard_is_what_it_was() -> None:
    policy = {**GATE, "rules": [{"on": "nonfinite", "do": [{"action": "roll_back"}]}], "early_stop": {}}
    guard, other = at_once(policy, act=True), at_once(policy, act=True)
    told = list(rows(500))
    for one, until in ((guard, 400), (other, 200)):
        for step in range(until):
            if step == 200:
                one.saved(step)
            one.observe(step, **told[step])
    other.saved(200)
    assert isinstance(guard.observe(400, loss=NAN), RollBack)
    assert repr(guard.course) == repr(other.course)
    assert plain(guard.report()) == plain(other.report())
    assert guard.best_step == other.best_step
    assert guard.observe(200, **told[200]) == Continue()


def test_checkpoints_after_the_one_gone_back_to_are_forgotten() -> None:
    guard = at_once({"rules": [{"on": "nonfinite", "do": [{"action": "roll_back", "before": 15}]}]}, act=True)
    for step, row in enumerate(rows(40)):
        if step % 10 == 0:
            guard.saved(step)
        guard.observe(step, **row)
    assert guard.observe(40, loss=NAN) == RollBack(20, reason="nonfinite: loss is not finite")
    assert sorted(guard.ledger.saved_at) == [0, 10, 20]
    guard.forgotten(10)
    guard.forgotten(999)
    assert sorted(guard.ledger.saved_at) == [0, 20]


def test_advice_of_a_roll_back_leaves_the_findings_standing() -> None:
    policy = {
        "rules": [
            {"on": "spike", "do": [{"action": "roll_back"}]},
            {"on": "spike", "do": [{"action": "stop"}]},
        ]
    }
    guard = at_once(policy)
    driven(guard, rows(720, loss=SPIKE))
    assert kinds(guard.history) == ["RollBack", "Stop"]
    assert guard.findings


def test_a_state_goes_on_exactly() -> None:
    told = list(rows(900, loss=SPIKE, grad_norm=SPIKE))
    whole, first, second = (at_once("acting", act=True) for _ in range(3))
    for one in (whole, first):
        for step in range(600):
            one.observe(step, **told[step])
    state = json.loads(json.dumps(first.state_dict()))
    assert second.load_state_dict(state)
    for step in range(600, 900):
        assert second.observe(step, **told[step]) == whole.observe(step, **told[step])
    assert second.quarantine == whole.quarantine
    assert second.quarantine
    assert plain(second.report()) == plain(whole.report())


def test_a_state_after_a_roll_back_still_hears_the_monitor() -> None:
    policy = {
        "rules": [
            {"on": "nonfinite", "do": [{"action": "roll_back"}]},
            {"on": "spike", "do": [{"action": "stop"}]},
        ]
    }
    guard, other = at_once(policy, act=True), at_once(policy, act=True)
    guard.saved(0)
    assert isinstance(guard.observe(0, loss=NAN), RollBack)
    driven(guard, rows(600, loss=SPIKE))
    assert other.load_state_dict(guard.state_dict())
    driven(other, list(rows(720, loss=SPIKE))[600:], 600)
    assert kinds(other.history) == ["Stop"]


def test_a_state_of_another_policy_begins_its_rules_anew(caplog: pytest.LogCaptureFixture) -> None:
    guard, other = at_once("acting"), at_once("clip")
    driven(guard, rows(100))
    assert other.load_state_dict(guard.state_dict())
    assert other.ladder.policy == other.policy
    assert other.best_step == guard.best_step
    assert "its rules begin anew" in caplog.text


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"version": 2},
        {"version": 1, "state": ""},
        {"version": 1, "state": 3},
        {"version": 1, "state": "AAAA"},
    ],
)
def test_a_bad_state_is_told_and_changes_nothing(state: dict[str, Any]) -> None:
    guard = at_once()
    driven(guard, rows(60))
    before = guard.state_dict()
    assert not guard.load_state_dict(state)
    assert guard.faults
    assert guard.state_dict() == before


@pytest.mark.parametrize(
    "step", [None, "seven", NAN, float("inf"), 10**30, -(10**30), object(), np.array([1, 2])]
)
def test_a_step_that_is_none_is_the_next_one(step: Any) -> None:
    guard = at_once()
    guard.observe(5, loss=1.0)
    guard.observe(step, loss=1.0)
    assert guard.course.last_step == 6
    assert guard.monitor.standing.step == 6
    assert guard.faults == ()


def test_steps_of_any_kind_may_jump_and_go_back() -> None:
    guard = at_once(act=True)
    steps = [0, np.int64(1000), 2000.0, np.array(10), -5, *range(100), 10**15, *range(50)]
    for step in steps:
        assert guard.observe(step, loss=2.0, grad_norm=1.0) == Continue()
    assert guard.monitor.standing.n_points == len(steps)
    assert guard.faults == ()


def test_signals_of_any_kind_are_taken_or_left() -> None:
    guard = at_once()
    odd = {
        "a": None,
        "b": "x",
        "c": [1],
        "d": np.array([1.0, 2.0]),
        "e": 10**400,
        "nan": "nan",
    }
    for step in range(300):
        assert guard.observe(step, loss=np.float32(2.0), grad_norm=np.array([1.0]), **odd) == Continue()
    assert guard.faults == ()
    assert guard.observe(step=300) == Continue()


def test_thousands_of_signals_are_one_row() -> None:
    guard = at_once()
    many = {f"layer.{i}/grad_norm": float(i) for i in range(3000)}
    for step in range(3):
        guard.observe(step, loss=2.0, **many)
    assert guard.faults == ()
    assert guard.monitor.standing.n_points == 3


def test_what_costs_too_much_is_switched_off_and_told(caplog: pytest.LogCaptureFixture) -> None:
    guard = at_once(GATE, act=True, budget_s=0.0)
    driven(guard, rows(300))
    assert guard.course.gatekeeper.is_off
    assert sum("more than its budget" in message for message in caplog.messages) == 1
    assert guard.observe(300, loss=3.0, grad_norm=1e9) == Continue()
    assert guard.observe(301, loss=NAN) == SkipBatch("loss is not finite")


def test_every_action_is_told_once() -> None:
    heard: list[tuple[int, Any]] = []
    guard = at_once("nan", act=True, on_action=lambda step, deed: heard.append((step, deed)))
    driven(guard, rows(310, loss={300: NAN, 305: NAN}))
    assert heard == list(guard.history)
    assert [step for step, _ in heard] == [300, 305]


def test_a_report_is_that_of_diagnose() -> None:
    guard = at_once()
    driven(guard, rows(1000, loss=SPIKE))
    report = guard.report()
    assert report is not None
    assert "spike" in {finding.pattern for finding in report.findings}
    assert {finding.pattern for finding in guard.findings} == {"spike"}
    guard.close()
    assert guard.observe(1001, loss=NAN) != Continue()


def test_a_policy_that_is_not_understood_is_told_at_once() -> None:
    with pytest.raises(UsageError, match="no policy is called 'brave'; built in: acting"):
        descentry.Guard("brave")
    with pytest.raises(UsageError, match="no alarm rate 2"):
        descentry.Guard(alarm_rate=2.0)


def test_in_the_background_the_gate_learns_beside_the_loop() -> None:
    guard = descentry.Guard(GATE, act=True)
    told = list(rows(300))
    assert all(guard.observe(step, **row) == Continue() for step, row in enumerate(told))
    guard.saved(300)
    assert guard.course.gatekeeper.n_pending == 0
    one = at_once(GATE, act=True)
    driven(one, told)
    assert guard.course.gatekeeper.norm.known == one.course.gatekeeper.norm.known
    assert isinstance(guard.observe(300, loss=3.0, grad_norm=60.0), SkipBatch)
    guard.close()


def test_of_a_thread_far_behind_values_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = descentry.Guard(GATE, act=True)
    guard.gating.most_pending = 50
    monkeypatch.setattr(guard.monitor, "_start", lambda: None)
    driven(guard, rows(300))
    assert 25 <= guard.course.gatekeeper.n_pending <= 51
    assert guard.faults == ()


def test_where_the_thread_is_gone_the_loop_learns_by_itself() -> None:
    guard = descentry.Guard(GATE, act=True, budget_s=60.0)
    guard.close()
    driven(guard, rows(300))
    assert guard.course.gatekeeper.n_pending == 0
    assert isinstance(guard.observe(300, loss=3.0, grad_norm=60.0), SkipBatch)
