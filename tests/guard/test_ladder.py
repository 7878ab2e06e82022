"""Rules, rungs, budgets, cool-downs: pure bookkeeping."""

from typing import Any

from tests.guard.made import finding, moment

from descentry.guard.actions import Checkpoint, ClipTo, RollBack, ScaleLr, SkipBatch, Stop
from descentry.guard.ladder import Ladder
from descentry.guard.rules import Policy
from descentry.record.finding import Severity

STOP = {"action": "stop"}


def ladder(*rules: dict[str, Any], advises: bool = False, **settings: Any) -> Ladder:
    return Ladder(Policy.of({"rules": list(rules), **settings}), advises)


def test_each_rung_has_its_action() -> None:
    do = [
        {"action": "skip_batch"}, {"action": "checkpoint"}, {"action": "clip_to", "norm": 0.5},
        {"action": "scale_lr", "rate": 0.1, "for_steps": 20}, {"action": "roll_back", "before": 10, "rate": 0.3}, STOP,
    ]  # fmt: skip
    steps = ladder({"on": "spike", "do": do})
    said = [steps.choose(moment(n, finding(), best_step=7)) for n in range(200, 208)]
    why = "spike: it leaps"
    assert said == [
        SkipBatch(why), Checkpoint(why), ClipTo(0.5, why), ScaleLr(0.1, 20, why), RollBack(90, 0, 0.3, None, why),
        Stop(why, 7), None, None,
    ]  # fmt: skip


def test_a_cool_down_counts_steps_seen() -> None:
    one = ladder({"on": "spike", "cool_down": 50, "do": [{"action": "checkpoint"}] * 3})
    acted = [n for n in range(100, 300) if one.choose(moment(n, finding()))]
    assert acted == [100, 150, 200]


def test_what_must_last_is_waited_for_and_counted_anew_when_it_ends() -> None:
    one = ladder({"on": "spike", "lasting": 20, "do": [STOP]})
    assert not any(one.choose(moment(n, finding())) for n in range(100, 119))
    assert one.choose(moment(119)) is None
    acted = [n for n in range(120, 200) if one.choose(moment(n, finding()))]
    assert acted == [140]


def test_weak_mild_late_or_other_findings_lead_to_nothing() -> None:
    one = ladder(
        {"on": "spike", "least_confidence": 0.8, "since_start": 0.5, "cause": "lr_too_high", "do": [STOP]}
    )
    right = {"lr_too_high": "x", "spike": "lr_too_high"}
    wrong = [
        finding(confidence=0.7), finding(severity=Severity.INFO), finding(onset=150), finding("plateau"),
    ]  # fmt: skip
    assert not any(one.choose(moment(200, each, causes=right)) for each in wrong)
    assert one.choose(moment(200, finding(), causes={"spike": "bad_data"})) is None
    assert isinstance(one.choose(moment(200, finding(), causes=right)), Stop)


def test_values_count_in_a_row_and_date_back_to_the_first() -> None:
    one = ladder({"on": "nonfinite", "in_a_row": 3, "do": [{"action": "roll_back"}]})
    assert one.choose(moment(500, n_bad=2, bad_from=480, saved={480: 480}, why="NaN")) is None
    deed = one.choose(moment(500, n_bad=3, bad_from=480, saved={480: 480, 490: 490}, why="NaN"))
    assert deed == RollBack(480, reason="nonfinite: NaN")


def test_a_roll_back_takes_the_newest_checkpoint_before_the_onset() -> None:
    rule = {"on": "spike", "do": [{"action": "roll_back", "before": 20, "skip": 30}]}
    saved = {0: 0, 50: 60, 80: 90, 100: 110}
    assert ladder(rule).choose(moment(120, finding(), saved=saved, n_batches=130)) == RollBack(
        80, 130 - 90 + 30, reason="spike: it leaps"
    )
    assert ladder(rule).choose(moment(120, finding(onset=5), saved={50: 60}, n_batches=130)) == RollBack(
        50, 130 - 60 + 30, reason="spike: it leaps"
    )


