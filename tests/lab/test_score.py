"""The proving ground: runs that are the same each time, and a score that counts as it says."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from lab.case import Case, Made, Truth
from lab.score.answer import Answer, Said, ask
from lab.score.figures import alarms, by_pattern, calibration, causes, macro_f1, micro_f1, wilson
from lab.score.judge import judge
from lab.score.table import as_dict, lines, wrong
from lab.store import Stored, done, stored, write
from lab.synthetic.cases import cases
from lab.synthetic.courses import Quadratic
from lab.synthetic.schedules import SCHEDULES


def said(pattern: str, onset: int = 10, **changes: object) -> Said:
    plain = {"detected": onset + 5, "steps": (), "confidence": 0.9, "leads": True, "loud": True}
    return Said(pattern=pattern, onset=onset, **{**plain, **changes})  # type: ignore[arg-type]


def run(must: str = "", may: str = "", kind: str = "fault", **known: object) -> Stored:
    truth = Truth(frozenset(must.split()), frozenset(may.split()), **known)  # type: ignore[arg-type]
    return Stored("x", "made", "x", kind, "mild", 0, "test", truth, Path("x"))


def answer(*findings: Said, causes: tuple[str, ...] = ()) -> Answer:
    return Answer(findings, causes, 0, 100, 1000)


def test_hits_misses_and_false_alarms() -> None:
    one = judge(
        run("spike nan", may="plateau", onset={"spike": (12,)}),
        answer(said("spike"), said("plateau"), said("flat")),
    )
    assert (one.hits, one.misses, one.falses) == ({"spike"}, {"nan"}, {"flat"})
    assert one.onset_error == {"spike": 0.02}
    assert one.delay == {"spike": 0.03}
    assert one.early == (True,)
    assert not one.right


def test_what_is_explained_by_another_only_helps() -> None:
    follower = said("plateau", leads=False)
    assert judge(run("nan"), answer(said("nan"), follower)).right
    assert judge(run("nan plateau"), answer(said("nan"), follower)).right


def test_both_plateaus_are_one() -> None:
    assert judge(run("underfit_capacity"), answer(said("plateau"))).right


def test_an_error_is_a_fault_of_the_diagnosis(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl.gz").write_bytes(b"no gzip")
    broken = Stored("x", "made", "x", "healthy", "none", 0, "test", Truth(), tmp_path / "x.jsonl.gz")
    told = ask(broken)
    assert told.error
    assert judge(broken, told).falses == {"(error)"}


def test_figures() -> None:
    judged = [
        judge(run("spike"), answer(said("spike"))),
        judge(run("spike"), answer()),
        judge(run("nan"), answer(said("nan"), said("spike"))),
        judge(run(kind="healthy"), answer(said("flat", confidence=0.5))),
        judge(run(kind="healthy", may="plateau"), answer(said("plateau"))),
    ]
    scores = {score.pattern: score for score in by_pattern(judged)}
    assert (scores["spike"].tp, scores["spike"].fp, scores["spike"].fn) == (1, 1, 1)
    assert scores["spike"].f1 == 0.5
    assert micro_f1(list(scores.values())) == 4 / 7
    assert macro_f1(list(scores.values()), least=1) == 0.75
    told = alarms(judged, "healthy")
    assert (told.runs, told.alarmed, told.per_million) == (2, 1, 500.0)


def test_causes_are_counted_strictly_and_with_look_alikes() -> None:
    truth = {"causes": ("lr_zero",), "look_alikes": frozenset({"grads_wiped"})}
    judged = [
        judge(run("flat", **truth), answer(said("flat"), causes=("grads_wiped", "lr_zero"))),
        judge(run("flat", **truth), answer(said("flat"), causes=("lr_zero",))),
        judge(run("flat", **truth), answer(causes=("lr_zero",))),
    ]
    score = causes(judged)
    assert (score.n, score.top1, score.strict1, score.strict3) == (2, 1.0, 0.5, 1.0)


def test_calibration_is_exact_where_confidence_is_the_share_that_is_right() -> None:
    judged = [judge(run("spike" if k < 8 else ""), answer(said("spike", confidence=0.8))) for k in range(10)]
    told = calibration([pair for one in judged for pair in one.sure])
    assert told.n == 10
    assert told.error == pytest.approx(0.0, abs=1e-12)
    assert told.brier == pytest.approx(0.16)


def test_calibration_error_is_the_weighted_distance_by_bins() -> None:
    pairs = [(0.95, True)] * 3 + [(0.95, False)] + [(0.15, False)]
    told = calibration(pairs)
    assert told.error == pytest.approx(0.8 * 0.2 + 0.2 * 0.15)
    assert told.brier == pytest.approx((3 * 0.05**2 + 0.95**2 + 0.15**2) / 5)
    assert calibration([]).n == 0


def test_notes_count_for_calibration_and_followers_do_not() -> None:
    one = judge(run("nan"), answer(said("nan"), said("plateau", loud=False), said("spike", leads=False)))
    assert one.sure == ((0.9, True), (0.9, False))


def test_the_probability_of_the_first_cause_is_judged_strictly() -> None:
    truth = {"causes": ("lr_zero",), "look_alikes": frozenset({"grads_wiped"})}
    told = replace(answer(said("flat"), causes=("grads_wiped", "lr_zero")), cause_probability=0.5)
    assert judge(run("flat", **truth), told).sure_cause == ((0.5, False),)
    assert judge(run("nan", **truth), told).sure_cause == ()


def test_benign_causes_are_asked_where_something_was_rightly_told() -> None:
    truth = {"causes": ("step_decay_schedule",)}
    judged = [
        judge(run(may="staircase", kind="benign", **truth), answer(said("staircase"), causes=("step_decay_schedule",))),
        judge(run(may="staircase", kind="benign", **truth), answer(causes=("step_decay_schedule",))),
    ]  # fmt: skip
    assert causes(judged, "benign").n == 1
    assert causes(judged, "benign").strict1 == 1.0


def test_only_loud_answers_are_alarms_and_a_fold_is_no_alarm() -> None:
    judged = [
        judge(run(kind="healthy"), answer(said("flat", loud=False))),
        judge(run(may="underfit_capacity", kind="healthy"), answer(said("plateau"))),
        judge(run(kind="healthy"), answer(said("flat"), said("spike"))),
    ]
    told = alarms(judged, "healthy")
    assert (told.runs, told.alarmed, told.alarms) == (3, 1, 2)
    assert told.per_million == pytest.approx(2e6 / 3000)
    assert told.per_million_steps == pytest.approx(2e6 / 300)


def test_the_score_as_json_is_strict() -> None:
    told = as_dict([judge(run("spike"), answer()), judge(run(kind="healthy"), answer())])
    again = json.loads(json.dumps(told, allow_nan=False))
    assert again["patterns"]["spike"]["recall"] == 0.0
    assert again["patterns"]["spike"]["precision"] is None
    assert again["alarms"]["healthy"]["runs"] == 1


def test_wilson_is_the_textbook_interval() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-3)


def test_a_case_is_the_same_each_time_and_differs_by_seed() -> None:
    spikes = [case for case in cases(2) if case.fault == "spike" and case.severity == "mild"]
    first, second = (case.make() for case in spikes)
    again = spikes[0].make()
    assert np.array_equal(first.series["train_loss"][1], again.series["train_loss"][1])
    assert first.truth == again.truth
    assert len(first.series["train_loss"][1]) != len(second.series["train_loss"][1]) or not np.array_equal(
        first.series["train_loss"][1], second.series["train_loss"][1]
    )


def test_both_splits_hold_every_fault() -> None:
    splits = {split: {case.fault for case in cases(2) if case.split == split} for split in ("fit", "test")}
    assert splits["fit"] == splits["test"]


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    steps = np.array([1, 2, 3, 2, 3])
    made = Made(
        {"train_loss": (steps, np.array([3.0, np.nan, 1.234567, 2.0, np.inf])), "lr": (steps[:2], np.ones(2))},
        Truth(frozenset({"nan"}), frozenset({"spike"}), {"nan": (2,)}, ("fp16_overflow",), frozenset({"lr_too_high"})),
    )  # fmt: skip
    case = Case("made", "x", "fault", "mild", 4, lambda: made)
    write(tmp_path, case, made)
    (one,) = stored(tmp_path)
    assert done(tmp_path) == {case.id}
    assert one.truth == made.truth
    assert one.split == "test"
    told = ask(one)
    assert [finding.pattern for finding in told.findings if finding.leads][:1] == ["nan"]
    assert "".join(lines([judge(one, told)]))
    assert list(wrong([judge(one, told)])) == []


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_have_peak_one(name: str) -> None:
    rates = SCHEDULES[name](1000)
    assert rates.shape == (1000,)
    assert rates.max() == pytest.approx(1.0, abs=0.02)
    assert rates.min() >= 0.0


def test_a_cut_of_the_rate_lowers_the_noisy_quadratic() -> None:
    step = Quadratic().course(SCHEDULES["step"](2000))
    flat = Quadratic().course(SCHEDULES["constant"](2000))
    assert np.array_equal(step[:1000], flat[:1000])
    assert step[1100] < flat[1100] - 0.01
    assert math.isclose(step[0], flat[0])
