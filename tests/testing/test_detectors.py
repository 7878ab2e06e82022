"""The contract suite itself: it passes what is sound and catches each kind of fault."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import pytest

from descentry.patterns.protocol import View
from descentry.record.chunk import Chunk
from descentry.record.finding import Finding, Severity
from descentry.record.roles import Role
from descentry.testing import detectors as laws
from descentry.testing.curves import healthy
from descentry.testing.scales import scale_problems
from descentry.testing.verdicts import LawBroken, differences

CURVES = {"healthy": healthy(300, seed=1)}
CALLS: list[int] = []


def finding(view: View, onset: int, statement: str) -> Finding:
    return Finding("mine", Severity.WARNING, 0.5, "train_loss", onset, None, view.step, statement)


@dataclass(frozen=True, slots=True)
class Mine:
    """A judge that says what it is told to say."""

    say: Callable[[View], list[Finding]]
    id: ClassVar[str] = "mine"
    cadence: ClassVar[str] = "block"
    clock: ClassVar[tuple[Role, ...]] = (Role.TRAIN_LOSS,)

    def judge(self, view: View) -> list[Finding]:
        return self.say(view)


def at_half(view: View) -> list[Finding]:
    shape = view.shape(Role.TRAIN_LOSS)
    return [] if shape is None else [finding(view, int(shape.first_steps[len(shape) // 2]), "half")]


def at_an_absolute_level(view: View) -> list[Finding]:
    shape = view.shape(Role.TRAIN_LOSS)
    return [] if shape is None or shape.last < 1.0 else [finding(view, 1, "above 1")]


def at_an_absolute_step(view: View) -> list[Finding]:
    return [finding(view, 100, "step 100")]


def depending_on_calls(view: View) -> list[Finding]:
    CALLS.append(view.step)
    return [finding(view, len(CALLS), "asked so often")]


def test_a_sound_judge_passes() -> None:
    laws.check_chunking(Mine(at_half), CURVES)
    laws.check_forms(Mine(at_half), CURVES)
    laws.check_saving(Mine(at_half), CURVES, copy.deepcopy)
    laws.check_scale(Mine(at_half), CURVES)


def test_memory_of_calls_is_caught() -> None:
    with pytest.raises(LawBroken, match="as one pass"):
        laws.check_chunking(Mine(depending_on_calls), CURVES)


def test_an_absolute_level_is_caught() -> None:
    with pytest.raises(LawBroken, match=r"losses times 0\.001"):
        laws.check_scale(Mine(at_an_absolute_level), CURVES)


def test_an_absolute_step_is_caught() -> None:
    with pytest.raises(LawBroken, match="steps times 10"):
        laws.check_stride(Mine(at_an_absolute_step), CURVES)


def test_an_alarm_on_a_healthy_run_is_caught() -> None:
    with pytest.raises(LawBroken, match="stays silent, on 10 of 10 runs: white noise, 100 points"):
        laws.check_silence(Mine(at_half), (100,))


def test_statements_in_another_unit_are_no_difference() -> None:
    view = View({}, {}, 10)
    plain, scaled = [finding(view, 5, f"from {a} to {b} at step 5") for a, b in ((3.25, 1.5), (3250, 1500))]
    assert scale_problems((plain,), (scaled,), 1e3) == []
    assert scale_problems((plain,), (plain,), 1.0) == []
    wrong = finding(view, 5, "from 3250 to 9 at step 5")
    assert scale_problems((plain,), (wrong,), 1e3) != []


def test_differences_are_spelled_out() -> None:
    view = View({}, {}, 10)
    one, other = finding(view, 5, "a"), finding(view, 6, "a")
    assert differences([one], [one]) == []
    assert differences([one], [other]) == ["mine.onset_step: 5 against 6"]
    assert differences([one], []) == ["['mine'] against []"]


def test_curves_are_the_same_for_the_same_seed() -> None:
    def values(chunk: Chunk) -> bytes:
        return chunk.columns["train_loss"].values.tobytes()

    assert values(healthy(100, seed=3)) == values(healthy(100, seed=3))
    assert values(healthy(100, seed=3)) != values(healthy(100, seed=4))