def test_shares_bound_what_suits_long_runs() -> None:
    rule = {"on": "spike", "do": [{"action": "roll_back", "before": 100, "skip": 300, "share": 0.02}]}
    deed = ladder(rule).choose(moment(120, finding(), saved={80: 80, 90: 90}, n_steps=500))
    assert deed == RollBack(90, 120 - 90 + 10, reason="spike: it leaps")


def test_after_the_budget_of_roll_backs_it_stops_and_says_so() -> None:
    rules = [{"on": on, "do": [{"action": "roll_back"}] * 5} for on in ("spike", "divergence")]
    one = ladder(*rules, most_roll_backs=3)
    said = [
        one.choose(moment(n, finding("divergence" if n % 2 else "spike"), best_step=9))
        for n in range(200, 204)
    ]
    assert [type(deed) for deed in said] == [RollBack, RollBack, RollBack, Stop]
    assert said[3] == Stop("divergence: it leaps (after 3 roll backs)", 9)


def test_a_budget_of_none_stops_at_once() -> None:
    one = ladder({"on": "spike", "do": [{"action": "roll_back"}]}, most_roll_backs=0)
    assert isinstance(one.choose(moment(200, finding())), Stop)


def test_advice_is_given_once_for_as_long_as_it_stands() -> None:
    one = ladder({"on": "spike", "do": [{"action": "checkpoint"}] * 9}, advises=True)
    standing = [*range(100, 120), *range(130, 140)]
    given = [n for n in range(100, 150) if one.choose(moment(n, *[finding()] * (n in standing)))]
    assert given == [100, 130]


def test_advice_waits_for_its_cool_down_and_is_given_then() -> None:
    one = ladder({"on": "spike", "cool_down": 25, "do": [{"action": "checkpoint"}] * 9}, advises=True)
    standing = {100, *range(110, 140)}
    given = [n for n in range(100, 150) if one.choose(moment(n, *[finding()] * (n in standing)))]
    assert given == [100, 125]


def test_the_first_rule_that_asks_is_heard() -> None:
    one = ladder(
        {"on": "plateau", "do": [STOP]}, {"on": "spike", "do": [STOP]}, {"on": "spike", "do": [STOP]}
    )
    said = [one.choose(moment(100 + n, finding(), finding("divergence"))) for n in range(3)]
    assert [isinstance(deed, Stop) for deed in said] == [True, True, False]


def test_where_steps_are_planned_the_start_is_a_share_of_them() -> None:
    rule = {"on": "divergence", "since_start": 0.25, "do": [STOP]}
    early, late = finding("divergence", 39), finding("divergence", 239)
    assert ladder(rule).choose(moment(66, early)) is None
    assert isinstance(ladder(rule).choose(moment(66, early, n_steps=900)), Stop)
    assert ladder(rule).choose(moment(900, late, n_steps=900)) is None


def test_a_rate_after_a_resume_is_scaled_by_what_brings_it_back() -> None:
    rule = {"on": "resume_rate", "do": [{"action": "scale_lr", "rate": 0.5}]}
    one = ladder(rule)
    assert one.choose(moment(400)) is None
    assert one.choose(moment(405, rate_back=0.2)) == ScaleLr(
        0.1, None, "resume_rate: 5 times the rate before"
    )


def test_a_restart_at_a_rate_that_was_refuted_is_not_asked_for() -> None:
    again = {"action": "roll_back", "before": 10**9, "rate": 0.3}
    one = ladder({"on": "plateau", "do": [again, STOP]})
    stands = finding("plateau", 30)
    told = [one.choose(moment(n, stands, saved={0: 0, 90: 90}, decided_from=0)) for n in range(200, 205)]
    assert told == [None] * 5
    assert one.choose(moment(205, stands, saved={0: 0})) == RollBack(0, rate=0.3, reason="plateau: it leaps")
    near = ladder({"on": "plateau", "do": [{"action": "roll_back", "rate": 0.3}]})
    late = moment(200, finding("plateau", 95), saved={0: 0, 90: 90}, decided_from=0)
    assert near.choose(late) == RollBack(90, rate=0.3, reason="plateau: it leaps")
